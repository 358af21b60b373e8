"""A batch of writes takes effect as a whole, or not at all.

*Property.* A scan that shows a part of a batch hides no other part of it: for each key of the batch
it shows what the batch left there, or something later. A crash in the middle of a batch must not
leave half of it, nor must a scan that goes on while it is written.

*Source.* Kleppmann, "Designing Data-Intensive Applications", chapter 7 (atomicity); a fractured
read: Bailis et al., "Scalable Atomic Visibility with RAMP Transactions" (SIGMOD 2014), section 3.

*Algorithm.* `splitbrain.checkers.storage.observations`. A scan certainly shows a batch's part if
the batch alone explains the value; it hides one if all that explains the value had completed before
the batch was invoked. Linear in the total size of scans and batches.

*Left out.* Parts that delete are not known to show, since all deletes look alike.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from splitbrain.checkers.history import OK, Call, History
from splitbrain.checkers.storage.observations import Observations, Read, at, pairs
from splitbrain.checkers.verdict import INVALID, UNKNOWN, VALID, Anomaly, Checker, Verdict

WITNESSES = 8


def atomic_batch() -> Checker:
    """A checker: batches are seen whole or not at all; see the module."""
    return AtomicBatch()


@dataclass(frozen=True, slots=True)
class AtomicBatch:
    """The checker that `atomic_batch` makes."""

    name: str = "atomic-batch"

    def check(self, history: History) -> Verdict:
        """See `Checker.check`.

        Raises:
            splitbrain.checkers.models.ModelError: an operation has no keys and values.
        """
        found = Observations(history)
        scans = [read for read in found.reads if read.scan]
        shown, torn = 0, []
        for scan in scans:
            for batch, key in self._shown(found, scan).items():
                shown += 1
                torn += [(scan, batch, key, lacking) for lacking in _lacking(found, scan, batch)]
        coverage = {"batches": len(found.batches), "scans": len(scans), "shown": shown}
        if torn:
            calls = {call.invoked: call for call in found.batches}
            parts = [(scan, calls[batch], *rest) for scan, batch, *rest in torn[:WITNESSES]]
            anomalies = tuple(_anomaly(*part) for part in parts)
            evidence = [
                {
                    "batch": call.invoke_index,
                    "scan": scan.call.complete_index,
                    "shown": key,
                    "hidden": lacking,
                }
                for scan, call, key, lacking in parts
            ]
            claim = {"torn": evidence}
            cost = {"anomalies": len(torn)}
            said = anomalies[0].message
            return Verdict(self.name, INVALID, said, anomalies, claim, coverage, cost)
        if not shown or not any(call.outcome == OK for call in found.batches):
            reason = "no scan shows any batch that was acknowledged, so nothing was exercised"
            return Verdict(self.name, UNKNOWN, reason, coverage=coverage)
        reason = f"scans show a batch {shown} times, and each time the whole of it"
        return Verdict(self.name, VALID, reason, (), {"torn": []}, coverage)

    def _shown(self, found: Observations, scan: Read) -> dict[int, Any]:
        """The batches that a scan certainly shows, by position, each with a key that shows it."""
        shown: dict[int, Any] = {}
        for key in scan.seen:
            explained = found.explanations(scan, key)
            if (
                len(explained) == 1
                and (call := explained[0].call) is not None
                and call.f == "batch"
            ):
                shown.setdefault(call.invoked, key)
        return shown


def _lacking(found: Observations, scan: Read, batch: int) -> Iterator[Any]:
    """The keys of a batch whose values are older than it."""
    for key in scan.seen:
        if any(write.start == batch for write in found.writes.get(key, ())):
            explained = found.explanations(scan, key)
            if explained and max(write.end for write in explained) < batch:
                yield key


def _anomaly(scan: Read, batch: Call, key: Any, lacking: Any) -> Anomaly:
    parts = dict(pairs(batch, batch.argument))
    message = (
        f"the scan of process {scan.call.process} at {at(scan.call)} shows half a batch: "
        f"{key} = {parts[key]!r} and not {lacking} = {parts[lacking]!r}, where it shows "
        f"{scan.seen[lacking]!r}, which is older"
    )
    indices = (batch.invoke_index, scan.call.complete_index)
    operations = tuple(index for index in indices if index is not None)
    return Anomaly("fractured", message, operations, {"key": key})
