"""Planted bugs of the hash index: the store as it is, with one thing wrong."""

from __future__ import annotations

from collections.abc import Sequence

from splitbrain.harness.bug import Bug, planted
from splitbrain.systems.storage.batches import decoded
from splitbrain.systems.storage.bitcask.engine import BitcaskServer, SmallBitcask
from splitbrain.systems.storage.bitcask.segments import Place, data_name
from splitbrain.systems.storage.engine import Damaged
from splitbrain.systems.storage.files import read_all, write_all
from splitbrain.systems.storage.frames import HEADER
from splitbrain.systems.storage.witnessed_log import fresh


class TrustsCache(SmallBitcask):
    """Takes a merged segment that is written for durable, and removes what it was made of."""

    async def write_segment(self, number: int, records: Sequence[bytes]) -> None:
        """Leave it to the operating system when it reaches the disk."""
        if self.disk.exists(data_name(number)):
            self.disk.truncate(data_name(number), 0)
        write_all(self.disk, data_name(number), 0, fresh(1, records)[1])


class NeverSums(SmallBitcask):
    """Reads values without looking at their checksums."""

    def value(self, key: bytes, place: Place) -> bytes:
        """Whatever is there."""
        data = read_all(self.disk, data_name(place.segment), place.start, place.length)
        try:
            batch = decoded(data[HEADER.size :])
            value = batch[place.position][1]
        except (Damaged, IndexError):
            return b""
        return value or b""


BUGS: tuple[Bug, ...] = (
    Bug(
        id="STO-03",
        title="a merged segment is not synced before those are removed that it was made of",
        server=planted(BitcaskServer, engine_class=TrustsCache),
        workload="store",
        faults=("process.power_loss",),
        nodes=1,
        seeds=60,
        shows=("no-progress", "lost", "resurrected", "broken", "nonlinearizable"),
        source="seen in a public teaching implementation",
    ),
    Bug(
        id="STO-14",
        title="values are returned without a look at their checksums",
        server=planted(BitcaskServer, engine_class=NeverSums),
        workload="store",
        faults=("disk.bitrot",),
        nodes=1,
        seeds=60,
        shows=("corrupt", "nonlinearizable"),
        source="NATS 2.12.1 (Jepsen); Ganesan et al., FAST 2017",
    ),
)
