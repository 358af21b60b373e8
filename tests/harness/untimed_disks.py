"""Simulated disks without time, for tests of what a crash leaves at any step."""

from __future__ import annotations

import trio

from splitbrain.harness.simulation.disk import SimulatedDisk


class Crash(Exception):
    """The disk stops at its n-th step."""


class UntimedDisk:
    """A disk whose syncs take a turn of the scheduler and no time."""

    def __init__(self, disk: SimulatedDisk) -> None:
        self.disk = disk

    def __getattr__(self, name):
        return getattr(self.disk, name)

    async def fsync(self, path):
        await self._sync(self.disk.begin_sync(path))

    async def fsync_dir(self):
        await self._sync(self.disk.begin_sync_dir())

    async def _sync(self, pending):
        await trio.lowlevel.checkpoint()
        await self.before_it_ends()
        self.disk.end_sync(pending)

    async def before_it_ends(self):
        """Nothing stands between a sync and its end."""


class CrashingDisk(UntimedDisk):
    """Stops after some steps: changes, and ends of syncs."""

    def __init__(self, disk: SimulatedDisk, operations: float) -> None:
        super().__init__(disk)
        self.left = operations

    def __getattr__(self, name):
        if name in ("append", "truncate", "rename", "remove"):
            self._step()
        return super().__getattr__(name)

    def _step(self):
        self.left -= 1
        if self.left < 0:
            raise Crash

    async def before_it_ends(self):
        self._step()


class StallingDisk(UntimedDisk):
    """After some syncs, none ends any more."""

    def __init__(self, disk: SimulatedDisk, syncs: float) -> None:
        super().__init__(disk)
        self.left = syncs

    async def before_it_ends(self):
        self.left -= 1
        if self.left < 0:
            await trio.sleep_forever()
