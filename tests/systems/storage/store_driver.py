"""Storage engines without a server: driven by hand on a simulated disk that crashes where it is
told to."""

from __future__ import annotations

import random

from splitbrain.harness.simulation.disk import SimulatedDisk


class Crashed(Exception):
    """The machine stopped."""


class DrivenDisk:
    """A `splitbrain.harness.node.Disk` whose fsyncs take no time.

    Attributes:
        disk: what is below.
        left: how many calls until it crashes; None for never.
    """

    def __init__(self, seed: int = 0) -> None:
        self.disk = SimulatedDisk(random.Random(seed))
        self.left: int | None = None

    def __getattr__(self, name):
        """Reads and writes, counted."""
        self.spend()
        return getattr(self.disk, name)

    def spend(self) -> None:
        if self.left is not None:
            self.left -= 1
            if self.left < 0:
                raise Crashed

    async def fsync(self, path):
        pending = self.disk.begin_sync(path)
        self.spend()
        self.disk.end_sync(pending)

    async def fsync_dir(self):
        pending = self.disk.begin_sync_dir()
        self.spend()
        self.disk.end_sync(pending)

    def crash(self, policy: str | None) -> None:
        """The machine loses power, or (None) the process dies alone."""
        self.left = None
        if policy is None:
            self.disk.kill()
        else:
            self.disk.power_loss(policy)


def done(coroutine):
    """What a coroutine returns that waits for nothing."""
    try:
        coroutine.send(None)
    except StopIteration as stop:
        return stop.value
    raise AssertionError("it waits for something")


def opened(engine_class, disk):
    engine = engine_class(disk)
    done(engine.open())
    return engine


def contents(engine) -> dict[bytes, bytes]:
    """All that a scan shows, page by page."""
    snapshot, found = engine.snapshot(), []
    while page := snapshot.scan(found[-1][0] if found else None, 3):
        found += page
    snapshot.close()
    assert found == sorted(found)
    return dict(found)


def applied(state, batches):
    """The state after some batches."""
    state = dict(state)
    for batch in batches:
        for key, value in batch:
            state.pop(key, None)
            if value is not None:
                state[key] = value
    return state
