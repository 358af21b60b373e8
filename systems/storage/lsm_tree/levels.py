"""Which tables there are: levels, the manifest that names them, and what is to be merged next.

Level 0 has the tables that memory was written to, newest first; they may overlap. On every deeper
level each key is in one table at most, and what is on a level is newer than what is below it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import msgspec

from splitbrain.harness.node import Disk
from splitbrain.systems.storage.engine import Damaged
from splitbrain.systems.storage.files import read_all, replace
from splitbrain.systems.storage.frames import read_frames
from splitbrain.systems.storage.lsm_tree.tables import Table, name_of
from splitbrain.systems.storage.wal import whole

MANIFEST = "manifest"
_decode = msgspec.msgpack.Decoder(tuple[int, list[list[tuple[int, int]]]]).decode


@dataclass(frozen=True, slots=True)
class Version:
    """The tables at one moment.

    Attributes:
        levels: the tables of each level: of level 0 the newest first, of others in order of keys.
        next: the number of the next table.
    """

    levels: tuple[tuple[Table, ...], ...] = ((),)
    next: int = 1

    def tables(self) -> Iterator[Table]:
        """All of them, what is newer first."""
        for level in self.levels:
            yield from level

    def candidates(self, key: bytes) -> Iterator[Table]:
        """Those that may have a key, what is newer first."""
        for table in self.tables():
            if table.first <= key <= table.last:
                yield table

    def with_newest(self, table: Table) -> Version:
        """With one table more, which is newer than all."""
        return Version(((table, *self.levels[0]), *self.levels[1:]), table.number + 1)

    def merged(self, job: Merge, outputs: Sequence[Table], following: int) -> Version:
        """With the outputs of a merge in the place of its inputs."""
        gone = {table.number for table in job.inputs}
        levels = [[t for t in level if t.number not in gone] for level in self.levels]
        while len(levels) <= job.target:
            levels.append([])
        levels[job.target] = sorted([*levels[job.target], *outputs], key=lambda t: t.first)
        while len(levels) > 1 and not levels[-1]:
            levels.pop()
        return Version(tuple(map(tuple, levels)), following)


@dataclass(frozen=True, slots=True)
class Merge:
    """A merge to be done.

    Attributes:
        inputs: the tables that it replaces, what is newer first.
        target: the level of the outputs.
    """

    inputs: tuple[Table, ...]
    target: int


def due(version: Version, most_newest: int, level_bytes: int) -> Merge | None:
    """The merge that is due: too many tables on level 0, or a level that is too large."""
    if len(version.levels[0]) > most_newest:
        return of_level(version, 0)
    for number, level in enumerate(version.levels[1:], 1):
        if sum(table.size for table in level) > level_bytes * 10 ** (number - 1):
            return of_level(version, number)
    return None


def of_level(version: Version, number: int) -> Merge | None:
    """Level 0 as a whole, or the oldest table of another, with what it overlaps one level below.

    None if there is nothing on the level.
    """
    level = version.levels[number]
    if not level:
        return None
    chosen = level if number == 0 else (min(level, key=lambda table: table.number),)
    below = version.levels[number + 1] if number + 1 < len(version.levels) else ()
    first, last = min(t.first for t in chosen), max(t.last for t in chosen)
    overlapping = tuple(t for t in below if t.first <= last and first <= t.last)
    return Merge((*chosen, *overlapping), number + 1)


def of_all(version: Version) -> Merge | None:
    """All tables, into the deepest level; None if there are none."""
    tables = tuple(version.tables())
    return Merge(tables, max(1, len(version.levels) - 1)) if tables else None


def shadows(version: Version, key: bytes, target: int) -> bool:
    """Whether a tombstone on level `target` may have something to hide below it."""
    return any(
        table.first <= key <= table.last
        for level in version.levels[target + 1 :]
        for table in level
    )


# The manifest


async def save(disk: Disk, version: Version) -> None:
    """Make a version the one that the next start finds: in one step, and durably.

    Raises:
        Full: no room; nothing was changed.
        OSError: the disk failed; it may find this one or the one before.
    """
    levels = [[(table.number, table.checksum) for table in level] for level in version.levels]
    record = msgspec.msgpack.encode((version.next, levels))
    await replace(disk, MANIFEST, whole([record])[1])


def load(disk: Disk) -> Version:
    """The version that was saved last; an empty one if none was.

    Raises:
        Damaged: the manifest, or a table that it names, is not what was written.
    """
    if not disk.exists(MANIFEST):
        return Version()
    frames = read_frames(read_all(disk, MANIFEST), MANIFEST).frames
    records = [frame.payload for frame in frames if frame.payload]
    if len(records) != 1:
        raise Damaged(f"{MANIFEST} is damaged: restore it from a copy")
    try:
        following, levels = _decode(records[0])
    except msgspec.MsgspecError as error:
        raise Damaged(f"{MANIFEST} is no list of tables: {error}") from None
    return Version(
        tuple(tuple(Table(disk, *named) for named in level) for level in levels) or ((),),
        following,
    )


def problems(version: Version) -> Iterator[str]:
    """Which invariants of levels and tables do not hold; reads all tables.

    Raises:
        Damaged: a table is not what was written.
    """
    for number, level in enumerate(version.levels[1:], 1):
        for one, other in pairwise(level):
            if one.last >= other.first:
                yield f"level {number}: {one.path} and {other.path} overlap"
    for table in version.tables():
        keys = [key for key, _ in table.after(None)]
        if keys != sorted(set(keys)):
            yield f"{table.path}: keys are not in order"
        if (keys[0], keys[-1], len(keys)) != (table.first, table.last, table.count):
            yield f"{table.path}: the index tells of other keys"
        if not all(key in table.bloom for key in keys):
            yield f"{table.path}: the filter denies a key"


def orphans(disk: Disk, version: Version) -> list[str]:
    """Files of tables that no version has: what a crash left of a merge."""
    named = {name_of(table.number) for table in version.tables()}
    return [name for name in disk.list() if name.endswith(".sst") and name not in named]
