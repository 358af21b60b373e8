"""An order of a multi-register's transactions whose written values are all different.

Then it is known which transaction each read saw, and what is asked is strict serializability of
registers, which `splitbrain.checkers.isolation.registers` decides by SAT, with what is certain
pruned first (as PolySI does: Huang et al., "Efficient black-box checking of snapshot isolation in
databases", VLDB 2023). How many operations overlap, from which a search suffers most, matters
little. Here only an order is wanted, and it is run before it is believed; if none comes, nothing
follows.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from splitbrain.checkers.certificate import CertificateError
from splitbrain.checkers.history import INVOKE, OK, Call, History, HistoryError, Operation
from splitbrain.checkers.kernels import clock
from splitbrain.checkers.linearizability.limits import Limits
from splitbrain.checkers.linearizability.recheck.linearizations import verify_order
from splitbrain.checkers.models import ModelError, MultiRegister
from splitbrain.checkers.models.model import frozen
from splitbrain.checkers.models.multi_registers import READS, WRITES
from splitbrain.checkers.verdict import VALID

ALGORITHM = "strict serializability of registers, by SAT"

_SCALARS = (str, int, float, bool)


def order_of(model: MultiRegister, calls: Sequence[Call], limits: Limits) -> list[int] | None:
    """An order of the calls, by the index of their invocations; None if none was found.

    It is looked for only if there is a limit of time: nothing else ends the solver.

    Args:
        model: the registers.
        calls: one history's, in order of invocation.
        limits: when to stop.
    """
    kept = [call for call in calls if call.outcome != "fail"]
    if limits.deadline is None or not (_starts_empty(model) and _distinct(kept)):
        return None
    # Late, since most histories are judged without: it takes longer to load than they do.
    from splitbrain.checkers.isolation import rw_register

    left = max(limits.deadline - clock(), 0.0)
    checker = rw_register("strict-serializable", initial=True, complete=True, budget=left)
    events, call_of = _events(kept)
    try:
        verdict = checker.check(History.from_operations(events))
        if verdict.validity is not VALID or "order" not in verdict.certificate:
            return None
        order = [call_of[index].invoke_index for index in verdict.certificate["order"]]
        verify_order(model, kept, order)
    except (CertificateError, HistoryError, ModelError):
        return None
    return order


def _starts_empty(model: MultiRegister) -> bool:
    return not (model.given or model.unknown_initial) and model.default is None


def _distinct(calls: Sequence[Call]) -> bool:
    """Whether no register is written a value twice, nor null; keys and values are scalars."""
    written: set[tuple[Hashable, Hashable]] = set()
    for call in calls:
        for f, register, value in call.argument:
            if type(register) not in _SCALARS or (f in WRITES and type(value) not in _SCALARS):
                return False
            if f in WRITES:
                write = frozen(register), frozen(value)
                if write in written:
                    return False
                written.add(write)
    return True


def _events(calls: Sequence[Call]) -> tuple[list[Operation], dict[int, Call]]:
    """The events of the calls as those of transactions, and the call invoked at each index."""
    rows = [(call.invoked, INVOKE, number, call) for number, call in enumerate(calls)]
    rows += [
        (call.completed, OK, number, call)
        for number, call in enumerate(calls)
        if call.completed is not None and call.outcome == "ok"
    ]
    rows.sort(key=lambda row: row[0])
    events, call_of = [], {}
    for index, (_, kind, number, call) in enumerate(rows):
        value = call.argument if kind == INVOKE or call.result is None else call.result
        micros = [["r" if f in READS else "w", register, v] for f, register, v in value]
        # A process of its own for each: what a process did before is before in real time anyway.
        events.append(Operation(index, index, number, kind, "txn", micros))
        if kind == INVOKE:
            call_of[index] = call
    return events, call_of
