"""Anti-entropy comes to an end.

*Property.* Once faults are healed, clients silent and some seconds have passed, replicas are equal,
and none sends another one what that seems to lack: who goes on compares what cannot be equal, such
as digests of different ranges, and sends the same data for ever.

*Source.* A server announces each such sending: ``repair`` with ``{"to": server, "cells": N}``. What
comes in the last half of a second before the phase event ``final``, or after it, is too late.

*Algorithm.* Linear in the announcements.

*Left out.* Whether replicas are equal: `splitbrain.checkers.convergence.homes` tells that.
"""

from __future__ import annotations

from dataclasses import dataclass

from splitbrain.checkers.convergence.recheck.late_repairs import verify
from splitbrain.checkers.entry import CheckerEntry
from splitbrain.checkers.history import History
from splitbrain.checkers.verdict import INVALID, UNKNOWN, VALID, Anomaly, Checker, Verdict
from splitbrain.checkers.vocabulary import FINAL, PHASE, REPAIR

LATE_NS = 500_000_000
"""So long before the final reads, in nanoseconds, there is nothing left to repair."""


def repair_ends() -> Checker:
    """A checker: repair comes to an end. See the module."""
    return _RepairEnds()


@dataclass(frozen=True, slots=True)
class _RepairEnds:
    name: str = "repair-ends"
    needs_events: str = REPAIR

    def check(self, history: History) -> Verdict:
        """See `Checker.check`."""
        repairs = history.events(f=REPAIR)
        begin = [event.time for event in history.events(f=PHASE) if event.value == FINAL][:1]
        coverage = {"repairs": len(repairs)}
        if not begin or not repairs:
            reason = "nothing was repaired, or the run had no end"
            return Verdict(self.name, UNKNOWN, reason, coverage=coverage)
        late = [event for event in repairs if event.time > begin[0] - LATE_NS]
        if late:
            said = (
                f"{late[0].process} still sends repairs when all has been silent for seconds, "
                f"{len(late)} times from {late[0].time / 1e9:.3f} s on"
            )
            operations = tuple(event.index for event in late[:20])
            anomaly = Anomaly("endless-repair", said, operations)
            return Verdict(self.name, INVALID, said, (anomaly,), coverage=coverage)
        reason = f"{len(repairs)} repairs, none of them at rest"
        return Verdict(self.name, VALID, reason, coverage=coverage)


ENTRY = CheckerEntry(
    "repair-ends",
    repair_ends,
    "replicas stop to repair each other once they are equal",
    verify=verify,
)
"""By name."""
