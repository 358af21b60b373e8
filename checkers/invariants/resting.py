"""A system that nobody asks for anything, and that nothing disturbs, comes to rest.

*Property.* After healing, while no client invokes anything, a system need not be silent (leaders
send heartbeats), but what it does must not grow: messages, what waits unread, what it keeps in
memory and on disk; and it must not go on changing its leader, or who answers for which keys. A
retry that feeds itself, two nodes that answer each other's answers, an election that never ends, a
queue that nobody empties, ranges that are merged and split again break it.

*Source.* The harness measures each server when settling begins and after each second of it: events
of the process ``nemesis`` with f ``rest``, value ``{"messages": n, "servers": {name: {"inbox": n,
"memory": n, "disk": n}}}``. ``messages`` are all that were sent since the run began, ``inbox`` what
has arrived and was not received, ``memory`` the items in the containers of the server's object,
``disk`` bytes. Leaderships and ranges (``owns``) are the nodes' announcements.

*Algorithm.* Between the measurements after the first second, each second must show the growth: a
burst that ends is no storm. The thresholds are high enough that doing one's duty stays below, and
low enough that growth of any kind passes them within the three seconds; linear in the events.
Evening out may go on for long, but never returns: a server that comes to answer for the same ranges
again and again, and for others in between, goes round.

*Left out.* Growth under load, where it may be what was asked for; memory outside the containers;
rounds that take longer than the three seconds allow to see.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from splitbrain.checkers.history import NEMESIS, History, Operation
from splitbrain.checkers.models.model import frozen
from splitbrain.checkers.verdict import INVALID, UNKNOWN, VALID, Anomaly, Checker, Verdict
from splitbrain.checkers.vocabulary import FINAL, LEADER, OWNS, PHASE, REST

STORM = 10_000
"""Messages a server and second that are a storm even if they don't grow."""

GROWING = 1_000
"""Messages a server and second from which on growth by half in a second is a storm."""

UNREAD, ITEMS, BYTES = 200, 500, 1 << 20
"""Growth in each second that is no rest: of messages unread, of items in memory, of bytes."""

LEADERSHIPS = 4
"""Leaderships announced after the first second of rest that are an election without end."""


RETURNS = 3
"""Announcements of the same ranges by one server, after the first second of rest, that are a round
without end: two may be a move that was called off."""


def at_rest() -> Checker:
    """A checker: left alone, the system comes to rest. See the module."""
    return _AtRest()


@dataclass(frozen=True, slots=True)
class _AtRest:
    name: str = "at-rest"
    needs_events: str = REST

    def check(self, history: History) -> Verdict:
        """See `Checker.check`."""
        measured = [event for event in history.events(REST, NEMESIS) if _is_measure(event.value)]
        coverage = {"measurements": len(measured)}
        if len(measured) < 3:
            reason = "the servers were not measured at rest"
            return Verdict(self.name, UNKNOWN, reason, coverage=coverage)
        later = measured[1:]
        anomalies = tuple(
            anomaly
            for anomaly in (
                _leaderships(history, later),
                _rounds(history, later),
                _storm(later),
                *_growing(later),
            )
            if anomaly is not None
        )
        if anomalies:
            return Verdict(self.name, INVALID, anomalies[0].message, anomalies, coverage=coverage)
        sent = _rates(later)[-1]
        reason = f"left alone, the servers sent {sent} messages a second and nothing grew"
        return Verdict(self.name, VALID, reason, coverage=coverage)


def _is_measure(value: Any) -> bool:
    return (
        isinstance(value, Mapping)
        and isinstance(value.get("messages"), int)
        and isinstance(value.get("servers"), Mapping)
    )


def _rates(measured: Sequence[Operation]) -> list[int]:
    """Messages a second between two measurements and the next."""
    return [
        round((b.value["messages"] - a.value["messages"]) * 1e9 / max(1, b.time - a.time))
        for a, b in pairwise(measured)
    ]


def _storm(measured: Sequence[Operation]) -> Anomaly | None:
    rates = _rates(measured)
    servers = max(1, len(measured[0].value["servers"]))
    growing = all(2 * after >= 3 * before for before, after in pairwise(rates))
    if min(rates) < STORM * servers and not (growing and rates[-1] >= GROWING * servers):
        return None
    told = " and then ".join(f"{rate}" for rate in rates)
    return Anomaly(
        "message-storm",
        f"left alone for seconds, the servers sent {told} messages a second",
        tuple(event.index for event in measured),
    )


def _late(
    history: History, measured: Sequence[Operation], what: str
) -> tuple[int, list[Operation]]:
    """When rest ends, and what was announced in it after its first second."""
    ends = [e.time for e in history.events(PHASE, NEMESIS) if e.value == FINAL]
    end = ends[0] if ends else measured[-1].time
    return end, [e for e in history.events(what) if measured[0].time <= e.time <= end]


def _rounds(history: History, measured: Sequence[Operation]) -> Anomaly | None:
    end, late = _late(history, measured, OWNS)
    same: dict[tuple[Any, Any], list[Operation]] = {}
    before: dict[Any, Any] = {}
    for event in late:
        told = frozen(event.value)
        if before.get(event.process) != told:
            before[event.process] = told
            same.setdefault((event.process, told), []).append(event)
    (who, _), most = max(same.items(), key=lambda each: len(each[1]), default=(("", ""), []))
    if len(most) < RETURNS:
        return None
    return Anomaly(
        "restless-ranges",
        f"left alone, {who} came to answer for the same ranges {len(most)} times in "
        f"{(end - most[0].time) / 1e9:.1f} s, and for others in between: splits, merges or moves "
        "do not end",
        tuple(event.index for event in most),
    )


def _leaderships(history: History, measured: Sequence[Operation]) -> Anomaly | None:
    end, late = _late(history, measured, LEADER)
    if len(late) < LEADERSHIPS:
        return None
    who = ", ".join(str(event.process) for event in late[:8])
    return Anomaly(
        "unstable-leadership",
        f"left alone, {len(late)} leaderships were announced in {(end - late[0].time) / 1e9:.1f} s "
        f"({who}): elections do not end",
        tuple(event.index for event in late),
    )


def _growing(measured: Sequence[Operation]) -> Iterator[Anomaly]:
    kinds: tuple[tuple[str, str, int, Callable[[int], str]], ...] = (
        ("inbox", "inbox-growth", UNREAD, lambda n: f"{n} messages that it does not receive"),
        ("memory", "memory-growth", ITEMS, lambda n: f"{n} items in memory"),
        ("disk", "disk-growth", BYTES, lambda n: f"{n} bytes on disk"),
    )
    for server in measured[0].value["servers"]:
        for key, kind, least, words in kinds:
            seen = [event.value["servers"].get(server, {}).get(key) for event in measured]
            if any(not isinstance(number, int) for number in seen):
                continue
            if all(after - before >= least for before, after in pairwise(seen)):
                yield Anomaly(
                    kind,
                    f"left alone, {server} went from {words(seen[0])} to {seen[-1]} "
                    f"in {(measured[-1].time - measured[0].time) / 1e9:.1f} s",
                    tuple(event.index for event in measured),
                    {"server": server, "seen": seen},
                )
