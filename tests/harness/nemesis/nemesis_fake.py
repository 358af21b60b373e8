"""A world without nodes' code, to try the nemesis on; checked against the simulated one.

Time passes by `run_until`; tests play the nodes by `announce`, `read_clock` and `send`.
`test_nemesis_control_contract.py` runs the same tests on it and on the simulated world.
"""

from __future__ import annotations

import heapq
import random
from collections import Counter
from collections.abc import Callable
from typing import Any

from splitbrain.harness.nemesis.control import Callback, PowerLossPolicy
from splitbrain.harness.nemesis.nemesis import Nemesis
from splitbrain.harness.nemesis.rules import DiskRule, LinkRule, ProgramRule
from splitbrain.harness.plan import Fault
from splitbrain.harness.streams import stream


class FakeControl:
    """A `splitbrain.harness.nemesis.control.Control`; ``log`` holds what was done, in order."""

    def __init__(self, nodes: int = 3, clients: int = 1, seed: int = 0) -> None:
        self.now = 0.0
        self.servers = tuple(f"n{i + 1}" for i in range(nodes))
        self.clients = tuple(f"c{i + 1}" for i in range(clients))
        self.log: list[tuple[float, str, Any]] = []
        self.history: list[tuple[float, str, Any]] = []
        self.rules: list[LinkRule] = []
        self.disk_rules: list[DiskRule] = []
        self.wall_rates = dict.fromkeys(self.servers, 1.0)
        self.rates = dict.fromkeys(self.servers, 1.0)
        self.offsets = dict.fromkeys(self.servers, 0.0)
        self.unsynced = dict.fromkeys(self.servers, 0)
        self.listeners: list[Callback] = []
        self._seed = seed
        self._up = dict.fromkeys((*self.servers, *self.clients), True)
        self._paused = dict.fromkeys((*self.servers, *self.clients), False)
        self._terms: dict[str, int] = {}
        self._reads = Counter[str]()
        self._heap: list[tuple[float, int, Callable[..., object], tuple[Any, ...]]] = []
        self._count = 0

    # Time

    def after(self, delay: float, fn: Callable[..., object], *args: Any) -> None:
        self._count += 1
        heapq.heappush(self._heap, (self.now + delay, self._count, fn, args))

    def run_until(self, time: float) -> None:
        while self._heap and self._heap[0][0] <= time:
            self.now, _, fn, args = heapq.heappop(self._heap)
            fn(*args)
        self.now = time

    # Processes

    def running(self, name: str) -> bool:
        return self._up[name]

    def paused(self, name: str) -> bool:
        return self._paused[name]

    def kill(self, name: str) -> dict[str, Any]:
        was_up = self._up[name]
        self._end(name)
        self._note("kill", name)
        return {"killed": was_up}

    def power_loss(self, name: str, policy: PowerLossPolicy) -> dict[str, Any]:
        was_up = self._up[name]
        self._end(name)
        lost, self.unsynced[name] = self.unsynced[name], 0
        self._note("power-loss", (name, policy))
        return {"killed": was_up, "writes_lost": lost}

    def _end(self, name: str) -> None:
        self._up[name] = self._paused[name] = False
        self._terms.pop(name, None)

    def start(self, name: str) -> None:
        if not self._up[name]:
            self._up[name] = True
            self._note("start", name)

    def pause(self, name: str) -> None:
        if self._up[name] and not self._paused[name]:
            self._paused[name] = True
            self._note("pause", name)

    def resume(self, name: str) -> None:
        if self._paused[name]:
            self._paused[name] = False
            self._note("resume", name)

    # What only unmodified programs have

    def reset_connections(self, name: str, share: float, random: random.Random) -> list[int]:
        self._note("reset", (name, share))
        return [1, 2]

    def add_program_rule(self, rule: ProgramRule) -> None:
        self._note("program-rule", rule.hosts)

    def remove_program_rule(self, rule: ProgramRule) -> None:
        self._note("program-rule-over", rule.hosts)

    # What only real processes have

    def terminate(self, name: str, patience: float) -> dict[str, Any]:
        self._end(name)
        self._note("terminate", (name, patience))
        return {"killed": False}

    def keep_copy(self, name: str) -> None:
        self._note("keep-copy", name)

    def replace_data(self, name: str, *, by_copy: bool) -> dict[str, Any]:
        assert not self._up[name]
        self._note("replace-data", (name, by_copy))
        return {"files_changed": 1}

    def fill_disk(self, name: str, *, full: bool) -> bool:
        self._note("fill-disk", (name, full))
        return not full

    # Clocks

    def set_clock_rate(self, name: str, rate: float) -> None:
        self.rates[name] = rate

    def set_wall_rate(self, name: str, rate: float) -> None:
        self.wall_rates[name] = rate

    def jump_clock(self, name: str, seconds: float) -> None:
        self.offsets[name] = self.offsets.get(name, 0.0) + seconds

    def clock_reads(self, name: str) -> int:
        return self._reads[name]

    # Network

    def add_rule(self, rule: LinkRule) -> None:
        self.rules.append(rule)

    def remove_rule(self, rule: LinkRule) -> None:
        self.rules = [other for other in self.rules if other is not rule]

    # Disks

    def add_disk_rule(self, rule: DiskRule) -> None:
        self.disk_rules.append(rule)

    def remove_disk_rule(self, rule: DiskRule) -> None:
        self.disk_rules = [other for other in self.disk_rules if other is not rule]

    def holds_unsynced(self, name: str) -> bool:
        return True

    def has_data(self, name: str) -> bool:
        return True

    def rot_disk(self, name: str, bits: int, random: random.Random) -> dict[str, Any]:
        self._note("rot", (name, bits))
        return {"files_rotten": ["file"] if bits else []}

    def cut_disk(self, name: str, size: int, random: random.Random) -> dict[str, Any]:
        self._note("cut", (name, size))
        return {"files_cut": ["file"]}

    def blank_disk(self, name: str, part: int, parts: int) -> dict[str, Any]:
        self._note("blank", (name, part, parts))
        return {"files_blanked": ["file"]}

    # The rest

    def leader(self) -> str | None:
        leading = [name for name in self.servers if name in self._terms]
        return max(leading, key=self._terms.__getitem__, default=None)

    def stream(self, *name: int | str) -> random.Random:
        return stream(self._seed, *name)

    def record(self, kind: str, value: Any) -> None:
        self.history.append((round(self.now, 6), kind, value))

    def watch(self, event: str, callback: Callback) -> Callable[[], None]:
        raise AssertionError("nothing here waits for a machine")

    def subscribe(self, callback: Callback) -> Callable[[], None]:
        self.listeners.append(callback)
        return lambda: self.listeners.remove(callback)

    def _note(self, action: str, what: Any) -> None:
        self.log.append((round(self.now, 6), action, what))

    # What the tests do in the nodes' place

    def announce(self, node: str, term: int) -> None:
        self._terms[node] = term
        for listener in tuple(self.listeners):
            self.after(0.0, listener, "leader", node, {"term": term})

    def tell(self, event: str, node: str, *details: Any) -> None:
        """What the node's code puts into the trace."""
        for listener in tuple(self.listeners):
            self.after(0.0, listener, event, node, details)

    def read_clock(self, node: str) -> None:
        self._reads[node] += 1

    def die(self, node: str) -> None:
        """The node's code raised."""
        self._end(node)

    def send(self, source: str, destination: str) -> int:
        """Send a message under the rules in force; how many copies arrive."""
        copies = 1
        for rule in self.rules:
            if not rule.covers(source, destination):
                continue
            dice = self.stream("rule", rule.name, source, destination)
            if rule.block or dice.random() < rule.loss:
                rule.affected += 1
                return 0
            if rule.delay:
                rule.affected += 1
            if dice.random() < rule.duplicate:
                rule.affected += 1
                copies += 1
        return copies if self._up.get(destination, True) else 0


def performing(*faults: Fault, nodes: int = 3, seed: int = 0) -> tuple[FakeControl, Nemesis]:
    """A fake world with the faults on its heap."""
    world = FakeControl(nodes, seed=seed)
    nemesis = Nemesis(faults, world)
    nemesis.schedule()
    return world, nemesis


def stops(world: FakeControl) -> dict[str, dict[str, Any]]:
    """The stop events recorded so far, by fault id."""
    return {v["id"]: v for _, _, v in world.history if v["phase"] == "stop"}


def starts(world: FakeControl) -> dict[str, dict[str, Any]]:
    """The start events recorded so far, by fault id."""
    return {v["id"]: v for _, _, v in world.history if v["phase"] == "start"}
