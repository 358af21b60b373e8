"""One server of the key-value store: the shell with Raft in it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

import trio

from splitbrain.checkers.invariants.quorums import COMMITS, LEADS, QUORUM
from splitbrain.harness.nemesis.kinds.contesting import MEMBERS
from splitbrain.harness.node import Node
from splitbrain.systems.consensus.kv import KeyValue
from splitbrain.systems.consensus.raft.configuration import Configuration
from splitbrain.systems.consensus.raft.core import Raft
from splitbrain.systems.consensus.raft.effects import (
    LogImage,
    RoleChanged,
    SaveEntries,
    SaveSnapshot,
    SaveState,
    SnapshotInstalled,
    Stored,
)
from splitbrain.systems.consensus.raft.phases import LEADER, Leadership
from splitbrain.systems.consensus.raft.rules import Rules
from splitbrain.systems.consensus.raft.state import Server, Settings
from splitbrain.systems.consensus.raft.storage import Storage
from splitbrain.systems.consensus.sessions import Application, Sessions
from splitbrain.systems.consensus.shell import Shell


class RaftKV(Shell):
    """A key-value store, or another application, replicated by Raft. Announces each leadership that
    it wins."""

    saves = (SaveState, SaveEntries, SaveSnapshot)
    core_class: ClassVar[type[Raft]] = Raft
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
        self.core: Raft

    def begin(self) -> None:
        """See `Shell.begin`."""
        super().begin()
        self.committed = 0
        self.leased = 0.0

    async def recover(self) -> Raft:
        """See `Shell.recover`."""
        stored = await self.storage.recover()
        self.note_log(stored.log)
        return self.make_core(stored)

    def make_core(self, stored: Stored) -> Raft:
        """The protocol, starting from what the disk holds."""
        self.application = self.application_class()
        return self.core_class(
            self.node.name,
            self.node.peers,
            self.machine_class(self.application),
            stored=stored,
            random=self.node.random,
            now=trio.current_time(),
            settings=self.settings,
            rules=self.rules(),
        )

    def show(self) -> None:
        """See `Shell.show`; how far the log is committed, and how long a lease lasts."""
        server = self.core.server
        self.show_applied(server.replica.applied, self.application)
        if server.replica.commit != self.committed:
            self.committed = server.replica.commit
            self.node.show("commit", self.committed)
        if server.settings.lease and isinstance(server.phase, Leadership):
            self.show_lease(server, server.phase)

    def show_lease(self, server: Server, office: Leadership) -> None:
        """Show for how long a leader's lease lasts, in seconds of its monotonic clock from now on,
        where it has become longer (thesis 6.4.1)."""
        now = server.timer.now
        vouched = {peer: progress.vouched_at for peer, progress in office.progress.items()}
        ends = server.members.reached({**vouched, server.name: now}) + server.settings.lease
        if ends > max(now, self.leased):
            self.leased = ends
            self.node.show("lease", server.ballot.term, round(ends - now, 9))

    def note(self, effect: Any) -> None:
        """Show what becomes of the log (`splitbrain.systems.log_grid`)."""
        if isinstance(effect, SaveEntries):
            self.node.show("log", effect.first, tuple(entry.term for entry in effect.entries))
        elif isinstance(effect, SaveSnapshot):
            self.note_log(effect.log)

    def note_log(self, log: LogImage) -> None:
        """Show all of a log, with where its snapshot ends."""
        self.node.show("log", log.base_index + 1, tuple(entry.term for entry in log.entries))
        if log.base_index:
            self.node.show("compacted", log.base_index)

    def report(self, effect: Any) -> None:
        """See `Shell.report`."""
        if isinstance(effect, RoleChanged):
            self.tell_role(effect.role, effect.term, leads=effect.role == LEADER)
        elif isinstance(effect, SnapshotInstalled):
            self.node.trace("snapshot-installed", effect.last_index)


class CountedKV(RaftKV):
    """A server that also tells on whose votes and copies its decisions rest, which nobody else can
    know while members change (`splitbrain.checkers.invariants.quorums`)."""

    def begin(self) -> None:
        """See `Shell.begin`."""
        super().begin()
        self.seen_committed = 0
        self.told: tuple[int, int] | None = None
        self.counting: tuple[int, Configuration] | None = None

    def perform(self, effects: list[Any]) -> None:
        """See `Shell.perform`; tells by whom it counts, and of the first commit of a term, and of a
        configuration."""
        super().perform(effects)
        office, replica = self.core.server.phase, self.core.server.replica
        before, commit = self.seen_committed, replica.commit
        self.seen_committed = commit
        if not isinstance(office, Leadership):
            return
        self.tell_members()
        if commit == before:
            return
        settled = max(index for index, _ in replica.configurations if index <= commit)
        if self.told != (self.core.term, settled):
            self.told = (self.core.term, settled)
            holders = {n for n, each in office.progress.items() if each.match >= commit}
            if office.durable_index >= commit:
                holders.add(self.node.name)
            self.decided(COMMITS, holders, index=commit)

    def tell_members(self) -> None:
        """Say who decides from now on, if these are others than before."""
        now = self.core.term, self.core.server.members
        if now != self.counting:
            self.counting = now
            self.node.trace(MEMBERS, *now[1].electorate)

    def report(self, effect: Any) -> None:
        """See `Shell.report`."""
        super().report(effect)
        office = self.core.server.phase
        if isinstance(effect, RoleChanged) and isinstance(office, Leadership):
            self.decided(LEADS, office.voters)

    def decided(self, what: str, by: Iterable[str], **more: int) -> None:
        """Tell who decided."""
        told = {"what": what, "term": self.core.term, "by": sorted(by), **more}
        self.node.announce(QUORUM, told)
