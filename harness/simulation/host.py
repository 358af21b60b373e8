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
from math import log
from typing import TYPE_CHECKING

import outcome

from splitbrain.harness.nemesis.rules import DiskRule
from splitbrain.harness.node import Program
from splitbrain.harness.simulation.clock import HostClock
from splitbrain.harness.simulation.disk import SimulatedDisk
from splitbrain.harness.simulation.incarnation import Incarnation
from splitbrain.harness.simulation.watchdog import Runaway

if TYPE_CHECKING:
    from splitbrain.harness.simulation.world import World


class Host:
    """A machine: what survives the death of the process that runs on it.

    Attributes:
        incarnation: the running process, or None while it is down.
        paused: the process is stopped (SIGSTOP): messages wait, timers are late.
    """

    def __init__(self, world: World, name: str, program: Program, peers: tuple[str, ...]) -> None:
        self.world = world
        self.name = name
        self.program = program
        self.peers = peers
        self.incarnation: Incarnation | None = None
        self.paused = False
        self.disk = SimulatedDisk(world.stream("disk", name))
        clocks = world.stream("clock", name)
        self.clock = HostClock(
            origin=float(clocks.randrange(1_000)), offset=clocks.uniform(-0.05, 0.05)
        )
        self._incarnations = 0
        self._latency: Callable[[], float] | None = None
        self._disk_rules: dict[DiskRule, Callable[[], float]] = {}
        self._held_up: list[Callable[[], None]] = []
        world.network.attach(self)

    def fsync_latency(self) -> float:
        """Seconds that the next fsync takes."""
        draw = self._latency
        if draw is None:
            draw = self._latency = self.world.stream("fsync", self.name).random
        seconds = self.world.fsync_latency * (0.5 + draw())
        for rule, draw in self._disk_rules.items():
            if rule.delay:
                rule.affected += 1
                seconds -= log(1.0 - draw()) * rule.delay  # exponential, of that mean
        return seconds

    async def disk_works(self, incarnation: Incarnation) -> None:
        """Wait while a rule holds fsyncs up."""
        counted: set[DiskRule] = set()  # asked for membership only
        while stalls := [rule for rule in self._disk_rules if rule.stall]:
            for rule in stalls:
                if rule not in counted:
                    counted.add(rule)
                    rule.affected += 1
            await incarnation.wait_for(self._held_up.append)

    def add_disk_rule(self, rule: DiskRule) -> None:
        """Let `rule` act on the fsyncs of this host."""
        self._disk_rules[rule] = self.world.stream("rule", rule.name, self.name).random

    def remove_disk_rule(self, rule: DiskRule) -> None:
        """Lift a rule: who was held up looks again."""
        del self._disk_rules[rule]
        held_up, self._held_up = self._held_up, []
        for due in held_up:
            self.world.heap.after(0.0, due)

    def boot(self) -> None:
        """Start the process, if it is down."""
        if self.incarnation is not None:
            return
        self.world.trace_event("boot", self.name, self._incarnations)
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
        crash()
        if not dying.unwind():
            self._bury(dying)
        return True

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
        self.disk.kill()
        if isinstance(result, outcome.Error):
            self.world.died(self.name, result.error, incarnation.recent)
        else:
            self.world.exited(self.name)
