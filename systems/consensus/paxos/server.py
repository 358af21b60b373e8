"""One server of the key-value store: the shell with Multi-Paxos in it."""

from __future__ import annotations

from typing import Any, ClassVar

import trio

from splitbrain.harness.node import Node
from splitbrain.systems.consensus.kv import KeyValue
from splitbrain.systems.consensus.paxos.core import Paxos
from splitbrain.systems.consensus.paxos.effects import (
    RoleChanged,
    SaveAll,
    SavePromise,
    SaveVotes,
    SnapshotInstalled,
)
from splitbrain.systems.consensus.paxos.phases import LEADING
from splitbrain.systems.consensus.paxos.rules import Rules
from splitbrain.systems.consensus.paxos.state import Settings
from splitbrain.systems.consensus.paxos.storage import Storage
from splitbrain.systems.consensus.sessions import Application, Sessions
from splitbrain.systems.consensus.shell import Shell


class PaxosKV(Shell):
    """A key-value store replicated by Multi-Paxos. Announces each ballot in which it leads."""

    saves = (SavePromise, SaveVotes, SaveAll)
    rules: ClassVar[type[Rules]] = Rules
    storage_class: ClassVar[type[Storage]] = Storage
    machine_class: ClassVar[type[Sessions]] = Sessions
    application_class: ClassVar[type[Application]] = KeyValue
    settings: ClassVar[Settings] = Settings()

    def __init__(self, node: Node) -> None:
        super().__init__(node)
        self.longest_wait = self.settings.heartbeat
        self.storage: Storage = self.storage_class(node.disk)
        self.application: Application
        self.core: Paxos

    async def recover(self) -> Paxos:
        """See `Shell.recover`."""
        stored = await self.storage.recover()
        self.application = self.application_class()
        for slot, ballot, value in stored.votes:
            self.teller.changed(("entry", slot), value, ballot)
        self.teller.changed(("compacted",), stored.base)
        return Paxos(
            self.node.name,
            self.node.peers,
            self.machine_class(self.application),
            stored=stored,
            random=self.node.random,
            now=trio.current_time(),
            settings=self.settings,
            rules=self.rules(),
        )

    def note(self, effect: Any) -> None:
        """Show what is voted, and in which ballot (`splitbrain.systems.log_grid`)."""
        if isinstance(effect, SaveVotes):
            for slot, value in effect.votes:
                self.teller.changed(("entry", slot), value, effect.ballot)
        elif isinstance(effect, SaveAll):
            self.teller.changed(("compacted",), effect.stored.base)

    def show(self) -> None:
        """See `Shell.show`."""
        applied = self.core.server.replica.applied
        self.teller.changed(("commit",), applied)
        self.show_applied(applied, self.application)

    def report(self, effect: Any) -> None:
        """See `Shell.report`."""
        if isinstance(effect, RoleChanged):
            self.tell_role(effect.role, effect.ballot, leads=effect.role == LEADING)
        elif isinstance(effect, SnapshotInstalled):
            self.node.trace("snapshot-installed", effect.last)
