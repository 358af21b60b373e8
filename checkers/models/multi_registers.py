"""Several registers that are read and written in one atomic operation.

knossos.model ``multi-register``. An operation is a ``txn`` whose value is a list of
micro-operations on registers, done one after another: ``["read", k, v]`` (or ``"r"``; v is null in
the invocation) and ``["write", k, v]`` (or ``"w"``). Registers are not independent of each other,
so a history is judged as a whole.

*Initial values.* ``initial=None`` and other values say what each register holds at first; a
dictionary gives some registers values of their own, the others null. With ``"auto"`` they are null
unless the history tells otherwise: if no ok read ever gives null, and one gives a value before any
operation that writes it was invoked, the initial values are taken to be unknown, and what is
first read of a register that nobody has written is what it held.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from splitbrain.checkers.history import Call
from splitbrain.checkers.models.model import (
    ModelError,
    State,
    Step,
    event_of,
    frozen,
    readable,
    shown,
    unknown,
)

READS, WRITES = ("read", "r"), ("write", "w")

# Register and value of those whose value is not the initial one (or not unknown), sorted.
_Registers = tuple[tuple[Hashable, Hashable], ...]


@dataclass(frozen=True, slots=True)
class MultiRegister:
    """The multi-register model; see the module.

    Attributes:
        name: ``multi-register``.
        given: initial values by register, others hold `default`.
        default: initial value of every other register.
        found_out: whether the history may tell that initial values are unknown.
        unknown_initial: whether they are unknown.
    """

    name: str = "multi-register"
    given: _Registers = ()
    default: Any = None
    found_out: bool = True
    unknown_initial: bool = False
    per_key: bool = False

    @property
    def initial(self) -> State:
        """Registers with an initial value of their own."""
        return self.given

    def adapted(self, calls: Sequence[Call]) -> MultiRegister:
        """The dialect in which these operations are written; see the module."""
        if not self.found_out or not _reads_from_nowhere(calls):
            return replace(self, found_out=False)
        return replace(self, found_out=False, unknown_initial=True)

    def step(self, state: State, call: Call) -> Step:
        """See `Model.step`."""
        registers = dict(state)  # type: ignore[call-overload]
        known = call.outcome == "ok"
        for f, key, value in call.result if known and call.result else call.argument:
            register, value = frozen(key), frozen(value)
            found_out = known and self.unknown_initial and register not in registers
            if f in WRITES or found_out:
                registers[register] = value
            elif known and registers.get(register, frozen(self.default)) != value:
                return False, state
        return True, tuple(sorted(registers.items(), key=repr))

    def pure(self, f: str) -> bool:
        """See `Model.pure`."""
        return False

    def reads_only(self, call: Call) -> bool:
        """See `splitbrain.checkers.models.model.Discerning`."""
        return not self.unknown_initial and all(micro[0] in READS for micro in call.argument)

    def filled(self, call: Call) -> Any:
        """See `splitbrain.checkers.models.model.FillsIn`: all of it, or single values written."""
        asked, told = call.argument, call.result
        if not _are_micros(told):
            return asked  # `check` refuses it
        if asked is None:
            return [[f, key, None if f in READS else value] for f, key, value in told]
        if not _are_micros(asked) or len(asked) != len(told):
            return asked
        return [
            [f, key, told[i][2] if f in WRITES and value is None else value]
            for i, (f, key, value) in enumerate(asked)
        ]

    def check(self, call: Call) -> None:
        """See `Model.check`."""
        if call.f != "txn":
            raise unknown(self.name, ("txn",), call)
        _check_micros(call.argument, call.invoke_index)
        if call.outcome != "ok" or call.result is None:
            if call.outcome == "ok" and any(micro[0] in READS for micro in call.argument):
                raise ModelError(event_of(call), "an ok txn with reads has no result")
            return
        _check_micros(call.result, event_of(call))
        asked = [_asked(micro) for micro in call.argument]
        if [_asked(micro) for micro in call.result] != asked:
            raise ModelError(
                event_of(call),
                f"it completes with {shown(call.result)}, but was invoked with "
                f"{shown(call.argument)}; the micro-operations must be the same",
            )

    def describe(self, call: Call) -> str:
        """See `Model.describe`."""
        done = call.outcome == "ok" and call.result is not None
        return ", ".join(_told(m, done) for m in (call.result if done else call.argument))


def _asked(micro: Any) -> Hashable:
    reads = micro[0] in READS
    return reads, frozen(micro[1]), None if reads else frozen(micro[2])


def _told(micro: Any, done: bool) -> str:
    if micro[0] in WRITES:
        return f"write {shown(micro[1])} {shown(micro[2])}"
    return f"read {shown(micro[1])}" + (f" → {shown(micro[2])}" if done else "")


def _check_micros(value: Any, at: int) -> None:
    """Make sure that a value is a list of reads and writes."""
    readable(value, at)
    if not _are_micros(value):
        raise ModelError(
            at,
            f'the value of txn is a list of ["read", register, value] and ["write", register, '
            f"value], not {shown(value)}",
        )


def _are_micros(value: Any) -> bool:
    return isinstance(value, (list, tuple)) and all(
        isinstance(micro, (list, tuple)) and len(micro) == 3 and micro[0] in (*READS, *WRITES)
        for micro in value
    )


def _reads_from_nowhere(calls: Sequence[Call]) -> bool:
    """Whether some ok read gives what nobody had begun to write, and none gives null."""
    begun: dict[tuple[Hashable, Hashable], int] = {}
    for call in calls:
        for f, key, value in call.argument:
            if f in WRITES:
                begun.setdefault((frozen(key), frozen(value)), call.invoked)
    nowhere = False
    for call in calls:
        for f, key, value in (call.result or ()) if call.outcome == "ok" else ():
            if f in READS:
                if value is None:
                    return False
                first = begun.get((frozen(key), frozen(value)))
                nowhere = nowhere or first is None or first > (call.completed or 0)
    return nowhere


def multi_register(*, initial: Any = "auto") -> MultiRegister:
    """Several registers; `initial` is their value, a dictionary of values, or "auto"."""
    if initial == "auto":
        return MultiRegister()
    if isinstance(initial, Mapping):
        pairs = ((frozen(key), frozen(value)) for key, value in initial.items())
        return MultiRegister(given=tuple(sorted(pairs, key=repr)), found_out=False)
    return MultiRegister(default=initial, found_out=False)
