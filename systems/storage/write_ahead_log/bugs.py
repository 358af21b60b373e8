"""Planted bugs of the write-ahead log: the store as it is, with one thing wrong."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from splitbrain.harness.bug import Bug, planted
from splitbrain.systems.storage import frames
from splitbrain.systems.storage.batches import encoded
from splitbrain.systems.storage.engine import Batch, Damaged
from splitbrain.systems.storage.files import read_all, write_all
from splitbrain.systems.storage.witnessed_log import WitnessedLog, fresh, parsed
from splitbrain.systems.storage.write_ahead_log.engine import LogStoreServer, SmallLogStore, apply


class NeverSyncs(WitnessedLog):
    """Leaves it to the operating system when records reach the disk."""

    async def sync(self) -> None:
        """Take them for durable."""
        self.chain.synced = self.chain.sequence


class SyncsNowAndThen(WitnessedLog):
    """Syncs when 20 records have come together, and acknowledges each at once."""

    async def sync(self) -> None:
        """Wait for more."""
        if self.chain.sequence - self.chain.synced >= 20:
            await super().sync()

    async def mark(self) -> bool:
        """There is nothing durable to note."""
        return True


class ForgetsDirectory(WitnessedLog):
    """Renames the new log into place and does not sync the directory."""

    async def begin(self, records: Iterable[bytes]) -> None:
        """Go on as soon as the file itself is durable."""
        await _begin(self, records, synced=True)


class RenamesFirst(WitnessedLog):
    """Renames a new log into place before its data are synced, as editors did on ext3."""

    async def begin(self, records: Iterable[bytes]) -> None:
        """Sync the directory alone."""
        await _begin(self, records, synced=False)
        await self.disk.fsync_dir()


async def _begin(log: WitnessedLog, records: Iterable[bytes], *, synced: bool) -> None:
    chain, content = fresh(log.epoch + 1, records)
    new = log.path + ".new"
    if log.disk.exists(new):
        log.disk.remove(new)
    write_all(log.disk, new, 0, content)
    if synced:
        await log.disk.fsync(new)
    log.disk.rename(new, log.path)
    log.chain = chain
    log.epoch += 1


class RefusesTornTail(WitnessedLog):
    """Takes a record that a crash tore for damage, and does not start."""

    def read(self) -> list[bytes]:
        """All or nothing."""
        records = super().read()
        data = read_all(self.disk, self.path) if self.disk.exists(self.path) else b""
        if frames.read_frames(data, self.path).chain.end < len(data):
            raise Damaged(f"{self.path} ends in the middle of a record")
        return records


class StopsSilently(WitnessedLog):
    """Takes damage in the middle of the log for its end, and goes on without what follows."""

    def read(self) -> list[bytes]:
        """Up to the first bad frame."""
        if not self.disk.exists(self.path):
            return []
        data = read_all(self.disk, self.path)
        while True:
            try:
                found = parsed(data, self.path)
            except Damaged:
                if not data:
                    raise
                data = data[:-1]
            else:
                self.epoch = found.epoch
                return [frame.payload for frame in found.records]


class SyncsAgain(WitnessedLog):
    """Syncs until it succeeds, and takes that for success."""

    async def sync(self) -> None:
        """The second fsync finds nothing to do."""
        while True:
            try:
                await super().sync()
            except OSError:
                continue
            return


class LeavesPart(WitnessedLog):
    """Leaves what was written of a record that did not fit, and appends behind it."""

    def cut(self) -> None:
        """Go on at the end of the file."""
        self.chain.end = self.disk.size(self.path)


class RecordEach(SmallLogStore):
    """Writes each key of a batch as a record of its own."""

    def append(self, batch: Batch) -> None:
        """One after the other."""
        for write in batch:
            self.log.append(encoded([write]))


class AppliesFirst(SmallLogStore):
    """Changes the data in memory as soon as the record is written, and syncs then."""

    async def write(self, batches: Sequence[Batch]) -> int:
        """Who reads meanwhile sees what a crash may undo."""
        before = dict(self.values)
        for batch in batches:
            apply(self.values, batch)
        done = await super().write(batches)
        if done < len(batches):
            self.values = before
            for batch in batches[:done]:
                apply(self.values, batch)
        return done


def _with(log: type[WitnessedLog]) -> type[LogStoreServer]:
    return planted(LogStoreServer, engine_class=planted(SmallLogStore, log_class=log))


def _bug(
    id: str,
    title: str,
    server: type[LogStoreServer],
    faults: tuple[str, ...],
    shows: tuple[str, ...],
    source: str,
    seeds: int = 20,
    *,
    slow: bool = False,
) -> Bug:
    """On a disk that is `slow`, more is not yet durable at any time."""
    options = {"disk": {"fsync_latency": 0.1}} if slow else {}
    return Bug(id, title, server, "store", faults, 1, seeds, shows, source, options=options)


_ALICE = "Pillai et al., All File Systems Are Not Created Equal, OSDI 2014"

BUGS: tuple[Bug, ...] = (
    _bug(
        "STO-01",
        "a write is acknowledged before it is synced, and nothing ever syncs it",
        _with(NeverSyncs),
        ("process.power_loss",),
        ("no-progress", "lost", "resurrected", "nonlinearizable"),
        "DDIA chapter 3; NATS 2.12.1 (Jepsen)",
    ),
    _bug(
        "STO-02",
        "a write is acknowledged before the batch that it is synced with",
        _with(SyncsNowAndThen),
        ("process.power_loss",),
        ("lost", "resurrected", "nonlinearizable"),
        "seen in a public teaching implementation",
    ),
    _bug(
        "STO-04",
        "the directory is not synced: a log that was renamed into place is gone after a crash",
        _with(ForgetsDirectory),
        ("process.power_loss",),
        ("no-progress", "lost", "resurrected", "nonlinearizable"),
        _ALICE,
    ),
    _bug(
        "STO-05",
        "a new log is renamed into place before its data are synced",
        _with(RenamesFirst),
        ("process.power_loss",),
        ("no-progress", "lost", "resurrected", "nonlinearizable"),
        f"{_ALICE}; delayed allocation in ext4",
        slow=True,
    ),
    _bug(
        "STO-06",
        "a record that a crash tore counts as damage, and the store does not start",
        _with(RefusesTornTail),
        ("process.power_loss",),
        ("no-progress",),
        "seen in a public teaching implementation",
        slow=True,
    ),
    _bug(
        "STO-08",
        "damage in the middle of the log ends it silently",
        _with(StopsSilently),
        ("disk.bitrot", "process.kill"),
        ("lost", "resurrected", "nonlinearizable"),
        "Alagappan et al., Protocol-Aware Recovery, FAST 2018",
        60,
    ),
    _bug(
        "STO-11",
        "an fsync that failed is tried again until it succeeds",
        _with(SyncsAgain),
        ("disk.fsync_error", "process.power_loss"),
        ("no-progress", "lost", "resurrected", "nonlinearizable"),
        "fsyncgate (PostgreSQL, 2018); Rebello et al., ATC 2020",
        60,
    ),
    _bug(
        "STO-12",
        "a record that did not fit stays in part, and others are appended behind it",
        _with(LeavesPart),
        ("disk.enospc", "process.kill"),
        ("no-progress", "lost", "resurrected", "nonlinearizable"),
        "Ganesan et al., Redundancy Does Not Imply Fault Tolerance, FAST 2017",
        60,
    ),
    _bug(
        "STO-13",
        "a batch is half replayed after a crash: each of its keys is a record",
        planted(LogStoreServer, engine_class=RecordEach),
        ("process.power_loss",),
        ("fractured",),
        "seen in a public teaching implementation",
        slow=True,
    ),
    _bug(
        "STO-15",
        "a write can be read before it is synced: a crash takes back what was read",
        planted(LogStoreServer, engine_class=AppliesFirst),
        ("process.power_loss",),
        ("dirty-read", "nonlinearizable"),
        "Ganesan et al., Consistency-Aware Durability, FAST 2020, section 2; DDIA 7 (dirty reads)",
        40,
        slow=True,
    ),
)
