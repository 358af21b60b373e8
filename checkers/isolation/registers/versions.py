"""Which version of a register came before which, by what transactions met of it.

What is *assumed* is so in any case (`splitbrain.checkers.isolation.registers.inference`). What is
*certain* follows without any assumption, as far as the history has no cycle of at most one rw. Of
two versions v and v' of a key, let the first one's meeting be a read or write of v, and the second
one's of v'. If v' came before v, then

    a transaction that read v and wrote v'       depends on itself by wr and ww (G1c)
    one that wrote v, and then one that wrote v'    by ww and time (G0)
    one that read v, and then one that wrote v'     by ww, wr and time (G1c)
    one that wrote v, and then one that read v'     by rw, ww and time (G-single)
    one that read v, and then one that read v'      by rw, ww, wr and time (G-single)

where the last four are of one session, or the first had completed when the second was invoked. So
v came first wherever such cycles are forbidden: in the first case from consistent view (PL-2+) on;
in the others from its strong-session or strong form on, and not in weaker models.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from splitbrain.checkers import kernels
from splitbrain.checkers.isolation.kernels import registers
from splitbrain.checkers.isolation.transactions import Transactions

Array = npt.NDArray[Any]

INITIAL, FOLLOWED, SESSION, REAL_TIME, INCREASING, NUMBERED, GUESSED = range(7)
"""Why a version comes before another; the last is tried, and no evidence."""


@dataclass(frozen=True, slots=True)
class Assumptions:
    """What may be assumed of registers; see `splitbrain.checkers.isolation.registers.inference`."""

    initial: bool = False
    writes_follow_reads: bool = False
    sequential_keys: bool = False
    linearizable_keys: bool = False
    increasing_values: bool = False
    versioned: bool = False
    version_field: str | None = None

    def named(self) -> list[str]:
        """Names of those that are made, as options are written."""
        values = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return [n if v is True else f"{n}={v}" for n, v in values.items() if v]

    @property
    def reasons(self) -> frozenset[int]:
        """Reasons for an order of the versions that transactions met."""
        any_order = self.sequential_keys or self.linearizable_keys
        reasons = {
            FOLLOWED: self.writes_follow_reads or any_order,
            SESSION: self.sequential_keys,
            REAL_TIME: self.linearizable_keys,
        }
        return frozenset(reason for reason, assumed in reasons.items() if assumed)


@dataclass(frozen=True, slots=True)
class VersionOrder:
    """Pairs of versions of which the first came before the second, and why.

    Attributes:
        lower: versions.
        upper: versions.
        reason: `FOLLOWED`, `SESSION`, `REAL_TIME`, `INCREASING` or `NUMBERED`.
        first: transaction that met the first version.
        second: transaction that met the second one.
    """

    lower: Array
    upper: Array
    reason: Array
    first: Array
    second: Array

    @classmethod
    def joined(cls, *parts: VersionOrder) -> VersionOrder:
        """All pairs of some orders."""
        empty = np.empty(0, np.int64)
        return cls(
            *(
                np.concatenate([empty, *(getattr(part, name) for part in parts)])
                for name in cls.__dataclass_fields__
            )
        )

    def part(self, chosen: Array) -> VersionOrder:
        """Some of the pairs."""
        return VersionOrder(
            self.lower[chosen],
            self.upper[chosen],
            self.reason[chosen],
            self.first[chosen],
            self.second[chosen],
        )


@dataclass(frozen=True, slots=True)
class Meetings:
    """Which versions each committed transaction met first and last, of each key it touched.

    Attributes:
        transactions: the columns.
        by: transactions.
        of_key: keys.
        first: versions; those of how keys started are numbers from the count of elements up.
        last: versions.
    """

    transactions: Transactions
    by: Array
    of_key: Array
    first: Array
    last: Array

    @classmethod
    def of(cls, t: Transactions, saw: Array) -> Meetings:
        """Those of a history.

        Args:
            t: the columns.
            saw: element that each micro-operation read or wrote; -1 if how its key started.
        """
        compiled = kernels.of(registers, size=t.size)
        return cls(
            t,
            *compiled.first_and_last(
                t.status, t.offsets, t.kind, t.key, saw, t.key_count, t.element_count
            ),
        )

    def ordered(self, reasons: frozenset[int]) -> VersionOrder:
        """Pairs of versions that are in an order for some reasons."""
        t, by, of_key = self.transactions, self.by, self.of_key
        compiled = kernels.of(registers, size=t.size)
        found = []
        if FOLLOWED in reasons:
            followed = np.full(len(by), FOLLOWED)
            found.append(VersionOrder(self.first, self.last, followed, by, by))
        if SESSION in reasons:
            order = np.lexsort((by, t.process[by], of_key))
            pairs = order[compiled.session_versions(t.process, by[order], of_key[order])]
            found.append(self._between(pairs, SESSION))
        if REAL_TIME in reasons:
            order = np.lexsort((by, of_key))
            pairs = order[
                compiled.realtime_versions(
                    t.invoked, t.completed, by[order], of_key[order], 4 * len(by) + 16
                )
            ]
            found.append(self._between(pairs, REAL_TIME))
        joined = VersionOrder.joined(*found)
        return joined.part(joined.lower != joined.upper)

    def _between(self, pairs: Array, reason: int) -> VersionOrder:
        """From the last version of one transaction to the first one of another."""
        pairs = pairs.reshape(-1, 2)
        one, other = pairs[:, 0], pairs[:, 1]
        return VersionOrder(
            self.last[one],
            self.first[other],
            np.full(len(pairs), reason),
            self.by[one],
            self.by[other],
        )


def assumed_order(meetings: Meetings, starts: Array, assumptions: Assumptions) -> VersionOrder:
    """The order of versions that assumptions bring.

    Args:
        meetings: of versions.
        starts: for each key whether it is known how it started.
        assumptions: what may be assumed.
    """
    # Null is a version only of keys that are known to have started so.
    known = np.concatenate([np.ones(meetings.transactions.element_count, np.bool_), starts])
    found = meetings.ordered(assumptions.reasons)
    return found.part(known[found.lower] & known[found.upper])


def certain_order(
    meetings: Meetings, assumptions: Assumptions, *, process: bool, realtime: bool
) -> VersionOrder:
    """The order of versions that needs no assumption; see the module.

    Not what assumptions bring anyway, and nothing of how keys started: nothing comes before that.

    Args:
        meetings: of versions.
        assumptions: what is assumed.
        process: whether sessions may take part in cycles.
        realtime: whether real time may.
    """
    reasons = {FOLLOWED}
    if process and not assumptions.linearizable_keys:
        reasons.add(SESSION)
    if realtime:
        reasons.add(REAL_TIME)
    found = meetings.ordered(frozenset(reasons) - assumptions.reasons)
    written = meetings.transactions.element_count
    return found.part((found.lower < written) & (found.upper < written))
