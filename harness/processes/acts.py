"""What is done to servers of real processes, and who of them leads.

`splitbrain.harness.processes.levers.Levers` has it done in the world's thread.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping
from secrets import randbits

from splitbrain.harness.nemesis.control import Effect, PowerLossPolicy
from splitbrain.harness.nemesis.rules import DiskRule, LinkRule
from splitbrain.harness.processes.hosts import Server
from splitbrain.harness.processes.lives import Lives, ProcessTrouble
from splitbrain.harness.processes.network.switch import Switch


class Acts:
    """What each lever on servers does.

    Args:
        servers: the servers, by name.
        lives: their lives.
        switch: what their messages go through.
        hosts: everybody who sends messages.
        stream: the streams of randomness under the plan's seed.
        told: writes into the trace.
        failed: called with what ends the run.

    Attributes:
        lives: the servers' lives.
        terms: the highest term of which each server that is up said that it leads in it.
    """

    def __init__(
        self,
        servers: Mapping[str, Server],
        lives: Lives,
        switch: Switch,
        hosts: Iterable[str],
        stream: Callable[..., random.Random],
        told: Callable[..., None],
        failed: Callable[[BaseException], None],
    ) -> None:
        self.lives = lives
        self.terms: dict[str, int] = {}
        self._servers = servers
        self._switch = switch
        self._hosts = tuple(hosts)
        self._dark: dict[str, LinkRule] = {}  # servers without power, and what cuts them off
        self._stream = stream
        self._told = told
        self._failed = failed

    async def start(self, name: str) -> None:
        """Begin a server's next life."""
        host = self._servers[name]
        if host.life is None:
            self._told("boot", name, host.lives)
            await self.lives.start(host)
            if host.ahead:
                await self.set_clock_again(host)
            if name in self._dark:
                await self.lives.serving(host)
                self._switch.remove_rule(self._dark.pop(name))

    async def kill(self, name: str) -> bool:
        """End a server's life; False if there is none."""
        self._told("kill", name)
        killed = await self.lives.kill(self._servers[name])
        self.terms.pop(name, None)
        return killed

    async def power_loss(self, name: str, policy: PowerLossPolicy) -> Effect:
        """End a server's life, if there is one, and lose what was not synced. Until it serves
        again nothing answers there, not even that nobody is there."""
        host = self._servers[name]
        if name not in self._dark:
            others = [other for other in self._hosts if other != name]
            links = frozenset((*((name, o) for o in others), *((o, name) for o in others)))
            self._dark[name] = LinkRule("power", links, block=True)
            self._switch.add_rule(self._dark[name])
        killed = await self.lives.kill(host)
        self.terms.pop(name, None)
        lost = await self.lives.lose_power(host, policy, randbits(64))  # no machine repeats that
        self._told("power-loss", name, lost["writes_lost"], 0, lost["names_lost"])
        return {"killed": killed, **lost}

    async def terminate(self, name: str, patience: float) -> bool:
        """Ask a server's life to end; True if it had to be killed after all."""
        self._told("terminate", name)
        killed = await self.lives.terminate(self._servers[name], patience)
        self.terms.pop(name, None)
        return killed

    async def keep_copy(self, name: str) -> None:
        """Keep a copy of a server's data directory."""
        await self.lives.keep_copy(self._servers[name])
        self._told("backup", name)

    async def replace_data(self, name: str, by_copy: bool) -> int:
        """Empty a server's data directory, or put the copy there; how many files are changed."""
        changed = await self.lives.replace_data(self._servers[name], by_copy=by_copy)
        self._told("older" if by_copy else "empty", name, changed)
        return changed

    async def fill_disk(self, name: str, full: bool) -> bool:
        """Take all free room from a server's disk, or give it back; whether there was none."""
        there_was_none = await self.lives.fill_disk(self._servers[name], full=full)
        self._told("disk-full" if full else "disk-room", name)
        return there_was_none

    async def jump_clock(self, name: str, seconds: float) -> None:
        """Move a server's wall clock, which stays so through its lives."""
        host = self._servers[name]
        was_wrong = host.ahead != 0
        host.ahead = round(host.ahead + seconds, 9)
        self._told("clock-jump", name, seconds)
        asked = await self.lives.set_clock(host, host.ahead)
        host.asked += asked if was_wrong else 0

    async def set_clock_again(self, host: Server) -> None:
        """A new process of a server has the machine's clock."""
        try:
            await self.lives.set_clock(host, host.ahead)
        except ProcessTrouble as error:
            self._failed(error)

    async def slow_disk(self, rule: DiskRule) -> None:
        """Have what waits for some servers' disks take longer."""
        mean = rule.amount if rule.trouble == "slow" else None
        for name in rule.hosts:
            seed = self._stream("rule", rule.name, name).getrandbits(64)
            await self.lives.slow_disk(self._servers[name], rule.name, mean, seed)
            self._told("disk-rule", name, rule.name, rule.trouble, rule.amount)

    async def fast_disk(self, rule: DiskRule) -> None:
        """Lift a rule of disks, which has counted what it did."""
        for name in rule.hosts:
            rule.affected += await self.lives.fast_disk(self._servers[name], rule.name)
            self._told("disk-rule", name, rule.name, "over", 0.0)

    async def pause(self, name: str) -> None:
        """Let a server stand still."""
        await self.lives.pause(self._servers[name])
        self._told("pause", name)

    async def resume(self, name: str) -> None:
        """Let a server go on."""
        self._told("resume", name)
        await self.lives.resume(self._servers[name])

    def leader(self) -> str | None:
        """Who announced the highest term and is up."""
        return max(self.terms, key=self.terms.__getitem__, default=None)
