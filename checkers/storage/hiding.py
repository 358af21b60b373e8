"""Writes that were acknowledged or shown stay: none is hidden from a later read.

*Properties.*

* ``durable``: a read shows every put that was acknowledged before it began, or something later;
* ``no-resurrection``: likewise every delete, so that what was deleted does not come back;
* ``read-durable``: likewise every put that a read has shown which completed before this one began,
  acknowledged or not: who shows what is not durable shows what a crash may undo;
* ``prefix-durable``: what a scan shows is the effect of the first so many operations, in an order
  that respects real time: who shows one hides none that had completed before that one began. A
  store that acknowledges before it syncs may lose the last operations in a crash, and no others.

*Source.* Pillai et al., "All File Systems Are Not Created Equal" (OSDI 2014), section 4: what
applications promise after a crash; Kleppmann, "Designing Data-Intensive Applications", chapter 3,
and chapter 7 for dirty reads; of reads that a crash undoes: Ganesan et al., "Strong and Efficient
Consistency with Consistency-Aware Durability" (FAST 2020), section 2.

*Algorithm.* `splitbrain.checkers.storage.observations`: for each value seen, the writes that
explain it, and of the acknowledged or shown writes that had ended, the one that began last.
O(n log n) for n reads and writes, times the number of keys for scans.

*Left out.* Two reads that disagree about the order of two writes: that is linearizability.
Deletes are not known to show, since they all look alike.
``durable`` and ``no-resurrection`` together are exact for one read of one key. ``prefix-durable``
compares writes in pairs: necessary, and sufficient where operations do not overlap, none is in
doubt and none deletes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from splitbrain.checkers.history import History
from splitbrain.checkers.storage.observations import Latest, Observations, Read, Write, at, told
from splitbrain.checkers.verdict import INVALID, UNKNOWN, VALID, Anomaly, Checker, Verdict

WITNESSES = 8

Horizon = Callable[[Observations, Read], float]


def durable() -> Checker:
    """A checker: every acknowledged put survives; see the module."""
    return Hiding("durable", "lost", "puts", _begin)


def no_resurrection() -> Checker:
    """A checker: what was deleted does not come back; see the module."""
    return Hiding("no-resurrection", "resurrected", "deletes", _begin)


def read_durable() -> Checker:
    """A checker: what a read has shown stays; see the module."""
    return Hiding("read-durable", "dirty-read", "shown", _begin)


def prefix_durable() -> Checker:
    """A checker: a scan shows a prefix of what was done; see the module."""
    return Hiding("prefix-durable", "hole", "writes", _latest_seen)


def _begin(found: Observations, read: Read) -> float:
    """What had ended before the read began must show in it."""
    return read.start


def _latest_seen(found: Observations, read: Read) -> float:
    """What had ended before the last write that certainly shows began must show, too."""
    if not read.scan:
        return -1.0
    return max((_first(found, read, key) for key in read.seen), default=-1.0)


def _first(found: Observations, read: Read, key: Any) -> float:
    return min((write.start for write in found.explanations(read, key)), default=-1.0)


@dataclass(frozen=True, slots=True)
class Hiding:
    """The checkers of this module.

    Attributes:
        name: what verdicts carry.
        kind: the anomaly.
        which: the writes that must not be hidden.
        horizon: those that had ended by then are concerned.
    """

    name: str
    kind: str
    which: Literal["puts", "deletes", "shown", "writes"]
    horizon: Horizon

    def check(self, history: History) -> Verdict:
        """See `Checker.check`.

        Raises:
            splitbrain.checkers.models.ModelError: an operation has no key and value.
        """
        found = Observations(history)
        latest = self._latest(found)
        hidden = [each for read in found.reads for each in self._hidden(found, read, latest)]
        coverage = found.coverage()
        if hidden:
            anomalies = tuple(self._anomaly(read, key, write) for read, key, write in hidden)
            evidence = [
                {
                    "write": write.call.invoke_index,
                    "read": read.call.complete_index,
                    "key": key,
                    "horizon": int(self.horizon(found, read)),
                    **({"shown": write.shown.complete_index} if write.shown else {}),
                }
                for read, key, write in hidden[:WITNESSES]
                if write.call is not None
            ]
            return Verdict(
                self.name,
                INVALID,
                anomalies[0].message,
                anomalies[:WITNESSES],
                {"which": self.which, "hidden": evidence},
                coverage,
                {"anomalies": len(hidden)},
            )
        judged = sum(
            latest[key].ended_before(self.horizon(found, read)) is not None
            for read in found.reads
            for key in read.seen
            if key in latest
        )
        if not judged:
            reason = f"no read could show any of the {self._writes}, so nothing was exercised"
            return Verdict(self.name, UNKNOWN, reason, coverage=coverage)
        reason = f"{judged} times a key was read, and no {self._writes} before it were missing"
        claim: dict[str, Any] = {"which": self.which, "hidden": []}
        return Verdict(self.name, VALID, reason, (), claim, {**coverage, "judged": judged})

    @property
    def _writes(self) -> str:
        return "puts that others had seen" if self.which == "shown" else self.which

    def _latest(self, found: Observations) -> dict[Any, Latest]:
        if self.which == "shown":
            return found.shown()
        return found.acknowledged(
            deletes={"puts": False, "deletes": True, "writes": None}[self.which]
        )

    def _hidden(
        self, found: Observations, read: Read, latest: dict[Any, Latest]
    ) -> Iterator[tuple[Read, Any, Write]]:
        horizon = self.horizon(found, read)
        for key in read.seen:
            explained = found.explanations(read, key)
            write = latest[key].ended_before(horizon) if key in latest else None
            if explained and write is not None and write.start > max(w.end for w in explained):
                yield read, key, write

    def _anomaly(self, read: Read, key: Any, write: Write) -> Anomaly:
        assert write.call is not None
        call = read.call
        seen = "nothing" if read.seen[key] is None else repr(read.seen[key])
        message = (
            f"the {told(write)}, {_known(write)}, is missing: at {at(call)} "
            f"process {call.process} read {seen}, which is older"
        )
        if self.which == "writes":
            message += ", together with something newer"
        known = write.call if write.shown is None else write.shown
        indices = (write.call.invoke_index, known.complete_index, call.complete_index)
        operations = tuple(sorted(index for index in indices if index is not None))
        return Anomaly(self.kind, message, operations, {"key": key})


def _known(write: Write) -> str:
    """Since when a write certainly had taken effect, for people."""
    if write.shown is not None:
        return f"which process {write.shown.process} was shown at {at(write.shown)}"
    assert write.call is not None
    return f"acknowledged at {at(write.call)}"
