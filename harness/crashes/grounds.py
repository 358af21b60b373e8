"""The simulation on disks that begin with certain files, and tell what a crash may leave of them.

All servers crash together, as when the power of a whole room fails: what may be left is any
combination of what may be left of each.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice, product
from typing import Any

from splitbrain.checkers.history import Operation
from splitbrain.harness.node import Program
from splitbrain.harness.plan import Plan
from splitbrain.harness.simulation.disk import PendingSync, SimulatedDisk
from splitbrain.harness.simulation.disks_after_a_crash import crash_states
from splitbrain.harness.simulation.ground import Simulation
from splitbrain.harness.simulation.platter import Fate
from splitbrain.harness.simulation.trace import Trace
from splitbrain.harness.simulation.world import World
from splitbrain.harness.streams import stream

Files = tuple[tuple[str, bytes], ...]
"""The files of one server, by name, in order."""

Disks = tuple[tuple[str, Files], ...]
"""The files of each server, by name, in order."""


class CrashGround(Simulation):
    """Begins on these disks (empty ones where none is given) and, before each change of one, notes
    all that a crash may leave.

    Attributes:
        states: what a crash may leave; for each, when it last may, in virtual seconds, and how many
            events the history has then.
        moments: at how many moments it was looked at.
        bounded: at how many of these there was more than was noted.
    """

    def __init__(self, begin: Disks = (), most: int = 0) -> None:
        """Prepare.

        Args:
            begin: files of servers.
            most: the most states that are noted at one moment; 0 to note none.
        """
        super().__init__()
        self._begin = {name: dict(files) for name, files in begin}
        self._most = most
        self._left: dict[str, tuple[list[Files], bool]] = {}
        self.states: dict[Disks, tuple[float, int]] = {}
        self.moments = 0
        self.bounded = 0
        self.events = 0

    def world(self, plan: Plan, trace: Trace) -> Any:
        """See `splitbrain.harness.ground.Ground.world`."""
        made = super().world(plan, trace)
        made.__class__ = _OtherDisks
        made.disk_of = lambda name: self._disk(made, plan.seed, name)  # type: ignore[attr-defined]
        return made

    def _disk(self, world: World, seed: int, name: str) -> SimulatedDisk:
        files = self._begin.get(name, {})
        tell = (lambda: self._note(world, name)) if self._most else (lambda: None)
        return _WatchedDisk(stream(seed, "disk", name, "watched"), files, tell)

    def _note(self, world: World, changing: str) -> None:
        for name in world.servers:
            if name not in self._left:
                found = crash_states(world.hosts[name].disk.directory, self._most)
                files = [tuple(sorted(state.items())) for state in found.states]
                self._left[name] = files, found.complete
        choices = list(islice(self._combined(world.servers), self._most + 1))
        complete = len(choices) <= self._most
        complete = complete and all(self._left[name][1] for name in world.servers)
        for disks in choices[: self._most]:
            self.states[disks] = (world.now, self.events)
        self.moments += 1
        self.bounded += not complete
        del self._left[changing]

    def _combined(self, servers: tuple[str, ...]) -> Iterator[Disks]:
        for each in product(*(self._left[name][0] for name in servers)):
            yield tuple(zip(servers, each, strict=True))

    def recorded(self, event: Operation) -> None:
        """The history has one event more."""
        self.events += 1


class _OtherDisks(World):
    """A world whose servers have disks of another make."""

    disk_of: Callable[[str], SimulatedDisk]

    def add_server(self, name: str, program: Program, peers: tuple[str, ...]) -> None:
        """See `World.add_server`."""
        super().add_server(name, program, peers)
        self.hosts[name].disk = self.disk_of(name)


class _WatchedDisk(SimulatedDisk):
    """A disk that has files, and tells before it changes."""

    def __init__(self, random: Any, files: dict[str, bytes], tell: Callable[[], None]) -> None:
        super().__init__(random)
        self._tell: Callable[[], None] = lambda: None
        for name, content in files.items():
            self.append(name, content)
            self.end_sync(self.begin_sync(name))
        self._tell = tell

    def write(self, path: str, offset: int, data: bytes) -> int:
        self._tell()
        return super().write(path, offset, data)

    def append(self, path: str, data: bytes) -> int:
        self._tell()
        return super().append(path, data)

    def truncate(self, path: str, size: int) -> None:
        self._tell()
        super().truncate(path, size)

    def rename(self, old: str, new: str) -> None:
        self._tell()
        super().rename(old, new)

    def remove(self, path: str) -> None:
        self._tell()
        super().remove(path)

    def end_sync(self, pending: PendingSync, fate: Fate | None = None) -> None:
        self._tell()
        super().end_sync(pending, fate)
