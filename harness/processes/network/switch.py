"""The switch: every message of a run goes through it, so that links can be cut, slowed and lossy.

    n1 ══ TCP ══► switch ── rules of the link n1 → n2 ──► waits for n2 ══ TCP ══► n2

Each server's process has one connection to it; clients live beside it. What waits for a server that
is paused or slow waits by itself, and holds nobody else up. A rule does here what it does in the
simulated network: drop, delay (exponential, of its mean), duplicate. What is under way under a rule
when a link is cut is lost; what has gone into a server's connection arrives.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from math import log
from typing import Any

import trio

from splitbrain.harness.nemesis.rules import Link, LinkRule
from splitbrain.harness.processes.network.wire import unpacked
from splitbrain.harness.simulation.trace import Trace

LATE_COPY_S = 0.002
"""Time until the second copy of a duplicated message, unless it is to be later."""

MOST_QUEUED_S = 1.0
"""How long messages may wait before a narrow link; those that would wait longer are lost."""

Door = Callable[[str, bytes], bool]
"""Takes a message into a host, by its sender and as bytes; False if it waits for too many."""


class Switch:
    """All links of a world.

    Attributes:
        doors: the ways into the hosts that are up, by name.
        latency: seconds that each message of a link takes, faults aside; None if none takes any.
        sent: how many messages were sent, by link.
    """

    def __init__(
        self,
        trace: Trace,
        stream: Callable[..., random.Random],
        now: Callable[[], float],
        after: Callable[..., None],
    ) -> None:
        self.doors: dict[str, Door] = {}
        self.latency: Callable[[str, str], float] | None = None
        self.sent: Counter[Link] = Counter()
        self._trace = trace
        self._stream = stream
        self._now = now
        self._after = after
        self._sent = 0
        self._rules: tuple[LinkRule, ...] = ()
        self._dice: dict[tuple[str, Link], random.Random] = {}
        self._free_at: dict[tuple[str, Link], float] = {}
        self._healed = trio.Event()

    def add_rule(self, rule: LinkRule) -> None:
        """Let `rule` act on its links, in addition to the rules already there."""
        self._rules = (*self._rules, rule)

    def remove_rule(self, rule: LinkRule) -> None:
        """Take a rule off all links."""
        self._rules = tuple(other for other in self._rules if other is not rule)
        self._healed.set()
        self._healed = trio.Event()

    def send(self, source: str, destination: str, data: bytes) -> None:
        """Put a message under way."""
        shown = unpacked(data) if self._trace.recording else None
        self.carry((source, destination), data, shown)

    def carry(self, link: Link, data: bytes, shown: Any, door: Door | None = None) -> None:
        """Put under way what one host sends to another.

        Args:
            link: from whom to whom.
            data: what arrives.
            shown: what it is in the trace.
            door: the way in, if it is not that of messages.
        """
        self._sent += 1
        number, (source, destination) = self._sent, link
        self.sent[link] += 1
        self._told("send", source, destination, number, shown)
        rules = [rule for rule in self._rules if rule.covers(source, destination)]
        delay = 0.0 if self.latency is None else self.latency(source, destination)
        if not rules:
            self._later(delay, link, number, data, door)
            return
        copies: list[tuple[float, LinkRule]] = []  # when they come after the first one
        for rule in rules:
            dice = self._dice_of(rule, link)
            if rule.block or (rule.loss and dice.random() < rule.loss):
                rule.affected += 1
                self._told("drop", *link, number, rule.name)
                return
            if rule.delay:
                rule.affected += 1
                delay -= log(1.0 - dice.random()) * rule.delay
            if rule.bandwidth:
                rule.affected += 1
                if self._free_at.get((rule.name, link), 0.0) - self._now() > MOST_QUEUED_S:
                    self._told("drop", *link, number, rule.name)
                    return
                delay += self._reserved(rule, link, len(data)) - self._now()
            if rule.duplicate and dice.random() < rule.duplicate:
                rule.affected += 1
                late = -log(1.0 - dice.random()) * rule.later if rule.later else 0.0
                copies.append(((len(copies) + 1) * LATE_COPY_S + late, rule))
        self._later(delay, link, number, data, door)
        for late, rule in copies:
            self._after(delay + late, self._deliver_late, rule, link, number, data, door)

    # Streams, of which nothing gets lost (`splitbrain.harness.processes.network.links`)

    async def wait(self, link: Link, piece: bytes) -> None:
        """Wait until a piece of a stream may cross a link; the trace has how many bytes it has."""
        self._sent += 1
        self.sent[link] += 1
        number = self._sent
        self._told("send", *link, number, ("bytes", len(piece)))
        while cutting := [rule for rule in self._rules if rule.block and rule.covers(*link)]:
            cutting[0].affected += 1
            await self._healed.wait()
        for rule in self._rules:
            if rule.bandwidth and rule.covers(*link):
                rule.affected += 1
                await self._squeezed(rule, self._reserved(rule, link, len(piece)))
        self._told("receive", *link, number)

    async def _squeezed(self, rule: LinkRule, due: float) -> None:
        """Wait until a time that a narrow link gave, or until the link is wide again."""
        while rule in self._rules and (left := due - self._now()) > 0:
            with trio.move_on_after(left):
                await self._healed.wait()

    def _reserved(self, rule: LinkRule, link: Link, size: int) -> float:
        """When so many bytes have passed a narrow link, after those before them."""
        name = (rule.name, link)
        begin = max(self._now(), self._free_at.get(name, 0.0))
        end = self._free_at[name] = begin + size / rule.bandwidth
        return end

    def delay(self, link: Link, repeated: float) -> float:
        """How many seconds a piece of a stream takes; one that is lost, `repeated` more."""
        found = 0.0 if self.latency is None else self.latency(*link)
        for rule in self._rules:
            if not rule.covers(*link):
                continue
            dice = self._dice_of(rule, link)
            if rule.delay:
                rule.affected += 1
                found -= log(1.0 - dice.random()) * rule.delay
            if rule.loss and dice.random() < rule.loss:
                rule.affected += 1
                found += repeated
        return found

    def _later(self, delay: float, *message: Any) -> None:
        if delay:
            self._after(delay, self._deliver, *message)
        else:
            self._deliver(*message)

    def _deliver_late(self, rule: LinkRule, link: Link, number: int, *message: Any) -> None:
        if rule.later and rule.healing.done:
            self._told("drop", *link, number, rule.name)
        else:
            self._deliver(link, number, *message)

    def _dice_of(self, rule: LinkRule, link: Link) -> random.Random:
        name = (rule.name, link)
        if name not in self._dice:
            self._dice[name] = self._stream("rule", rule.name, *link)
        return self._dice[name]

    def _deliver(self, link: Link, number: int, data: bytes, door: Door | None) -> None:
        source, destination = link
        for rule in self._rules:
            if rule.block and rule.covers(source, destination):
                rule.affected += 1
                self._told("drop", *link, number, rule.name)
                return
        door = door or self.doors.get(destination)
        if door is None:
            self._told("drop", *link, number, "down")
            return
        # Recorded before the host has it, so that its reactions come after their cause.
        self._told("receive", *link, number)
        if not door(source, data):
            self._told("drop", *link, number, "too many wait")

    def _told(self, kind: str, *details: Any) -> None:
        self._trace.add(self._now(), kind, *details)
