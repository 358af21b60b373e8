"""Who reads through one cache never goes back to what was replaced before what it has read.

*Property.* Operations as of `splitbrain.checkers.caching.coherence`. Of two reads of a key by one
process, the second invoked after the first had ended, the second does not give a value whose write
had ended before the write of the first one's value began, nor null after a value (else:
*backwards*). Writes that overlap have no order here, so a history that goes back may pass, and one
that is found does go back. Each process must ask one cache alone.

*Source.* Terry et al., "Session Guarantees for Weakly Consistent Replicated Data", PDIS 1994
(monotonic reads); DDIA chapter 5, "Monotonic Reads".

*Algorithm.* Of each process and key, the write that began last of those whose values were read. A
process has one operation open at a time, so that its reads are in order. Linear.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from splitbrain.checkers.caching.coherence import Writes, indices, taken
from splitbrain.checkers.entry import CheckerEntry
from splitbrain.checkers.findings import verdict_of
from splitbrain.checkers.history import OK, Call, History
from splitbrain.checkers.models.model import frozen, shown
from splitbrain.checkers.verdict import Anomaly, Checker, Verdict

NAME = "cache-monotonic"


def cache_monotonic() -> Checker:
    """A checker: reads through one cache don't go back. See the module."""
    return _Monotonic()


@dataclass(frozen=True, slots=True)
class _Monotonic:
    name: str = NAME

    def check(self, history: History) -> Verdict:
        """See `splitbrain.checkers.verdict.Checker`.

        Raises:
            ModelError: an operation is no read or write of a key, or a value is written twice.
        """
        keys, reads = taken(history)
        anomalies = list(_backwards(keys, reads))
        pairs = len(reads) - len({(read.process, frozen(read.argument[0])) for read in reads})
        holds = f"{pairs} reads give nothing older than their processes had read before"
        vain = None if pairs else "no process read a key twice"
        return verdict_of(
            self.name, anomalies, {"reads after others": pairs}, holds=holds, vain=vain
        )


def _backwards(keys: dict[Any, Writes], reads: list[Call]) -> Iterator[Anomaly]:
    latest: dict[tuple[Any, Any], tuple[Call, Call]] = {}  # a write, and the read that gave it
    for read in sorted(reads, key=lambda read: read.invoked):
        name, value = read.result
        key = frozen(name)
        write = keys[key].by_value.get(frozen(value)) if key in keys else None
        before = latest.get((read.process, key))
        if before is not None and _is_older(write, value, before[0]):
            said = f"process {read.process} reads {name} = {shown(value)}, which was replaced by"
            said = f"{said} {shown(before[0].argument[1])}, which it had read before"
            writes = [each for each in (write, before[0]) if each is not None]
            yield Anomaly("backwards", said, indices(*writes, before[1], read))
        if write is not None and (before is None or write.invoked > before[0].invoked):
            latest[read.process, key] = write, read


def _is_older(write: Call | None, value: Any, than: Call) -> bool:
    """Whether what was read is certainly older than a write."""
    if write is None:
        return value is None
    done = write.outcome == OK and write.completed is not None
    return done and (write.completed or 0) < than.invoked


ENTRY = CheckerEntry(NAME, cache_monotonic, "who reads through one cache never goes back")
