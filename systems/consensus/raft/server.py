"""One server of the key-value store: the shell with Raft in it."""

from __future__ import annotations

from typing import Any, ClassVar

import trio

from splitbrain.harness.node import Node
from splitbrain.systems.consensus.kv import KeyValue
from splitbrain.systems.consensus.raft.core import Raft
from splitbrain.systems.consensus.raft.effects import (
    RoleChanged,
    SaveEntries,
    SaveSnapshot,
    SaveState,
    SnapshotInstalled,
    Stored,
)
from splitbrain.systems.consensus.raft.phases import LEADER
from splitbrain.systems.consensus.raft.rules import Rules
from splitbrain.systems.consensus.raft.state import Settings
from splitbrain.systems.consensus.raft.storage import Storage
from splitbrain.systems.consensus.sessions import Sessions
from splitbrain.systems.consensus.shell import Shell


class RaftKV(Shell):
    """A key-value store replicated by Raft. Announces each leadership that it wins."""

    saves = (SaveState, SaveEntries, SaveSnapshot)
    rules: ClassVar[type[Rules]] = Rules
    storage_class: ClassVar[type[Storage]] = Storage
    machine_class: ClassVar[type[Sessions]] = Sessions
    settings: ClassVar[Settings] = Settings()

    def __init__(self, node: Node) -> None:
        super().__init__(node)
        self.longest_wait = self.settings.heartbeat
        self.storage: Storage = self.storage_class(node.disk)
        self.core: Raft

    async def recover(self) -> Raft:
        """See `Shell.recover`."""
        return self.make_core(await self.storage.recover())

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

    def report(self, effect: Any) -> None:
        """See `Shell.report`."""
        if isinstance(effect, RoleChanged):
            self.tell_role(effect.role, effect.term, leads=effect.role == LEADER)
        elif isinstance(effect, SnapshotInstalled):
            self.node.trace("snapshot-installed", effect.last_index)
