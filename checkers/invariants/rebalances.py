"""What a store moves of its own accord makes it more even.

*Property.* A range moves, unless somebody asked for it, only from a server to one that had at least
two ranges fewer. Then the sum of squares of what servers have goes down by two or more with each
move, so that moving ends, and nothing moves twice for a server that was only silent for a while
(Kleppmann, "Designing Data-Intensive Applications", chapter 6, "Operations: Automatic or Manual
Rebalancing").

*Source.* The announcement of each such move when it is decided: ``rebalance`` with ``{"from":
server, "to": server, "ranges": {server: how many it has then}}``.

*Algorithm.* Each is looked at alone; linear.

*Left out.* Moves that clients asked for, and how large ranges are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from splitbrain.checkers.entry import CheckerEntry
from splitbrain.checkers.history import History, Operation
from splitbrain.checkers.invariants.rechecking.placements import verify_moves
from splitbrain.checkers.models.model import ModelError, shown
from splitbrain.checkers.verdict import INVALID, UNKNOWN, VALID, Anomaly, Checker, Verdict
from splitbrain.checkers.vocabulary import REBALANCE


def no_needless_move() -> Checker:
    """A checker: ranges move of a store's own accord only to even things out. See the module."""
    return _NoNeedlessMove()


@dataclass(frozen=True, slots=True)
class _NoNeedlessMove:
    name: str = "no-needless-move"
    needs_events: str = REBALANCE

    def check(self, history: History) -> Verdict:
        """See `splitbrain.checkers.verdict.Checker`.

        Raises:
            ModelError: an announcement is of another form.
        """
        events = history.events(f=REBALANCE)
        anomalies = []
        for event in events:
            source, target, ranges = _move(event)
            if ranges[source] < ranges[target] + 2:
                said = (
                    f"{event.process} moves a range from {source}, which has {ranges[source]}, to "
                    f"{target}, which has {ranges[target]}, at {event.time / 1e9:.3f} s"
                )
                anomalies.append(Anomaly("needless-move", said, (event.index,)))
        coverage = {"moves": len(events)}
        if anomalies:
            said = f"{len(anomalies)} of {len(events)} moves: {anomalies[0].message}"
            return Verdict(self.name, INVALID, said, tuple(anomalies[:100]), coverage=coverage)
        if not events:
            return Verdict(self.name, UNKNOWN, "nothing was moved unasked", coverage=coverage)
        reason = f"{len(events)} moves of its own accord, each to a server with fewer ranges"
        return Verdict(self.name, VALID, reason, coverage=coverage)


def _move(event: Operation) -> tuple[str, str, Mapping[str, int]]:
    value = event.value if isinstance(event.value, Mapping) else {}
    source, target, ranges = value.get("from"), value.get("to"), value.get("ranges")
    if isinstance(ranges, Mapping) and type(ranges.get(source)) is type(ranges.get(target)) is int:
        return str(source), str(target), ranges
    raise ModelError(
        event.index,
        f"{event.process} announces {REBALANCE} with value {shown(event.value)}; the value is "
        '{"from": server, "to": server, "ranges": {server: N}} with both servers in it',
    )


ENTRY = CheckerEntry(
    "no-needless-move",
    no_needless_move,
    "what a store moves of its own accord makes it more even",
    verify=verify_moves,
)
"""By name."""
