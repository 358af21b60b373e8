"""What the nemesis may do to the hosts of a simulated world (`splitbrain.harness.nemesis.control`).

No lever takes any virtual time; each is in the trace.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from threading import get_ident
from typing import Any, Self

from splitbrain.harness.nemesis.control import PowerLossPolicy
from splitbrain.harness.nemesis.rules import DiskRule, ProgramRule
from splitbrain.harness.simulation.disk import Losses
from splitbrain.harness.simulation.heap import EventHeap
from splitbrain.harness.simulation.host import Host
from splitbrain.harness.simulation.incarnation import Incarnation
from splitbrain.harness.simulation.trace import Trace


class Levers:
    """A world as the nemesis sees it; `splitbrain.harness.simulation.world.World` has what is
    named here."""

    heap: EventHeap
    trace: Trace
    hosts: dict[str, Host]
    servers: tuple[str, ...]
    clients: tuple[str, ...]
    current: Incarnation | None
    thread: int
    on_nemesis: Callable[[str, Any], None]
    on_client: Callable[[str, bool], None]
    _terms: dict[str, int]

    @property
    def now(self) -> float:
        """True virtual seconds since the start."""
        return self.heap.now

    def trace_event(self, kind: str, *details: Any) -> None:
        """Put an event of the simulator into the trace."""
        if self.trace.recording:
            self.trace.events.append((self.heap.now, kind, *details))

    @property
    def control(self) -> Self:
        """The world itself."""
        return self

    def disturb(self, action: Callable[[], None], then: Callable[[], None]) -> None:
        """Call `action`, and then `then`."""
        action()
        then()

    def running(self, name: str) -> bool:
        """Whether the host's process is up (paused or not)."""
        return self.hosts[name].incarnation is not None

    def paused(self, name: str) -> bool:
        """Whether the host's process is stopped."""
        return self.hosts[name].paused

    def kill(self, name: str) -> dict[str, Any]:
        """Kill the process (SIGKILL): the page cache survives."""
        host = self._strikable(name)
        self.trace_event("kill", name)
        killed = host.kill(host.disk.kill)
        if killed and name in self.clients:
            self.on_client(name, False)
        return {"killed": killed}

    def _strikable(self, name: str) -> Host:
        """A host whose process is about to die."""
        if self.current is not None:
            raise RuntimeError(
                f"{name} was to be killed from within {self.current.name}'s code: "
                "put it on the world's heap (world.after)"
            )
        self._terms.pop(name, None)
        return self.hosts[name]

    def power_loss(self, name: str, policy: PowerLossPolicy = "any_subset") -> dict[str, Any]:
        """Cut the host's power: the process dies and `policy` says what the disk keeps."""
        host = self._strikable(name)
        host.powered = False
        losses = Losses()

        def crash() -> None:
            nonlocal losses
            losses = host.disk.power_loss(policy)

        killed = host.kill(crash)
        self.trace_event("power-loss", name, losses.writes, losses.torn, losses.names)
        return {
            "killed": killed,
            "writes_lost": losses.writes,
            "writes_torn": losses.torn,
            "names_lost": losses.names,
        }

    def start(self, name: str) -> None:
        """Start the process again, if it is down."""
        self.hosts[name].boot()
        if name in self.clients:
            self.on_client(name, True)

    def pause(self, name: str) -> None:
        """Stop the process (SIGSTOP)."""
        host = self.hosts[name]
        if host.incarnation is not None and not host.paused:
            self.trace_event("pause", name)
            host.paused = True

    def resume(self, name: str) -> None:
        """Let a stopped process go on (SIGCONT): what waited happens now."""
        host = self.hosts[name]
        if host.paused:
            self.trace_event("resume", name)
            host.paused = False
            if host.incarnation is not None:
                host.incarnation.step()

    def reset_connections(self, name: str, share: float, random: random.Random) -> list[int]:
        """Reset each established connection of a host with probability `share`."""
        kernel = self.hosts[name].machine
        return [] if kernel is None else kernel.reset(share, random.random)

    def add_program_rule(self, rule: ProgramRule) -> None:
        """Let `rule` act on the programs of its hosts."""
        for name in rule.hosts:
            self.hosts[name].program_rules.add(rule)

    def remove_program_rule(self, rule: ProgramRule) -> None:
        """Lift a rule."""
        for name in rule.hosts:
            self.hosts[name].program_rules.remove(rule)

    def _takes_branch(self, place: str) -> bool:
        """See `splitbrain.harness.rare_branches.buggify`."""
        process = self.current
        if process is None or process.dead or get_ident() != self.thread:
            return False
        rules = process.host.program_rules
        return rules.any and rules.takes(place)

    def set_clock_rate(self, name: str, rate: float) -> None:
        """Let the host's clocks run at `rate` (1.0 is right)."""
        host = self.hosts[name]
        self.trace_event("clock-rate", name, rate)
        host.clock.set_rate(self.now, rate)
        if host.incarnation is not None:
            host.incarnation.rearm()

    def set_wall_rate(self, name: str, rate: float) -> None:
        """Let the host's wall clock run at `rate` of the monotonic one (1.0 sets it right)."""
        self.trace_event("wall-rate", name, rate)
        self.hosts[name].clock.set_wall_rate(self.now, rate)

    def jump_clock(self, name: str, seconds: float) -> None:
        """Set the host's wall clock forward (or back) by `seconds`."""
        self.trace_event("clock-jump", name, seconds)
        self.hosts[name].clock.offset += seconds

    def add_disk_rule(self, rule: DiskRule) -> None:
        """Let `rule` act on the disks of its hosts."""
        for name in rule.hosts:
            self.trace_event("disk-rule", name, rule.name, rule.trouble, rule.amount)
            self.hosts[name].disk_rules.add(rule)

    def remove_disk_rule(self, rule: DiskRule) -> None:
        """Lift a rule; the fsyncs that it held up end."""
        for name in rule.hosts:
            self.trace_event("disk-rule", name, rule.name, "over", 0.0)
            self.hosts[name].disk_rules.remove(rule)

    def holds_unsynced(self, name: str) -> bool:
        """Whether a host's disk holds what is not durable."""
        return self.hosts[name].disk.holds_unsynced()

    def has_data(self, name: str) -> bool:
        """Whether anything is durable on a host's disk."""
        return self.hosts[name].disk.has_data()

    def rot_disk(self, name: str, bits: int, random: random.Random) -> dict[str, Any]:
        """Flip bits of what is durable on a host's disk."""
        files = self.hosts[name].disk.rot(bits, random)
        self.trace_event("rot", name, bits, files)
        return {"files_rotten": list(files)}

    def cut_disk(self, name: str, size: int, random: random.Random) -> dict[str, Any]:
        """Cut the end off a file on a host's disk."""
        files = self.hosts[name].disk.cut(size, random)
        self.trace_event("cut", name, size, files)
        return {"files_cut": list(files)}

    def blank_disk(self, name: str, part: int, parts: int) -> dict[str, Any]:
        """Let a part of each file on a host's disk be zero bytes."""
        files = self.hosts[name].disk.blank(part, parts)
        self.trace_event("blank", name, part, parts, files)
        return {"files_blanked": list(files)}

    def clock_reads(self, name: str) -> int:
        """How often the host's program has read its wall clock or set a timer."""
        return self.hosts[name].clock.reads

    def leader(self) -> str | None:
        """The running server that announced the highest term of leadership, if any has."""
        leading = [name for name in self.servers if name in self._terms]
        return max(leading, key=lambda name: self._terms[name], default=None)

    def record(self, kind: str, value: Any) -> None:
        """Put an event of the nemesis into the history."""
        self.on_nemesis(kind, value)
