"""What an operation costs does not grow while nothing disturbs a system.

*Property.* Under a steady load without any fault the third and the fourth quarter of a run cost
what the second did (the first is for starting): messages and time an operation, bytes on disk and
items in memory that an operation leaves behind. A server that sends its whole log with each entry,
scans everything for each request, writes its state anew each time, or remembers ever more of each
request does more and more. Nor is a new leader elected where the old one is well.

*Source.* Where a run has no faults and its load lasts to the end, the harness measures all servers
at the beginning of each quarter and at the end of the load, and records the five measurements in
one event of the process ``nemesis`` with f ``cost``: each has ``time`` (ns), and what those of
`splitbrain.checkers.invariants.resting` have. Operations and leaderships are the history's own.

*Algorithm.* Growth counts if it goes on from quarter to quarter (`STEP`), to `FACTOR` times of what
it was and by more than a least amount. Quarters with fewer than `FEW` acknowledged operations
aren't compared: the load comes by chance, and of what goes on without it (heartbeats) each would
bear another share. A cost in proportion to what was done before is in the fourth quarter 7/3 of
what it was in the second. If operations give more and more, because they read all that there ever
was, messages and time are those for as much as an operation gave in the second. Linear in the
events.

*Left out.* What is costly from the beginning: nobody knows what an operation may cost. Growth that
the load itself asks for is not seen: messages are counted, not weighed, and a system that keeps a
list in one record, and writes it whole with each append, stays below the limit of bytes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import Any

from splitbrain.checkers.history import NEMESIS, OK, History
from splitbrain.checkers.verdict import INVALID, UNKNOWN, VALID, Anomaly, Checker, Verdict
from splitbrain.checkers.vocabulary import CHANGE, COST, LEADER, TRANSFER

FACTOR = 2.0
"""Growth from the second quarter to the fourth that is no chance."""

STEP = 1.25
"""Growth from each quarter to the next, at least: a queue that fills up once grows no further."""

FEW = 50
"""Acknowledged operations in each quarter, at least."""

MESSAGES, SECONDS, BYTES, ITEMS = 10.0, 0.1, 20_000.0, 50.0
"""Growth of each cost, an operation (and, but for time, a server), that is worth telling."""

ELECTIONS_A_SECOND = 1.0
LEADERSHIPS = 5
"""Leaderships after the first quarter, at least and a second, that nobody needed."""


def steady_costs() -> Checker:
    """A checker: undisturbed, operations go on costing the same. See the module."""
    return _SteadyCosts()


@dataclass(frozen=True, slots=True)
class Quarter:
    """A quarter of the load: what operations cost in it, a server where that makes sense, and how
    many values each gave."""

    operations: int
    costs: Mapping[str, float]
    given: float


@dataclass(frozen=True, slots=True)
class _SteadyCosts:
    name: str = "steady-costs"
    needs_events: str = COST

    def check(self, history: History) -> Verdict:
        """See `Checker.check`."""
        (event, *_) = history.events(COST, NEMESIS)
        measured = event.value
        if not _are_measurements(measured):
            return Verdict(self.name, UNKNOWN, "what was measured under load cannot be read")
        found = quarters(history, measured)
        coverage = {"operations": sum(quarter.operations for quarter in found[1:])}
        anomalies = (*_leaderships(history, measured), *_growing(found[1:], event.index))
        if anomalies:
            return Verdict(self.name, INVALID, anomalies[0].message, anomalies, coverage=coverage)
        if min(quarter.operations for quarter in found[1:]) < FEW:
            reason = "too few operations to compare what they cost; no needless election"
            return Verdict(self.name, VALID, reason, coverage=coverage)
        messages = found[-1].costs["messages"]
        reason = f"operations cost the same all the time, in the end {messages:.1f} messages"
        return Verdict(self.name, VALID, reason, coverage=coverage)


def _are_measurements(value: Any) -> bool:
    return (
        isinstance(value, list)
        and len(value) == 5
        and all(isinstance(v, Mapping) and {"time", "messages", "servers"} <= set(v) for v in value)
    )


def quarters(history: History, measured: Sequence[Mapping[str, Any]]) -> list[Quarter]:
    """What operations cost in each quarter."""
    calls = [call for call in history.calls() if call.outcome == OK and call.end is not None]
    found = []
    for before, after in pairwise(measured):
        ended = [c for c in calls if c.end and before["time"] <= c.end < after["time"]]
        took = [((call.end or 0) - call.start) / 1e9 for call in ended]
        number = max(1, len(took))
        servers = max(1, len(after["servers"]))
        messages = (after["messages"] - before["messages"]) / number
        costs = {"messages": messages / servers, "seconds": median(took) if took else 0.0}
        for what in ("disk", "memory"):
            grown = _held(after, what) - _held(before, what)
            costs[what] = grown / number / servers
        given = sum(_values(call.result) for call in ended) / number
        found.append(Quarter(len(took), costs, given))
    return found


def _values(result: Any) -> int:
    """How many values there are in what an operation gave, which are one at least."""
    if not isinstance(result, (dict, list, tuple)):
        return 1
    if isinstance(result, dict):
        return max(1, sum(map(_values, result.values())))
    return max(1, sum(map(_values, result)))


def _held(measured: Mapping[str, Any], what: str) -> int:
    return sum(int(server.get(what, 0)) for server in measured["servers"].values())


_KINDS: Mapping[str, tuple[str, float, str]] = {
    "messages": ("message-cost-growth", MESSAGES, "{:.1f} messages a server"),
    "seconds": ("latency-growth", SECONDS, "{:.3f} s at the median"),
    "disk": ("disk-cost-growth", BYTES, "{:.0f} bytes on each disk"),
    "memory": ("memory-cost-growth", ITEMS, "{:.1f} items in each memory"),
}


def _growing(found: Sequence[Quarter], index: int) -> Iterator[Anomaly]:
    if min(quarter.operations for quarter in found) < FEW:
        return
    for what, (kind, least, words) in _KINDS.items():
        costs = [quarter.costs[what] / _more(quarter, found[0], what) for quarter in found]
        first, last = max(0.0, costs[0]), costs[-1]
        goes_on = all(after >= STEP * max(0.0, before) for before, after in pairwise(costs))
        if goes_on and last >= FACTOR * first and last - first >= least:
            told = ", then ".join(words.format(cost) for cost in costs)
            yield Anomaly(
                kind,
                f"undisturbed, an operation cost {told}, in the quarters of the load after the "
                "first: it costs more and more",
                (index,),
                {"seen": [round(cost, 6) for cost in costs]},
            )


def _more(quarter: Quarter, first: Quarter, what: str) -> float:
    """How many times as much as in the first quarter an operation gave, if that has its price."""
    asked = what in ("messages", "seconds")
    return max(1.0, quarter.given / max(1.0, first.given)) if asked else 1.0


def _leaderships(history: History, measured: Sequence[Mapping[str, Any]]) -> Iterator[Anomaly]:
    begin, end = measured[1]["time"], measured[-1]["time"]
    if any(call.f in (CHANGE, TRANSFER) for call in history.calls()):
        return  # it was asked for other leaders
    late = [event for event in history.events(LEADER) if begin <= event.time < end]
    seconds = (end - begin) / 1e9
    if len(late) >= max(LEADERSHIPS, ELECTIONS_A_SECOND * seconds):
        who = ", ".join(str(event.process) for event in late[:8])
        yield Anomaly(
            "needless-elections",
            f"undisturbed, {len(late)} leaderships were announced in {seconds:.1f} s ({who})",
            tuple(event.index for event in late),
        )
