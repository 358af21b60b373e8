"""A simulated host: what survives a crash of the process that runs on it.

A *host* owns its disk, its clock hardware, its name; what does not survive is in an *incarnation*
(`splitbrain.harness.simulation.incarnation`).

A kill takes effect at once for everyone else: the incarnation is marked dead first, so nothing
that its ``finally`` blocks do can leave the node (sends vanish, the disk raises `NodeDead`). Then
its tasks are cancelled and unwound in limbo, on a private clock that runs as fast as they wait. A
task that refuses to end is given up and traced as a zombie.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

import outcome

from splitbrain.harness.node import Program
from splitbrain.harness.simulation.clock import HostClock
from splitbrain.harness.simulation.disk import SimulatedDisk
from splitbrain.harness.simulation.disk_rules import DiskRules
from splitbrain.harness.simulation.incarnation import Incarnation
from splitbrain.harness.simulation.program_rules import ProgramRules
from splitbrain.harness.simulation.watchdog import Runaway

if TYPE_CHECKING:
    from splitbrain.harness.simulation.world import World


class Kernel(Protocol):
    """What a process had open and outlives it: `splitbrain.harness.programs.network.machine`."""

    def down(self) -> None:
        """The process has ended, or the machine has lost its power."""
        ...

    def reset(self, share: float, draw: Callable[[], float]) -> list[int]:
        """Reset each established connection with this probability; returns their numbers."""
        ...


class Host:
    """A machine: what survives the death of the process that runs on it.

    Attributes:
        incarnation: the running process, or None while it is down.
        paused: the process is stopped (SIGSTOP): messages wait, timers are late.
        powered: the machine is on, whether or not its process is up.
        surround: called in each new process before its program, if that is unmodified.
        machine: the kernel that its sockets belong to, if it has any.
    """

    def __init__(self, world: World, name: str, program: Program, peers: tuple[str, ...]) -> None:
        self.world = world
        self.name = name
        self.program = program
        self.peers = peers
        self.incarnation: Incarnation | None = None
        self.paused = False
        self.powered = True
        self.surround: Callable[[Incarnation], None] | None = None
        self.machine: Kernel | None = None
        self.disk = SimulatedDisk(world.stream("disk", name))
        self.disk_rules = DiskRules(world, name)
        self.program_rules = ProgramRules(world, name)
        clocks = world.stream("clock", name)
        self.clock = HostClock(
            origin=float(clocks.randrange(1_000)), offset=clocks.uniform(-0.05, 0.05)
        )
        self._incarnations = 0
        world.network.attach(self)

    def boot(self) -> None:
        """Start the process, if it is down."""
        if self.incarnation is not None:
            return
        self.world.trace_event("boot", self.name, self._incarnations)
        self.powered = True
        self.incarnation = Incarnation(self, self._incarnations)
        self._incarnations += 1
        self.incarnation.step()

    def kill(self, crash: Callable[[], None]) -> bool:
        """Kill the process; `crash` then does to the disk what the crash does. False if it is
        down."""
        dying = self.incarnation
        if dying is None:
            crash()
            return False
        self.incarnation = None
        self.paused = False
        dying.dead = True
        self._close_sockets()
        crash()
        if not dying.unwind():
            self._bury(dying)
        return True

    def _close_sockets(self) -> None:
        if self.machine is not None:
            self.machine.down()

    def _bury(self, zombie: Incarnation) -> None:
        """Some of its tasks refused to end: say where, and see to it that they never run again."""
        self.world.trace_event("zombie", self.name)
        for place in zombie.bury():
            error = Runaway(
                f"a task of {self.name} refuses to end when it is cancelled, at {place}: it "
                "catches trio.Cancelled and goes on; catch Exception instead of BaseException"
            )
            self.world.tripped(zombie, error)

    def stuck(self, error: Runaway) -> None:
        """The process runs in circles: end it, with an error that says so."""
        running = self.incarnation
        self.kill(self.disk.kill)
        self.world.died(self.name, error, running.recent if running else ())

    def ended(self, incarnation: Incarnation, result: outcome.Outcome[object] | None) -> None:
        """The process ended by itself."""
        incarnation.dead = True
        self.incarnation = None
        self._close_sockets()
        self.disk.kill()
        if isinstance(result, outcome.Error) and not _exits_well(result.error):
            self.world.died(self.name, result.error, incarnation.recent)
        else:
            self.world.exited(self.name)


def _exits_well(error: BaseException) -> bool:
    """Whether the program has ended itself by ``sys.exit``, without saying that it failed."""
    while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    return isinstance(error, SystemExit) and error.code in (None, 0)
