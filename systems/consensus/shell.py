"""The shell around the core of a consensus protocol: one server of a replicated key-value store.

Three tasks: one hands over messages, one tells the time, one writes. Whatever the core wants comes
back as effects; a message that promises something waits in the writer's queue behind the saves it
rests on::

    network --receive--> core --effects--> send at once            (a leader's messages, answers)
    timer   --tick-----> core            \\-> writer's queue: save, save, send, save, send ...
    writer  --saved----> core                 \\-- one fsync for all that queued up (group commit)

A disk that fails or has no room ends this life of the server: nobody knows what is durable. It
begins another one, from what is on the disk, as soon as that can be read and written again. If the
disk is damaged, so that this server has forgotten what it promised, it takes part no more and says
so to whoever asks; the others go on without it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar, Protocol

import trio

from splitbrain.checkers import vocabulary
from splitbrain.harness.node import Node
from splitbrain.harness.pictures.telling import Teller
from splitbrain.systems.consensus.asking import REDIRECT, REFUSED, REPLY, REQUEST, Reply
from splitbrain.systems.consensus.kv import KeyValue
from splitbrain.systems.consensus.sending import Send
from splitbrain.systems.storage.engine import Damaged, Full

SURVIVES = (
    "process",
    "net",
    "member.dead",
    "member.away",
    "client",
    "scenario",
    "disk.slow",
    "disk.stall",
    "disk.fsync_error",
    "disk.eio",
    "disk.enospc",
    "disk.short_io",
)
"""Faults that a server in this shell survives, whatever the protocol (`Claims.kinds`).
Of clocks each protocol has to say so itself."""

WALL_CLOCKS = tuple(
    f"clock.{verb}" for verb in ("bump", "strobe", "freeze", "backward", "slew", "leap")
)
"""Faults of wall clocks, which whoever counts by monotonic clocks survives; `clock.drift` is
another matter: it changes the rate of both."""

RETRY_S = 0.2
"""How long to wait before a disk that failed is tried again, in seconds."""

NOBODY = (REDIRECT, None)
"""The answer of a server that knows of no leader."""


class Core(Protocol):
    """A protocol without network, disk or clock; time is the server's local clock, in seconds."""

    @property
    def deadline(self) -> float:
        """When `tick` has something to do."""
        ...

    def receive(self, now: float, sender: str, message: tuple[Any, ...]) -> list[Any]:
        """Handle a message."""
        ...

    def tick(self, now: float) -> list[Any]:
        """Do what is due."""
        ...

    def saved(self, now: float, number: int) -> list[Any]:
        """The first `number` saves of this incarnation are durable."""
        ...


class Durable(Protocol):
    """Where saves go."""

    async def save(self, saves: Iterable[Any]) -> None:
        """Make the saves durable, in order."""
        ...

    async def mark(self) -> object:
        """Note that all is durable, for there is nothing else to write."""
        ...


