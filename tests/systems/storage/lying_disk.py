"""A disk that tells one lie, at a place that is told, and a run of an engine on it."""

from __future__ import annotations

import random
from typing import NamedTuple

from engines import ENGINES
from store_driver import DrivenDisk, applied, contents, done, opened

from splitbrain.harness.simulation.disks_after_a_crash import crash_states
from splitbrain.harness.simulation.platter import SECTOR, Write
from splitbrain.systems.storage.engine import Damaged

KEYS = [b"k%d" % number for number in range(6)]


class Lie(NamedTuple):
    """What the disk does wrong.

    Attributes:
        kind: ``lost``, ``misdirected``, ``stale`` or ``cut``.
        which: writes to the platter, or reads after the crash, counted from 1; of ``cut``, a file.
        amount: to which sector; how many bytes are cut off.
    """

    kind: str
    which: tuple[int, ...] | str
    amount: int = 0


class LyingDisk(DrivenDisk):
    """Tells a lie; without one it counts writes, and notes all that a crash might have left.

    Attributes:
        writes: so many have gone to the platter.
        reads: so many there have been since the crash.
        legal: what crashes at any moment might have left.
    """

    def __init__(self, lie: Lie | None = None) -> None:
        super().__init__()
        self.lie = lie
        self.writes = self.reads = 0
        self.crashed = False
        self.legal: set[tuple[tuple[str, bytes], ...]] = set()

    def __getattr__(self, name):
        if name in ("write", "append", "truncate", "rename", "remove"):
            self.note()
        return super().__getattr__(name)

    def note(self):
        if self.lie is None:
            found = crash_states(self.disk.directory, 3000).states
            self.legal |= {_told(state.items()) for state in found}

    def read(self, path, offset=0, length=None):
        if self.crashed and self.lie and self.lie.kind == "stale":
            self.reads += 1
            if self.reads in self.lie.which:
                return self.disk.read_stale(path, offset, length)
        return self.disk.read(path, offset, length)

    async def fsync(self, path):
        self.note()
        strikes = self.lie is None or self.lie.kind in ("lost", "misdirected")
        self.disk.end_sync(self.disk.begin_sync(path), self._fate if strikes else None)

    async def fsync_dir(self):
        self.note()
        await super().fsync_dir()

    def _fate(self, write, size):
        self.writes += 1
        if self.lie is None or self.writes not in self.lie.which:
            return write
        if self.lie.kind == "lost":
            return None
        return Write(self.lie.amount * SECTOR + write.offset % SECTOR, write.data)

    def end(self):
        """The power fails, or the process ends if what is stale is to be read again."""
        if self.lie and self.lie.kind == "stale":
            self.disk.kill()
        else:
            self.disk.power_loss("drop_unsynced")
        if self.lie and self.lie.kind == "cut":
            self.truncate(self.lie.which, max(0, self.size(self.lie.which) - self.lie.amount))
        self.crashed = True

    def files(self):
        """All that is there."""
        return _told((name, self.disk.read(name)) for name in self.disk.list())


def _told(files):
    """Files without witnesses that say nothing."""
    return tuple(sorted(file for file in files if file[1] or not file[0].endswith(".witness")))


def written(name, disk, *, settled):
    """An engine after some writes, and the states that it has had; the last write came when there
    was nothing else to do, and after it the engine has `settled`, or not."""
    dice, engine, states = random.Random(5), opened(ENGINES[name], disk), [{}]
    for number in range(14):
        batches = [
            [(dice.choice(KEYS), b"%d." % number * 20)] for _ in range(dice.choice((1, 1, 2)))
        ]
        if dice.random() < 0.2:
            batches = [[(dice.choice(KEYS), None)]]
        done(engine.write(batches))
        for batch in batches:
            states.append(applied(states[-1], [batch]))
        if dice.random() < 0.3:
            done(engine.settle())
        if number == 6:
            done(engine.flush())
        if number == 10:
            done(engine.compact())
    done(engine.settle())
    done(engine.write([[(b"k0", b"last")]]))
    states.append(applied(states[-1], [[(b"k0", b"last")]]))
    if settled:
        done(engine.settle())
    return engine, states


def told(name, lie, *, settled):
    """What is read after the lie: ``reported``, ``right``, ``old``, or ``wrong``; and the files."""
    disk = LyingDisk(lie)
    try:
        engine, states = written(name, disk, settled=settled)
    except (Damaged, OSError):
        return "reported", ()
    if any(_read(engine, key) not in (states[-1].get(key), Damaged) for key in KEYS):
        return "wrong", ()
    disk.end()
    files = disk.files()
    try:
        found = contents(opened(ENGINES[name], disk))
    except Damaged:
        return "reported", files
    if found == states[-1]:
        return "right", files
    return "old" if found in states else "wrong", files


def _read(engine, key):
    try:
        return engine.get(key)
    except (Damaged, OSError):
        return Damaged
