"""One server: Raft with the coordination service over it, watches, and permits that expire.

A watch is answered by any server from what it has applied itself: at once if there is something to
tell, else when there is, or after a while. It asks nobody, so it may be late, but it leaves nothing
out: revisions and events are those of the log.

    client -> server    ("request", id, ("watch", after))
    server -> client    ("reply", id, "ok", (upto, events)) | ("reply", id, "compacted", revision)

Permits that expire are given back by the leader: it measures, by its monotonic clock, how long it
has known of each, and proposes the end of those that it has known for `lease_s`. It is a client of
its own service for that. A new leader measures anew, so a permit may last longer, never shorter.
"""

from __future__ import annotations

from typing import Any, ClassVar

import trio

from splitbrain.harness.node import Message, Node
from splitbrain.systems.consensus.asking import OK, REPLY, REQUEST, Reply, Request
from splitbrain.systems.consensus.raft.core import Raft
from splitbrain.systems.consensus.raft.effects import Stored
from splitbrain.systems.consensus.raft.phases import LEADER
from splitbrain.systems.consensus.raft.server import RaftKV
from splitbrain.systems.consensus.raft.state import Settings
from splitbrain.systems.locks.coordination.machine import Coordination

COMPACTED = "compacted"
_ROUND_S = 0.05
_WATCH_S = 0.1


class CoordinationServer(RaftKV):
    """See the module.

    Attributes:
        lease_s: how long a permit that expires lasts at least, in seconds.
    """

    settings: ClassVar[Settings] = Settings(snapshot_every=32, snapshot_keeps=4)
    application_class: ClassVar[type[Coordination]] = Coordination
    lease_s: float = 0.4

    def __init__(self, node: Node) -> None:
        super().__init__(node)
        self.application: Coordination
        self.watches: list[tuple[str, int, int, float]] = []
        self.reaper = Reaper(self)

    def make_core(self, stored: Stored) -> Raft:
        """The protocol over this state machine; nobody waits for a former life's answers."""
        self.watches.clear()
        self.reaper = Reaper(self)
        return super().make_core(stored)

    async def receive(self) -> None:
        """Hand over every message, but watches and answers to this server's own requests."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._rounds)
            while True:
                sender, message = await self.network.receive()
                match message:
                    case (kind, int(id), ("watch", int(after))) if kind == REQUEST:
                        ends = trio.current_time() + _WATCH_S
                        self.watches.append((sender, id, after, ends))
                        self._tell()
                    case (kind, _, status, value) if kind == REPLY:
                        self.reaper.answered(status, value)
                    case _:
                        self.perform(self.core.receive(trio.current_time(), sender, message))

    def perform(self, effects: list[Any]) -> None:
        """Do what the core asks for, and tell watchers what it has applied."""
        super().perform(effects)
        self._tell()

    def show(self) -> None:
        """See `Shell.show`; how far revisions are, and who holds a permit, by its token."""
        super().show()
        held = sorted(self.application.permits.items())
        permits = [f"{name}: {owner} ({token})" for (name, owner), (token, _) in held]
        self.teller.state("revision", self.application.revision)
        self.teller.state("permits", ", ".join(permits))

    async def _rounds(self) -> None:
        while True:
            await trio.sleep(_ROUND_S)
            self._tell()
            if self.core.role == LEADER:
                self.reaper.look(trio.current_time())

    def _tell(self) -> None:
        """Answer the watches that have something to hear, or have waited long enough."""
        now, waiting = trio.current_time(), []
        for watch in self.watches:
            client, id, after, ends = watch
            answer = self.told(after)
            if answer is None:
                reply = Reply(REPLY, id, COMPACTED, self.application.compacted)
            elif answer[1] or now >= ends:
                reply = Reply(REPLY, id, OK, answer)
            else:
                waiting.append(watch)
                continue
            self.network.send(client, reply)
        self.watches = waiting

    # What a planted bug may override

    def told(self, after: int) -> Message | None:
        """What a watcher hears that knows all up to a revision; None if that is gone."""
        if after > self.application.revision:
            return after, ()  # this server is behind another that the watcher asked before
        return self.application.after(after)


class Reaper:
    """Gives permits back that expire.

    Args:
        server: whose.
    """

    def __init__(self, server: CoordinationServer) -> None:
        self._server = server
        self._known: dict[tuple[str, str, int], float] = {}
        self._session: int | None = None
        self._sequence = 0
        self._waits_since = -1.0

    def look(self, now: float) -> None:
        """Note which permits there are; propose the end of one that is known for too long."""
        held = self._server.application.permits.items()
        expiring = {(name, owner, token): now for (name, owner), (token, ends) in held if ends}
        self._known = {permit: self._known.get(permit, now) for permit in expiring}
        over = [p for p, since in self._known.items() if now - since > self._server.lease_s]
        if not over or now - self._waits_since < self._server.lease_s:
            return
        self._waits_since = now
        if self._session is None:
            self._ask(("register",))
            return
        self._sequence += 1
        self._ask(("command", self._session, self._sequence, ("expire", *over[0])))

    def answered(self, status: str, value: Any) -> None:
        """An answer to the last request: a session's number, or whatever became of an end."""
        self._waits_since = -1.0
        if status != OK:
            self._session = None
        elif self._session is None and type(value) is int:
            self._session, self._sequence = value, 0

    def _ask(self, body: tuple[Any, ...]) -> None:
        node = self._server.node
        node.network.send(node.name, Request(REQUEST, 0, body))
