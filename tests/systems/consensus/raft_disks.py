"""Servers of golden scripts whose saves go to a real log, on a disk that fills up or rots."""

from __future__ import annotations

import errno
import os
import random
from typing import Any

import trio
from raft_cluster import Cluster
from untimed_disks import Crash, UntimedDisk

from splitbrain.harness.simulation.disk import SimulatedDisk
from splitbrain.systems.consensus.raft.effects import Stored
from splitbrain.systems.consensus.raft.storage import WAL, Storage
from splitbrain.systems.consensus.sending import Send
from splitbrain.systems.storage.engine import Damaged, Full
from splitbrain.systems.storage.frames import read_frames


class PlayDisk(UntimedDisk):
    """A disk that may have no room for a file to grow, or lose power in the middle of a write.

    Attributes:
        full: whether it has no room.
        tears: whether half of the next write is the last that reaches it.
    """

    def __init__(self) -> None:
        super().__init__(SimulatedDisk(random.Random(1)))
        self.full = self.tears = False

    def write(self, path: str, offset: int, data: bytes) -> int:
        if self.tears:
            self.tears = False
            self.disk.write(path, offset, data[: len(data) // 2])
            raise Crash
        size = self.disk.size(path) if self.disk.exists(path) else 0
        if self.full and offset + len(data) > size:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), path)
        return self.disk.write(path, offset, data)


class DiskCluster(Cluster):
    """Servers, some of which have such a disk, and end a life as their shell does
    (`splitbrain.systems.consensus.shell.Shell`): when the disk fails.

    Attributes:
        disks: by server.
        storages: of those that are up, what writes there.
    """

    def __init__(self, *args: Any, **settings: Any) -> None:
        self.disks: dict[str, PlayDisk] = {}
        self.storages: dict[str, Storage] = {}
        super().__init__(*args, **settings)

    def give_disk(self, name: str) -> None:
        """Start a server over, with nothing on a disk of its own."""
        self.disks[name] = PlayDisk()
        self.start(name)

    def start(self, name: str, stored: Stored | None = None) -> None:
        if name in self.disks:
            self.storages[name] = Storage(self.disks[name])
            try:
                stored = trio.run(self.storages[name].recover)
            except Damaged as damage:
                self.events.append(f"{name}: {damage}; it takes part no more")
                return
            except Full as full:
                self.events.append(f"{name}: {full}; it tries again later")
                return
        super().start(name, stored)

    def sync(self, name: str) -> None:
        if name in self.disks:
            saves = [effect for effect in self.servers[name].queue if not isinstance(effect, Send)]
            try:
                trio.run(self.storages[name].save, saves)
            except (Full, Crash) as failure:
                what = "power fails" if isinstance(failure, Crash) else str(failure)
                self.events.append(f"{name}: {what}; this life is over")
                self.crash(name)
                return
        super().sync(name)

    def mark(self, name: str) -> None:
        """Nothing else is written for a while, so that the log says of itself that it is whole."""
        trio.run(self.storages[name].mark)

    def flip(self, name: str, word: str) -> None:
        """Flip a bit in the middle of the last record of a log that has this word in it."""
        disk = self.disks[name].disk
        frames = read_frames(disk.read(WAL), WAL).frames
        frame = next(each for each in reversed(frames) if word.encode() in each.payload)
        at = (frame.start + frame.end) // 2
        disk.write(WAL, at, bytes([disk.read(WAL, at, 1)[0] ^ 1]))
