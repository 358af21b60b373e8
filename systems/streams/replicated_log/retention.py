"""What of a partition may be forgotten: whole segments, by how much is behind them, and their age.

Only stable entries count, and only their leader says so. Of an entry's age it knows since when it
has seen it to be stable: less than its age, after a change of leaders.
"""

from __future__ import annotations

from collections import deque

from splitbrain.systems.streams.replicated_log.partition import COMPACTED, Partition

SEGMENT = 4
"""How many offsets a segment has."""


class Retention:
    """One partition's.

    Attributes:
        keep: the newest stable entries, which stay unless they are old.
        keep_s: seconds that entries stay unless there are too many.
    """

    def __init__(self, keep: int, keep_s: float) -> None:
        self.keep = keep
        self.keep_s = keep_s
        self._stable: deque[tuple[float, int]] = deque()
        self._old = 0

    def start(self, partition: Partition, now: float) -> tuple[int, int]:
        """Where the log may start, and how many stable entries stay for sure: none if it is for
        their age that others go."""
        stable = self.counted(partition)
        if not self._stable or self._stable[-1][1] < stable:
            self._stable.append((now, stable))
        while self._stable and self._stable[0][0] <= now - self.keep_s:
            self._old = self._stable.popleft()[1]
        size, age = (_border(partition, upto) for upto in (stable - self.keep, self._old))
        return (size, self.keep) if size >= age else (age, 0)

    def counted(self, partition: Partition) -> int:
        """Where what counts ends."""
        return partition.last_stable


def _border(partition: Partition, upto: int) -> int:
    """The last border of two segments before an offset; what is compacted is not forgotten."""
    upto = max(upto, 0) // SEGMENT * SEGMENT
    for offset in range(partition.start, upto):
        if partition.at(offset).key.startswith(COMPACTED):
            return offset // SEGMENT * SEGMENT
    return upto
