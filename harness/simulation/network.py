"""The simulated network: latency, loss, and the rules that faults put on links.

Each link (an ordered pair of hosts) draws from its own named stream, so what happens on one link
does not change what happens on another. A message takes 0.5 to 2 ms; one in fifty is late by up
to 20 ms more, so messages overtake each other even without faults. A rule can block a link, or
delay, lose or duplicate what passes; a blocked link also loses what was under way on it when it
was cut.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from math import log
from typing import TYPE_CHECKING, Any

from splitbrain.harness.nemesis.rules import Answer, LinkRule
from splitbrain.harness.node import Message
from splitbrain.harness.simulation.heap import EventHeap
from splitbrain.harness.simulation.trace import Trace

if TYPE_CHECKING:
    from splitbrain.harness.simulation.host import Host

Link = tuple[str, str]


class MessageStorm(RuntimeError):
    """Nodes sent each other messages without end; raised in the code of the last sender."""


class Packet(tuple[Any, ...]):
    """A message that the hosts' kernels exchange, not their programs.

    Attributes:
        arrive: called with `arguments` when it is there, whatever has become of the host.
    """

    arrive: Callable[..., None]
    arguments: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class NetworkParameters:
    """How the network behaves without faults; times in seconds.

    Attributes:
        latency: least and greatest ordinary latency (uniform between).
        late: probability that a message is late.
        lateness: greatest additional latency of a late message (uniform from 0).
        storm: so many messages within a virtual second are taken for a loop.
    """

    latency: tuple[float, float] = (0.0005, 0.002)
    late: float = 0.02
    lateness: float = 0.02
    storm: int = 200_000


class SimulatedNetwork:
    """All links of a world.

    Attributes:
        sent: messages sent so far.
    """

    def __init__(
        self,
        heap: EventHeap,
        trace: Trace,
        stream: Callable[..., random.Random],
        parameters: NetworkParameters,
    ) -> None:
        self.sent = 0
        self.told: Callable[[str, str, Message], None] | None = None  # somebody who watches
        self._storm_check = self._storm = parameters.storm
        self._storm_since = 0.0
        self._heap = heap
        self._events = trace.events
        self._recording = trace.recording
        self._stream = stream
        self._least, most = parameters.latency
        self._spread = most - self._least
        self._late = parameters.late
        self._lateness = parameters.lateness
        self._draws: dict[Link, Callable[[], float]] = {}
        self._rules: dict[Link, tuple[LinkRule, ...]] = {}
        self._hosts: dict[str, Host] = {}
        self._rule_draws: dict[tuple[str, Link], Callable[[], float]] = {}

    def attach(self, host: Host) -> None:
        """Connect a host."""
        self._hosts[host.name] = host

    def add_rule(self, rule: LinkRule) -> None:
        """Let `rule` act on its links, in addition to the rules already there."""
        for link in sorted(rule.links):
            self._rules[link] = (*self._rules.get(link, ()), rule)

    def remove_rule(self, rule: LinkRule) -> None:
        """Take a rule off all links."""
        for link, rules in list(self._rules.items()):
            kept = tuple(other for other in rules if other is not rule)
            if kept:
                self._rules[link] = kept
            else:
                del self._rules[link]

    def send(self, source: str, destination: str, message: Message) -> None:
        """Put a message under way.

        Raises:
            TypeError: the message is not a tuple, or holds a mutable value.
            ValueError: there is no such destination.
        """
        if type(message) is not tuple and not isinstance(message, tuple):
            raise TypeError(f"{source} sent a {type(message).__name__}: a message is a tuple")
        hash(message)  # raises TypeError for anything mutable inside, which two nodes could share
        link = (source, destination)
        draw = self._draws.get(link)
        if draw is None:
            draw = self._first_draw(link)
        heap = self._heap
        number = self.sent = self.sent + 1
        if number >= self._storm_check:
            self._check_for_storm(source)
        # Always two draws, so that the latencies of later messages don't depend on earlier fates.
        latency = self._least + self._spread * draw()
        fate = draw()
        if fate < self._late:
            latency += self._lateness * fate / self._late
        if self._recording:
            self._events.append((heap.now, "send", source, destination, number, message))
        if self.told is not None:
            self.told("send", source, message)
        if self._rules and link in self._rules:
            self._send_under_rules(link, number, message, latency)
        else:
            heap.after(latency, self._deliver, link, number, message)

    def _first_draw(self, link: Link) -> Callable[[], float]:
        source, destination = link
        if destination not in self._hosts:
            raise ValueError(f"{source} sent a message to {destination!r}: there is no such host")
        draw = self._draws[link] = self._stream("link", source, destination).random
        return draw

    def _check_for_storm(self, source: str) -> None:
        """End a run in which messages beget messages before it takes all memory."""
        if self._heap.now - self._storm_since < 1.0:
            raise MessageStorm(
                f"{self._storm} messages were sent within a virtual second, the last by {source}: "
                "messages answer each other without end"
            )
        self._storm_check, self._storm_since = self.sent + self._storm, self._heap.now

    def _send_under_rules(self, link: Link, number: int, message: Message, latency: float) -> None:
        heap = self._heap
        copies: list[tuple[float, LinkRule]] = []  # how much later each is than it would be
        for rule in self._rules[link]:
            if not rule.concerns(message):
                continue
            if rule.answer is not None and self._answered(rule.answer, link, message, latency):
                rule.affected += 1
                self._drop(link, number, rule.name)
                return
            draw = self._rule_draw(rule.name, link)
            if rule.block or (rule.loss and draw() < rule.loss):
                rule.affected += 1
                self._drop(link, number, rule.name)
                return
            if rule.delay:
                rule.affected += 1
                latency -= log(1.0 - draw()) * rule.delay  # exponential, of that mean
            if rule.duplicate and draw() < rule.duplicate:
                rule.affected += 1
                copies.append((-log(1.0 - draw()) * rule.later if rule.later else 0.0, rule))
        heap.after(latency, self._deliver, link, number, message)
        for copy, (later, rule) in enumerate(copies, 1):
            delay = latency * (1 + 2 * copy) + later
            if later:
                heap.after(delay, self._deliver_late, rule, link, number, message)
            else:
                heap.after(delay, self._deliver, link, number, message)

    def _deliver_late(self, rule: LinkRule, link: Link, number: int, message: Message) -> None:
        if rule.healing.done:
            self._drop(link, number, rule.name)
        else:
            self._deliver(link, number, message)

    def _answered(self, answer: Answer, link: Link, message: Message, latency: float) -> bool:
        """Whether a message was answered in the place of its receiver, which must be up."""
        source, destination = link
        answered = answer(message)
        if answered is None or self._hosts[destination].incarnation is None:
            return False
        self._heap.after(latency, self.send, destination, source, answered)
        return True

    def _rule_draw(self, name: str, link: Link) -> Callable[[], float]:
        draw = self._rule_draws.get((name, link))
        if draw is None:
            draw = self._rule_draws[name, link] = self._stream("rule", name, *link).random
        return draw

    def _deliver(self, link: Link, number: int, message: Message) -> None:
        if self._rules and link in self._rules:
            for rule in self._rules[link]:
                if rule.block:
                    rule.affected += 1
                    self._drop(link, number, rule.name)
                    return
        source, destination = link
        if self.told is not None:
            self.told("receive", destination, message)
        # Recorded before the host runs, so that its reactions come after their cause.
        if self._recording:
            self._events.append((self._heap.now, "receive", source, destination, number))
        if type(message) is Packet:
            message.arrive(*message.arguments)
            return
        incarnation = self._hosts[destination].incarnation
        if incarnation is not None:
            incarnation.inbox.put((source, message))
        elif self._recording:
            self._events[-1] = (self._heap.now, "drop", source, destination, number, "down")

    def blocked(self, source: str, destination: str) -> bool:
        """Whether a rule blocks the way back, on which acknowledgements would go."""
        return any(rule.block for rule in self._rules.get((destination, source), ()))

    def slicer(self, source: str, destination: str) -> tuple[LinkRule, Callable[[], float]] | None:
        """The rule that cuts streams on this link, if one does, and its dice."""
        for rule in self._rules.get((source, destination), ()):
            if rule.slices:
                return rule, self._rule_draw(rule.name, (source, destination))
        return None

    def _drop(self, link: Link, number: int, reason: str) -> None:
        if self._recording:
            self._events.append((self._heap.now, "drop", *link, number, reason))
