"""Stamps of hybrid logical clocks are after what caused them, and close to the time of day.

*Property.* Servers announce their stamps: events ``stamped``, {"stamp": [wall, logical], "heard":
the stamp of the message that it is for or null, "now": what the wall clock showed, "from": the wall
time from which the clock goes on in this life, "ahead": how far ahead a message may be}.

==================  ================================================================================
before-its-cause    a stamp is not greater than that of the message that was heard
went-back           a stamp is not greater than one that the same server made before
dragged             a stamp's wall time is beyond the greatest that the server's own clock has
                    shown, or went on from, by more than `ahead`: others have dragged it there
==================  ================================================================================

*Source.* Kulkarni, Demirbas, Madeppa, Avva and Leone, "Logical Physical Clocks and Consistent
Snapshots in Globally Distributed Databases", OPODIS 2014: theorems 1 and 3.

*Algorithm.* One pass. Linear.

*Left out.* The bound on the logical part (theorem 4).
"""

from __future__ import annotations

from dataclasses import dataclass

from splitbrain.checkers.history import NEMESIS, History, Operation
from splitbrain.checkers.models.model import ModelError, shown
from splitbrain.checkers.verdict import INVALID, UNKNOWN, VALID, Anomaly, Checker, Verdict

STAMPED = "stamped"
_SHOWN = 20

_Stamp = tuple[int, int]


def hybrid_stamps() -> Checker:
    """A checker: stamps are after their causes, and not dragged ahead. See the module."""
    return _HybridStamps()


@dataclass(slots=True)
class _Clock:
    """What is known of a server's clock: its last stamp, and the greatest time of its own."""

    event: Operation
    last: _Stamp | None
    own: int


@dataclass(frozen=True, slots=True)
class _HybridStamps:
    name: str = "hybrid-stamps"
    needs_events: str = STAMPED

    def check(self, history: History) -> Verdict:
        """See `splitbrain.checkers.verdict.Checker`.

        Raises:
            ModelError: an announcement does not have the form above.
        """
        events = [e for e in history.events(f=STAMPED) if e.process != NEMESIS]
        clocks: dict[object, _Clock] = {}
        anomalies, heard_of = [], 0
        for event in events:
            stamp, heard, now, start, ahead = _told(event)
            clock = clocks.setdefault(event.process, _Clock(event, None, max(now, start)))
            clock.own = max(clock.own, now, start)
            heard_of += heard is not None
            last = clock.last
            for wrong, kind, said in (
                (heard is not None and stamp <= heard, "before-its-cause", f"it heard of {heard}"),
                (last is not None and stamp <= last, "went-back", f"it had made {last}"),
                (stamp[0] > clock.own + ahead, "dragged", f"its own clock showed {clock.own}"),
            ):
                if wrong:
                    told = f"{event.process} makes the stamp {stamp}, and {said}"
                    operations = tuple(dict.fromkeys((clock.event.index, event.index)))
                    anomalies.append(Anomaly(kind, told, operations))
            clock.event, clock.last = event, stamp if last is None else max(last, stamp)
        coverage = {"stamps": len(events), "messages heard": heard_of, "servers": len(clocks)}
        if anomalies:
            said = f"{len(anomalies)} findings; {anomalies[0].message}"
            kept = tuple(anomalies[:_SHOWN])
            return Verdict(self.name, INVALID, said, kept, coverage=coverage)
        if len(events) < 2 or (len(clocks) > 1 and not heard_of):
            reason = "no server heard of another's stamp, so nothing was exercised"
            return Verdict(self.name, UNKNOWN, reason, coverage=coverage)
        reason = f"{len(events)} stamps, after their causes and near their clocks"
        return Verdict(self.name, VALID, reason, coverage=coverage)


def _told(event: Operation) -> tuple[_Stamp, _Stamp | None, int, int, int]:
    match event.value:
        case {
            "stamp": [int(wall), int(logical)],
            "heard": heard,
            "now": int(now),
            "from": int(start),
            "ahead": int(ahead),
        }:
            match heard:
                case None:
                    return (wall, logical), None, now, start, ahead
                case [int(other), int(count)]:
                    return (wall, logical), (other, count), now, start, ahead
    form = '{"stamp": [wall, logical], "heard": stamp or null, "now": n, "from": n, "ahead": n}'
    raise ModelError(event.index, f"{STAMPED} has {form}, not {shown(event.value)[:80]}")
