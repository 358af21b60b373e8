"""Session guarantees: what one client may rely on from one transaction to the next.

Terry et al., "Session Guarantees for Weakly Consistent Replicated Data", PDIS 1994. In the manner
of `splitbrain.checkers.isolation.weak`: if t3 reads a key from t1, and t2 writes that key too, then
t2 must come before t1

    read-your-writes      if t3 follows t2 in its session
    monotonic-reads       if t3 follows, in its session, one that read from t2
    monotonic-writes      if t3 read from one that follows t2 in t2's session
    writes-follow-reads   if t3 read from one that read from t2, or follows one in its session that
                          did

and the guarantee holds if that, who read from whom, and the order of writes within sessions have no
cycle.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

GUARANTEES = ("monotonic-writes", "read-your-writes", "monotonic-reads", "writes-follow-reads")
"""Names of the guarantees, and of the anomalies that refute them."""


@dataclass(frozen=True, slots=True)
class Sessions:
    """Who belongs to which session, and who read what from whom.

    Attributes:
        session: of each transaction.
        number: of each transaction in its session, from 0.
        place: where the reads of each transaction begin.
        key: of each read.
        source: who wrote what it read; the number of transactions for the initial version.
        writes: keys that each transaction writes.
    """

    session: list[int]
    number: list[int]
    place: list[int]
    key: list[int]
    source: list[int]
    writes: list[tuple[int, ...]]

    def sources(self, transaction: int) -> list[int]:
        """Distinct transactions that one read from."""
        last = len(self.session)
        read = self.source[self.place[transaction] : self.place[transaction + 1]]
        return [source for source in dict.fromkeys(read) if source < last]


@dataclass(slots=True)
class _History:
    """For each session and key, transactions in the order in which the session met them."""

    numbers: dict[tuple[int, int], list[int]] = field(default_factory=dict)
    members: dict[tuple[int, int], list[int]] = field(default_factory=dict)

    def add(self, session: int, key: int, number: int, member: int) -> None:
        self.numbers.setdefault((session, key), []).append(number)
        self.members.setdefault((session, key), []).append(member)


def required(sessions: Sessions, guarantee: str) -> tuple[Array, Array, Array]:
    """Orders that a guarantee requires.

    Returns:
        Transactions, those that must come after them, and the read that requires it.
    """
    rows = list(_RULES[guarantee](sessions))
    columns = np.array(rows, np.int64).reshape(-1, 3).T
    return columns[0], columns[1], columns[2]


def _reads(sessions: Sessions, transaction: int) -> range:
    return range(sessions.place[transaction], sessions.place[transaction + 1])


def _read_your_writes(s: Sessions) -> Iterator[tuple[int, int, int]]:
    """The last own write is enough: those before it are ordered by the session."""
    wrote: dict[tuple[int, int], int] = {}
    for t, session in enumerate(s.session):
        for read in _reads(s, t):
            own = wrote.get((session, s.key[read]))
            if own is not None and own != s.source[read]:
                yield own, s.source[read], read
        for key in s.writes[t]:
            wrote[session, key] = t


def _monotonic_reads(s: Sessions) -> Iterator[tuple[int, int, int]]:
    """What a session saw is replaced by what it sees next, which must be later.

    A transaction's read says nothing of its own place, so that if the session had seen that very
    transaction, what it replaced is looked at instead.
    """
    seen: dict[tuple[int, int], list[int]] = {}
    replaced: dict[tuple[int, int, int], list[int]] = {}
    for t, session in enumerate(s.session):
        for read in _reads(s, t):
            source, where = s.source[read], (session, s.key[read])
            before = seen.get(where, [])
            hidden = replaced.get((*where, t), []) if t in before else []
            others = [o for o in (*before, *hidden) if o not in (source, t)]
            yield from ((o, source, read) for o in others)
            if source < len(s.session):
                if others:
                    replaced.setdefault((*where, source), []).extend(others)
                seen[where] = [source, *(o for o in before if o == t != source)]
        for source in s.sources(t):
            for key in s.writes[source]:
                members = seen.setdefault((session, key), [])
                if source not in members:
                    members.append(source)


def _monotonic_writes(s: Sessions) -> Iterator[tuple[int, int, int]]:
    written = _History()
    for t, session in enumerate(s.session):
        for key in s.writes[t]:
            written.add(session, key, s.number[t], t)
    for t in range(len(s.session)):
        for read in _reads(s, t):
            for seen in s.sources(t):
                where = (s.session[seen], s.key[read])
                before = bisect_left(written.numbers.get(where, []), s.number[seen])
                if before and written.members[where][before - 1] not in (s.source[read], t):
                    yield written.members[where][before - 1], s.source[read], read


def _writes_follow_reads(s: Sessions) -> Iterator[tuple[int, int, int]]:
    met = _History()
    for t, session in enumerate(s.session):
        for source in s.sources(t):
            for key in s.writes[source]:
                met.add(session, key, s.number[t], source)
    for t in range(len(s.session)):
        for read in _reads(s, t):
            for seen in s.sources(t):
                where = (s.session[seen], s.key[read])
                upto = bisect_right(met.numbers.get(where, []), s.number[seen])
                for other in dict.fromkeys(met.members.get(where, [])[:upto]):
                    if other not in (s.source[read], t):
                        yield other, s.source[read], read


_RULES: dict[str, Callable[[Sessions], Iterator[tuple[int, int, int]]]] = {
    "read-your-writes": _read_your_writes,
    "monotonic-reads": _monotonic_reads,
    "monotonic-writes": _monotonic_writes,
    "writes-follow-reads": _writes_follow_reads,
}
