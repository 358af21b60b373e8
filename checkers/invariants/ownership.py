"""No two servers answer for a key at one time.

*Property.* At every moment each key of a partitioned store has at most one owner: whoever is one of
two decides without knowing of the other (Kleppmann, "Designing Data-Intensive Applications",
chapter 6, "Request Routing": all participants agree on which node has which partition).

*Source.* A server announces which ranges it answers for, whenever they change and when it starts:
``owns`` with ``{"ranges": [[low, high], ...]}``; a range has the keys from ``low`` on that come
before ``high``, or all further ones if that is null. It counts until the server's next
announcement, also while the server is down.

*Algorithm.* Each announcement is compared with the latest of each other server, range by range;
quadratic in the ranges at a time, linear in the announcements.

*Left out.* Keys that nobody owns: while a range is handed over nobody answers for it, rightly.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from splitbrain.checkers.entry import CheckerEntry
from splitbrain.checkers.history import History, Operation
from splitbrain.checkers.invariants.rechecking.owners import verify
from splitbrain.checkers.models.model import ModelError, shown
from splitbrain.checkers.verdict import INVALID, UNKNOWN, VALID, Anomaly, Checker, Verdict
from splitbrain.checkers.vocabulary import OWNS


class Range(NamedTuple):
    """Keys from `low` on, before `high`; all further ones if that is None."""

    low: str
    high: str | None

    def shared(self, other: Range) -> str | None:
        """The first key that both have; None if there is none."""
        first = max(self.low, other.low)
        ends = [range_.high for range_ in (self, other) if range_.high is not None]
        return first if all(first < end for end in ends) else None


def owner_agreement() -> Checker:
    """A checker: no two servers answer for a key at one time. See the module."""
    return _OwnerAgreement()


@dataclass(frozen=True, slots=True)
class _OwnerAgreement:
    name: str = "owner-agreement"
    needs_events: str = OWNS

    def check(self, history: History) -> Verdict:
        """See `splitbrain.checkers.verdict.Checker`.

        Raises:
            ModelError: an announcement is of another form.
        """
        latest: dict[str, tuple[Operation, Sequence[Range]]] = {}
        anomalies = []
        events = history.events(f=OWNS)
        for event in events:
            ranges = _ranges(event)
            for other, theirs in latest.values():
                if other.process != event.process:
                    anomalies += _two_owners(event, ranges, other, theirs)
            latest[str(event.process)] = event, ranges
        coverage = {"announcements": len(events), "servers": len(latest)}
        if anomalies:
            said = anomalies[0].message
            return Verdict(self.name, INVALID, said, tuple(anomalies[:100]), coverage=coverage)
        if sum(bool(ranges) for _, ranges in latest.values()) < 1 or len(events) < 2:
            reason = "no range ever changed its owner, so nothing was exercised"
            return Verdict(self.name, UNKNOWN, reason, coverage=coverage)
        reason = f"{len(events)} announcements of {len(latest)} servers, no key of two at one time"
        return Verdict(self.name, VALID, reason, coverage=coverage)


def _ranges(event: Operation) -> list[Range]:
    value = event.value if isinstance(event.value, Mapping) else {}
    ranges = value.get("ranges")
    if not isinstance(ranges, Sequence) or not all(_is_range(each) for each in ranges):
        raise ModelError(
            event.index,
            f"{event.process} announces {OWNS} with value {shown(event.value)}; the value is "
            '{"ranges": [[low, high], ...]} with strings, high null for no end',
        )
    return [Range(*each) for each in ranges]


def _is_range(each: Any) -> bool:
    return (
        isinstance(each, Sequence)
        and len(each) == 2
        and isinstance(each[0], str)
        and (each[1] is None or isinstance(each[1], str))
    )


def _two_owners(
    event: Operation, ranges: Sequence[Range], other: Operation, theirs: Sequence[Range]
) -> list[Anomaly]:
    """One anomaly for two servers, about the first key that they share."""
    keys = [key for mine in ranges for their in theirs if (key := mine.shared(their)) is not None]
    if not keys:
        return []
    said = (
        f"{event.process} answers for key {min(keys)!r} from {event.time / 1e9:.3f} s on, and "
        f"{other.process} has since {other.time / 1e9:.3f} s"
    )
    return [Anomaly("two-owners", said, (other.index, event.index), {"key": min(keys)})]


ENTRY = CheckerEntry(
    "owner-agreement",
    owner_agreement,
    "no two servers answer for a key at one time",
    verify=verify,
)