class Shell:
    """Drives a core.

    Attributes:
        saves: the kinds of effects that are for the disk.
        longest_wait: how late a deadline that moved may be noticed, in seconds.
        storage: where saves go.
        core: the protocol, of the present life, or of the last one.
        now: the server's local time, in seconds.
        lives: whether its life goes on: of one that ended, a leader seems to lead for ever.
        teller: who shows what changes in it.
    """

    saves: ClassVar[tuple[type, ...]] = ()
    longest_wait = 0.1
    storage: Durable
    core: Core

    def __init__(self, node: Node) -> None:
        self.node = node
        self.network = node.network
        self.begin()

    async def recover(self) -> Core:
        """The protocol, starting from what the disk holds.

        Raises:
            OSError, Full: the disk failed; try again later.
            Damaged: it forgot what it promised.
        """
        raise NotImplementedError

    def report(self, effect: Any) -> None:
        """Tell the world what happened here."""
        raise NotImplementedError

    def note(self, effect: Any) -> None:
        """Show what is about to be saved, if there is something to see in it; called where somebody
        looks (`Teller`)."""

    def show(self) -> None:
        """Show what is another than it was; called where somebody looks (`Teller`)."""

    def show_applied(self, applied: int, application: object) -> None:
        """Show how far the state is, and what of it has changed, if it is a key-value store."""
        if self.teller.changed(("state", "applied"), applied) and isinstance(application, KeyValue):
            self.teller.holds_all(application.data)

    def tell_role(self, role: str, term: int, *, leads: bool) -> None:
        """Tell what this server is now; each leadership that it wins is announced."""
        self.node.trace("role", role, term)
        if leads:
            self.node.announce(vocabulary.LEADER, {"term": term})

    def begin(self) -> None:
        """Nothing of a former life is left to do."""
        self.queue: list[Any] = []
        self.writing = False
        self.wake_writer = trio.Event()
        self.batches = self.marked = 0
        self.lives = False
        self.teller = Teller(self.node)

    async def run(self) -> None:
        """Live, again and again while the disk fails; until it is damaged."""
        damaged = False
        while not damaged:
            try:
                await self.live()
            except* (OSError, Full) as failures:
                self.node.trace("disk-failed", str(failures.exceptions[0]))
            except* Damaged as damages:
                self.node.trace("disk-damaged", str(damages.exceptions[0]))
                damaged = True
            await trio.sleep(RETRY_S)
        await self.refuse()

    async def refuse(self) -> None:
        """Tell clients that they have to ask others."""
        while True:
            sender, message = await self.network.receive()
            if message[0] == REQUEST:
                answer = (REFUSED, "the disk is damaged") if message[2] == ("state",) else NOBODY
                self.network.send(sender, Reply(REPLY, message[1], *answer))

    async def live(self) -> None:
        """Recover, then serve."""
        self.begin()
        self.now = trio.lowlevel.current_clock().current_time  # `trio.current_time`, at a third
        self.core, self.lives = await self.recover(), True
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self.keep_time)
                nursery.start_soon(self.write)
                await self.receive()
        finally:
            self.lives = False

    async def receive(self) -> None:
        """Hand over every message."""
        receive, core, now = self.network.receive, self.core, self.now
        while True:
            sender, message = await receive()
            self.perform(core.receive(now(), sender, message))

    async def keep_time(self) -> None:
        """Tell the core when its deadline has come.

        A deadline that moves is noticed within the longest wait; waking this task for each would
        cost more.
        """
        core, longest, now = self.core, self.longest_wait, self.now
        while True:
            batches = self.batches
            await trio.sleep_until(min(core.deadline, now() + longest))
            self.perform(core.tick(now()))
            if self.marked < batches == self.batches:
                self.wake_writer.set()  # nothing was written for a while

    async def write(self) -> None:
        """Make durable what has queued up, then let go the messages that waited for it."""
        saved = 0
        while True:
            if not self.queue:
                self.wake_writer = trio.Event()
                await self.wake_writer.wait()
            batch, self.queue = self.queue, []
            saves = [effect for effect in batch if not isinstance(effect, Send)]
            self.writing = True
            if saves:
                await self.storage.save(saves)
                self.batches += 1
            elif not batch:
                await self.storage.mark()
                self.marked = self.batches
            self.writing = False
            for effect in batch:
                if isinstance(effect, Send):
                    self.network.send(effect.to, effect.message)
            saved += len(saves)
            self.perform(self.core.saved(self.now(), saved))

    def perform(self, effects: list[Any]) -> None:
        """Do what the core asks for."""
        looked_at = self.teller.heard
        for effect in effects:
            if isinstance(effect, Send):
                if effect.durable and (self.queue or self.writing):
                    self.queue.append(effect)
                else:
                    self.network.send(effect.to, effect.message)
            elif isinstance(effect, self.saves):
                self.queue.append(effect)
                if looked_at:
                    self.note(effect)
            else:
                self.report(effect)
        if self.queue and not self.writing:
            self.wake_writer.set()
        if looked_at:
            self.show()
