"""The shell around the Raft core: one server of a replicated key-value store.

Three tasks: one hands over messages, one tells the time, one writes. Whatever the core wants comes
back as effects; a message that promises something waits in the writer's queue behind the saves it
rests on::

    network --receive--> core --effects--> send at once            (a leader's messages, answers)
    timer   --tick-----> core            \\-> writer's queue: save, save, send, save, send ...
    writer  --saved----> core                 \\-- one fsync for all that queued up (group commit)
"""

from __future__ import annotations

from typing import Any, ClassVar

import trio

from splitbrain.checkers import vocabulary
from splitbrain.harness.node import Node
from splitbrain.systems.consensus.raft.core import Raft
from splitbrain.systems.consensus.raft.effects import (
    Effect,
    RoleChanged,
    SaveEntries,
    SaveSnapshot,
    SaveState,
    Send,
    SnapshotInstalled,
    Stored,
)
from splitbrain.systems.consensus.raft.kv import KeyValue
from splitbrain.systems.consensus.raft.phases import LEADER
from splitbrain.systems.consensus.raft.rules import Rules
from splitbrain.systems.consensus.raft.sessions import Sessions
from splitbrain.systems.consensus.raft.state import Settings
from splitbrain.systems.consensus.raft.storage import Save, Storage


class RaftKV:
    """A key-value store replicated by Raft. Announces each leadership that it wins."""

    rules: ClassVar[type[Rules]] = Rules
    storage_class: ClassVar[type[Storage]] = Storage
    machine_class: ClassVar[type[Sessions]] = Sessions
    settings: ClassVar[Settings] = Settings()

    def __init__(self, node: Node) -> None:
        self.node = node
        self.network = node.network
        self.storage = self.storage_class(node.disk)
        self.queue: list[Save | Send] = []
        self.writing = False
        self.wake_writer = trio.Event()
        self.core: Raft

    def make_core(self, stored: Stored) -> Raft:
        """The protocol, starting from what the disk holds."""
        return Raft(
            self.node.name,
            self.node.peers,
            self.machine_class(KeyValue()),
            stored=stored,
            random=self.node.random,
            now=trio.current_time(),
            settings=self.settings,
            rules=self.rules(),
        )

    async def run(self) -> None:
        """Recover, then serve until cancelled."""
        self.core = self.make_core(await self.storage.recover())
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self.keep_time)
            nursery.start_soon(self.write)
            await self.receive()

    async def receive(self) -> None:
        """Hand over every message."""
        receive, core, now = self.network.receive, self.core, trio.current_time
        while True:
            sender, message = await receive()
            self.perform(core.receive(now(), sender, message))

    async def keep_time(self) -> None:
        """Tell the core when its deadline has come.

        A deadline that moves is noticed within a heartbeat; waking this task for each would cost
        more.
        """
        core, longest = self.core, self.settings.heartbeat
        while True:
            await trio.sleep_until(min(core.deadline, trio.current_time() + longest))
            self.perform(core.tick(trio.current_time()))

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
            await self.storage.save(saves)
            self.writing = False
            for effect in batch:
                if isinstance(effect, Send):
                    self.network.send(effect.to, effect.message)
            saved += len(saves)
            self.perform(self.core.saved(trio.current_time(), saved))

    def perform(self, effects: list[Effect]) -> None:
        """Do what the core asks for."""
        for effect in effects:
            if isinstance(effect, Send):
                if effect.durable and (self.queue or self.writing):
                    self.queue.append(effect)
                else:
                    self.network.send(effect.to, effect.message)
            elif isinstance(effect, SaveState | SaveEntries | SaveSnapshot):
                self.queue.append(effect)
            else:
                self.report(effect)
        if self.queue and not self.writing:
            self.wake_writer.set()

    def report(self, effect: Any) -> None:
        """Tell the world what happened here."""
        if isinstance(effect, RoleChanged):
            self.node.trace("role", effect.role, effect.term)
            if effect.role == LEADER:
                self.node.announce(vocabulary.LEADER, {"term": effect.term})
        elif isinstance(effect, SnapshotInstalled):
            self.node.trace("snapshot-installed", effect.last_index)
