"""One server of the key-value store: the shell with Viewstamped Replication in it, and no log on
the disk, which holds one number: how often this server has started."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

import trio

from splitbrain.harness.node import Disk, Node
from splitbrain.systems.consensus.kv import KeyValue
from splitbrain.systems.consensus.sessions import Sessions
from splitbrain.systems.consensus.shell import Shell
from splitbrain.systems.consensus.viewstamped.core import Viewstamped
from splitbrain.systems.consensus.viewstamped.rules import Rules
from splitbrain.systems.consensus.viewstamped.state import RoleChanged, Settings

LIVES = "lives"


class Lives:
    """A file with a byte for each life; nothing else is ever saved."""

    def __init__(self, disk: Disk) -> None:
        self.disk = disk

    async def begin(self) -> int:
        """Begin another life, durably; its number."""
        self.disk.append(LIVES, b".")
        await self.disk.fsync(LIVES)
        return self.disk.size(LIVES)

    async def save(self, saves: Iterable[Any]) -> None:
        """See `splitbrain.systems.consensus.shell.Durable`: there is nothing to save."""

    async def mark(self) -> None:
        """See `splitbrain.systems.consensus.shell.Durable`."""


class ViewstampedKV(Shell):
    """A key-value store replicated by Viewstamped Replication. Announces each view in which it is
    the primary."""

    rules: ClassVar[type[Rules]] = Rules
    machine_class: ClassVar[type[Sessions]] = Sessions
    settings: ClassVar[Settings] = Settings()

    def __init__(self, node: Node) -> None:
        super().__init__(node)
        self.longest_wait = self.settings.heartbeat
        self.storage: Lives = Lives(node.disk)
        self.core: Viewstamped

    async def recover(self) -> Viewstamped:
        """See `Shell.recover`: what there is to recover, others have."""
        self.application = KeyValue()
        return Viewstamped(
            self.node.name,
            self.node.peers,
            self.machine_class(self.application),
            life=await self.storage.begin(),
            random=self.node.random,
            now=trio.current_time(),
            settings=self.settings,
            rules=self.rules(),
        )

    def show(self) -> None:
        """See `Shell.show`; the log as `splitbrain.systems.log_grid` has it."""
        server = self.core.server
        if self.teller.changed(("length",), len(server.log), server.view):
            for number, operation in enumerate(server.log, 1):
                self.teller.changed(("entry", number), operation)
        self.teller.changed(("commit",), server.commit)
        self.show_applied(server.commit, self.application)

    def report(self, effect: Any) -> None:
        """See `Shell.report`."""
        assert isinstance(effect, RoleChanged)
        self.tell_role(effect.role, effect.view, leads=effect.role == "leader")
