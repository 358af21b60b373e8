"""Re-checking that a weak level holds, by an order of commits (see `weak` and `sessions`).

Whoever is read from commits before the reader does; and if a transaction reads a key from one, all
others that it has *seen* and that wrote the key commit before that one. What a transaction has seen
depends on the level:

    monotonic-atomic-view   whom it had read from when it read the key
    read-atomic             whom it reads from
    causal                  whoever comes before it through reads and sessions
    read-your-writes        whoever comes before it in its session
    monotonic-reads         whom one before it in its session read from, or it itself the same key
    monotonic-writes        whoever comes, in a session, before one that it read from
    writes-follow-reads     whom one that it read from, or one before that in its session, read from

(Biswas and Enea, OOPSLA 2019; Terry et al., PDIS 1994.) It is enough to compare with the latest of
them in the order. Sessions must agree with the order where the level follows them.

*Complexity.* Linear in reads and in what the transactions read from wrote; causal: also in, for
each read, the sessions or the writers of its key that the order has between the one read from and
the reader, whichever are fewer. What causality needs of memory is a number for each transaction and
session.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from splitbrain.checkers.certificate import CertificateError
from splitbrain.checkers.history import FAIL, Call
from splitbrain.checkers.isolation.recheck.lookup import Lookup
from splitbrain.checkers.isolation.recheck.runs import verify_members, verify_time

_FIRST = -1
"""The position of the initial versions."""

Latest = Iterator[tuple[Call, Any, int, int]]
"""A reader, a key, where whom it read from is in the order, and the latest that it has seen."""


class _Order:
    """Transactions in the order of their commits, with where each stands."""

    def __init__(self, look: Lookup, calls: Sequence[Call]) -> None:
        self.look = look
        self.calls = calls
        self.at = {call.invoke_index: at for at, call in enumerate(calls)}
        self.writes = [look.written(call) for call in calls]
        self.reads = [list(self._reads(call)) for call in calls]
        self.sources = [
            list(dict.fromkeys(at for _, _, at in reads if at != _FIRST)) for reads in self.reads
        ]
        # A session is a process: places in the order, by time, and the number of each in it.
        self.session = [call.process for call in calls]
        self.number = [0] * len(calls)
        self.members: dict[int, list[int]] = {}
        for at in sorted(range(len(calls)), key=lambda at: calls[at].invoked):
            members = self.members.setdefault(self.session[at], [])
            self.number[at] = len(members)
            members.append(at)

    def _reads(self, call: Call) -> Iterator[tuple[int, Any, int]]:
        """What a transaction read of others: place, key, and where the writer is."""
        for place, key, value in self.look.externals(call):
            if self.look.starts(key, value):
                yield place, key, _FIRST
                continue
            writer = None if value is None else self.look.writer(key, value)
            # What nobody wrote, or one that failed did, is another matter.
            if writer is not None and writer is not call and writer.outcome != FAIL:
                yield place, key, self.at_of(writer)

    def at_of(self, call: Call) -> int:
        """Where a transaction stands."""
        if call.invoke_index not in self.at:
            raise CertificateError(f"operation {call.invoke_index} was seen, but is left out")
        return self.at[call.invoke_index]


def verify_level(look: Lookup, level: str, indices: Sequence[int]) -> None:
    """Check that an order of commits satisfies a level's axiom.

    Args:
        look: the history.
        level: its name.
        indices: transactions that took effect, in order of their commits.

    Raises:
        CertificateError: it does not.
    """
    calls = [look.transaction(index) for index in indices]
    verify_members(look, calls)
    order = _Order(look, calls)
    if level == "causal":
        verify_time(calls, realtime=False)
    elif level in ("monotonic-writes", "read-your-writes"):
        writers = [call for call, written in zip(calls, order.writes, strict=True) if written]
        verify_time(writers, realtime=False)
    for at, sources in enumerate(order.sources):
        late = next((source for source in sources if source >= at), None)
        if late is not None:
            raise CertificateError(
                f"operation {calls[at].invoke_index} commits before operation "
                f"{calls[late].invoke_index}, from which it read"
            )
    for reader, key, source, latest in _LEVELS[level](order):
        if latest > source:
            raise CertificateError(
                f"operation {reader.invoke_index} read {key} although it had seen operation "
                f"{calls[latest].invoke_index}, which wrote {key} and commits later than the one "
                "that it read from"
            )


_NOBODY = (_FIRST, _FIRST)


def _with(latest: tuple[int, int], writer: int) -> tuple[int, int]:
    """The latest two of three."""
    first, second = latest
    if writer > first:
        return writer, first
    return first, second if writer == first else max(second, writer)


def _other_than(at: int, latest: tuple[int, int]) -> int:
    """The latest but for one: what a transaction wrote itself is not what it had seen."""
    return latest[1] if latest[0] == at else latest[0]


def _keys_of(order: _Order, source: int, latest: dict[Any, int]) -> None:
    """Take the writes of a transaction into account."""
    for key in order.writes[source]:
        latest[key] = max(latest.get(key, _FIRST), source)


def _atomic(order: _Order) -> Latest:
    for call, reads, sources in zip(order.calls, order.reads, order.sources, strict=True):
        latest: dict[Any, int] = {}
        for source in sources:
            _keys_of(order, source, latest)
        for _, key, source in reads:
            yield call, key, source, latest.get(key, _FIRST)


def _monotonic(order: _Order) -> Latest:
    for call, reads in zip(order.calls, order.reads, strict=True):
        latest: dict[Any, int] = {}
        met: set[int] = set()
        for _, key, source in reads:
            yield call, key, source, latest.get(key, _FIRST)
            if source != _FIRST and source not in met:
                met.add(source)
                _keys_of(order, source, latest)


def _read_your_writes(order: _Order) -> Latest:
    for members in order.members.values():
        latest: dict[Any, int] = {}
        for at in members:
            for _, key, source in order.reads[at]:
                yield order.calls[at], key, source, latest.get(key, _FIRST)
            _keys_of(order, at, latest)


def _monotonic_reads(order: _Order) -> Latest:
    for members in order.members.values():
        latest: dict[Any, tuple[int, int]] = {}
        for at in members:
            for _, key, source in order.reads[at]:
                yield order.calls[at], key, source, _other_than(at, latest.get(key, _NOBODY))
                latest[key] = _with(latest.get(key, _NOBODY), source)
            for source in order.sources[at]:
                for key in order.writes[source]:
                    latest[key] = _with(latest.get(key, _NOBODY), source)


class _History:
    """For each session and key, the latest two writers met by each time."""

    def __init__(self) -> None:
        self.numbers: dict[tuple[int, Any], list[int]] = {}
        self.latest: dict[tuple[int, Any], list[tuple[int, int]]] = {}

    def add(self, session: int, key: Any, number: int, writer: int) -> None:
        """A session met a writer of a key in its transaction of a number, or is it."""
        latest = self.latest.setdefault((session, key), [])
        latest.append(_with(latest[-1] if latest else _NOBODY, writer))
        self.numbers.setdefault((session, key), []).append(number)

    def upto(self, session: int, key: Any, number: int) -> tuple[int, int]:
        """The latest two writers met up to a transaction."""
        place = bisect_right(self.numbers.get((session, key), ()), number)
        return self.latest[session, key][place - 1] if place else _NOBODY


def _monotonic_writes(order: _Order) -> Latest:
    written = _History()
    for session, members in order.members.items():
        for at in members:
            for key in order.writes[at]:
                written.add(session, key, order.number[at], at)
    return _by_sources(order, written, before=1)


def _writes_follow_reads(order: _Order) -> Latest:
    met = _History()
    for session, members in order.members.items():
        for at in members:
            for source in order.sources[at]:
                for key in order.writes[source]:
                    met.add(session, key, order.number[at], source)
    return _by_sources(order, met, before=0)


def _by_sources(order: _Order, history: _History, *, before: int) -> Latest:
    for at, reads in enumerate(order.reads):
        for _, key, source in reads:
            for other in order.sources[at]:
                upto = order.number[other] - before
                latest = history.upto(order.session[other], key, upto)
                yield order.calls[at], key, source, _other_than(at, latest)


def _causal(order: _Order) -> Latest:
    """By vector clocks: of each session, how many of its transactions come before."""
    sessions = {session: place for place, session in enumerate(order.members)}
    clocks = np.zeros((len(order.calls), len(sessions)), np.int32)
    writers: dict[Any, list[int]] = {}
    by_session: dict[tuple[Any, int], list[int]] = {}
    for at, (call, reads) in enumerate(zip(order.calls, order.reads, strict=True)):
        own, number = sessions[order.session[at]], order.number[at]
        clock = clocks[at]
        before = order.members[order.session[at]][number - 1] if number else None
        for other in (*order.sources[at], *(() if before is None else (before,))):
            np.maximum(clock, clocks[other], out=clock)
        seen = clock.tolist()
        for _, key, source in reads:
            candidates = writers.get(key, [])
            between = len(candidates) - bisect_right(candidates, source)
            if between > len(sessions):
                candidates = _last_of_sessions(order, by_session, key, seen)
                between = len(candidates)
            for other in candidates[len(candidates) - between :]:
                if order.number[other] < seen[sessions[order.session[other]]]:
                    yield call, key, source, other
        clock[own] = number + 1
        for key in order.writes[at]:
            writers.setdefault(key, []).append(at)
            by_session.setdefault((key, own), []).append(at)


def _last_of_sessions(
    order: _Order, by_session: Mapping[tuple[Any, int], list[int]], key: Any, seen: list[int]
) -> list[int]:
    """The last writer of a key, in each session, that a clock includes."""
    found = []
    for session, count in enumerate(seen):
        members = by_session.get((key, session), [])
        place = bisect_right(members, count - 1, key=order.number.__getitem__)
        if place:
            found.append(members[place - 1])
    return found


_LEVELS: Mapping[str, Callable[[_Order], Latest]] = {
    "monotonic-atomic-view": _monotonic,
    "read-atomic": _atomic,
    "causal": _causal,
    "read-your-writes": _read_your_writes,
    "monotonic-reads": _monotonic_reads,
    "monotonic-writes": _monotonic_writes,
    "writes-follow-reads": _writes_follow_reads,
}
