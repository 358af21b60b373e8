"""Clients' operations, from invocation to completion: as columns, and as objects when asked for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, overload

import numpy as np
import numpy.typing as npt

from splitbrain.checkers.history.collector import collector_paused
from splitbrain.checkers.history.columns import INFO_CODE, INVOKE_CODE, OK_CODE, Int8, Int32, Int64
from splitbrain.checkers.history.operation import TYPES

if TYPE_CHECKING:
    from splitbrain.checkers.history.history import History

_AT_A_TIME = 1 << 16
_INDICES = range(-(1 << 63), 1 << 63)


@dataclass(slots=True)
class Call:
    """A client's operation from its invocation to its completion. Frozen by convention.

    (A frozen dataclass takes three times as long to make, and long histories have a million.)

    Attributes:
        process: number of the client's process.
        f: what is done: ``read``, ``write``, ...
        argument: value of the invocation.
        result: value of an ``ok`` completion, else ``None``.
        outcome: ``ok``, ``fail`` or ``info``; an invocation that nothing completes is ``info``.
        invoked: position of the invocation in the history.
        completed: position of an ``ok`` or ``fail`` completion. ``None`` for ``info``: the
            operation may take effect at any later time, so where that event is means nothing.
        start: time of the invocation, ns.
        end: time of the ``ok`` or ``fail`` completion, ns; ``None`` for ``info``.
        invoke_index: ``Operation.index`` of the invocation.
        complete_index: ``Operation.index`` of the completion, of an ``info`` one too; ``None``
            if there is none.
    """

    process: int
    f: str
    argument: Any
    result: Any
    outcome: str
    invoked: int
    completed: int | None
    start: int
    end: int | None
    invoke_index: int
    complete_index: int | None


class Calls(Sequence[Call]):
    """The clients' operations of a history, in the order of their invocations.

    Each is made when asked for, every time anew: ten million at once would take gigabytes.

    Attributes:
        invoked: position of each invocation in the history.
        partner: position of its completion, of an ``info`` one too, or -1.
    """

    def __init__(self, history: History) -> None:
        self._history = history
        self.invoked: Int64 = np.flatnonzero(history.type == INVOKE_CODE)
        self.partner: Int64 = history.partner[self.invoked]

    def __len__(self) -> int:
        return len(self.invoked)

    @overload
    def __getitem__(self, number: int) -> Call: ...
    @overload
    def __getitem__(self, number: slice) -> list[Call]: ...
    def __getitem__(self, number: int | slice) -> Call | list[Call]:
        """One operation, or a list of them."""
        places = range(len(self))[number]
        if isinstance(places, int):
            return self._made(self.invoked[places : places + 1])[0]
        return self._made(self.invoked[number])

    def __iter__(self) -> Iterator[Call]:
        for begin in range(0, len(self), _AT_A_TIME):
            with collector_paused():
                some = self._made(self.invoked[begin : begin + _AT_A_TIME])
            yield from some

    def _made(self, invoked: Int64) -> list[Call]:
        """The operations that were invoked at these positions."""
        h = self._history
        ends = h.partner[invoked]
        kinds = np.where(ends >= 0, h.type[ends], INFO_CODE)
        unknown, nothing = kinds == INFO_CODE, ends < 0
        # Lists, since numpy's scalars are slow to touch one by one and are no ints; and `map` of
        # the class itself, since a call of Python's for each would take as long again.
        places, over = invoked.tolist(), ends.tolist()
        values, functions = h.values, h.functions
        results = [
            values[end] if kind == OK_CODE else None
            for end, kind in zip(over, kinds.tolist(), strict=True)
        ]
        return list(
            map(
                Call,
                h.process[invoked].tolist(),
                [functions[f] for f in h.f[invoked].tolist()],
                [values[at] for at in places],
                results,
                [TYPES[kind] for kind in kinds.tolist()],
                places,
                _without(ends, unknown),
                h.time[invoked].tolist(),
                _without(h.time[ends], unknown),
                h.indices[invoked].tolist(),
                _without(h.indices[ends], nothing),
            )
        )

    @cached_property
    def outcome(self) -> Int8:
        """How each ended, as a position in `TYPES`; `INFO_CODE` if nobody knows."""
        ended = np.full(len(self), INFO_CODE, dtype=np.int8)
        over = self.partner >= 0
        ended[over] = self._history.type[self.partner[over]]
        return ended

    @cached_property
    def numbers(self) -> Int32:
        """The number of each among those of its f, from 1."""
        f = self._history.f[self.invoked]
        order = np.argsort(f, kind="stable")
        counts = np.bincount(f, minlength=1)
        before = np.repeat(np.cumsum(counts) - counts, counts)
        numbers = np.empty(len(self), dtype=np.int32)
        numbers[order] = np.arange(1, len(self) + 1) - before
        return numbers

    def counts(self) -> dict[tuple[str, str], int]:
        """How many there are of each f and outcome, in order of first appearance of the f."""
        f = self._history.f[self.invoked].astype(np.int64)
        table = np.bincount(f * len(TYPES) + self.outcome)
        return {
            (self._history.functions[code // len(TYPES)], TYPES[code % len(TYPES)]): int(count)
            for code, count in enumerate(table.tolist())
            if count
        }

    def place_of(self, index: int) -> int | None:
        """The place of the operation that was invoked or completed by an event, by its
        ``Operation.index``; None if there is none."""
        h = self._history
        if index not in _INDICES:
            return None
        at = int(np.searchsorted(h.indices, index))
        if at == len(h) or h.indices[at] != index or h.process[at] < 0:
            return None
        if h.type[at] != INVOKE_CODE:
            at = int(h.partner[at])
        return int(np.searchsorted(self.invoked, at)) if at >= 0 else None

    def open_between(self, first: int, last: int) -> Int64:
        """Places of the operations that were under way at some time from first to last, ns."""
        h = self._history
        until = h.time[self.partner]
        until[self.outcome == INFO_CODE] = np.iinfo(np.int64).max
        return np.flatnonzero((h.time[self.invoked] <= last) & (until >= first))


def _without(column: Int64, left_out: npt.NDArray[np.bool_]) -> list[int | None]:
    """A column as a list, with None in some places."""
    found: list[int | None] = column.tolist()
    for at in np.flatnonzero(left_out).tolist():
        found[at] = None
    return found
