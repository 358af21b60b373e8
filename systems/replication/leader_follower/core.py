"""The protocol of the reference form: a state machine without I/O, clock or tasks.

`Core.receive`, `Core.tick` and `Core.durable` take what happened and the local monotonic time, and
give back effects, in order, for the shell to carry out: records are to be written in that order; a
message may leave only when as many records as its ``after`` says are durable. `reference` has the
essay and the shell.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable
from typing import Any

from splitbrain.harness.node import Message
from splitbrain.systems.replication.leader_follower.blocks import Change
from splitbrain.systems.replication.leader_follower.desk import (
    CommandIdentity,
    Waiting,
)
from splitbrain.systems.replication.leader_follower.effects import (
    BATCH,
    COMPACT_AT,
    HEARTBEAT_S,
    QUORUM_LOSS_S,
    Effect,
    Lead,
    Role,
)
from splitbrain.systems.replication.leader_follower.epochs import (
    common_prefix,
    majority,
    reached_by,
)
from splitbrain.systems.replication.leader_follower.freshness import Marks, Proof
from splitbrain.systems.replication.leader_follower.log import (
    Adopt,
    Durable,
    Entry,
    Extend,
    Promise,
    Record,
    Snapshot,
)
from splitbrain.systems.replication.leader_follower.machine import ARGUMENTS, Machine, Row
from splitbrain.systems.replication.leader_follower.messages import (
    KINDS,
    Ack,
    Append,
    Behind,
    Refuse,
    Sync,
)
from splitbrain.systems.replication.leader_follower.reading import Reading

STATEMENTS, ROWS, BYTES, LOGICAL = range(4)
"""What the log may have of commands."""


class Core(Reading):
    """One server's part in the protocol.

    Attributes:
        ships: what the log has: commands (0), the rows that they change (1), which bytes these
            change in which blocks (2), or which columns they change, by name (3).
    """

    batch: int = BATCH
    quorum_loss: float = QUORUM_LOSS_S
    compact_at: int = COMPACT_AT
    ships: int = STATEMENTS

    def __init__(
        self, name: str, peers: tuple[str, ...], durable: Durable, random: random.Random, now: float
    ) -> None:
        super().__init__(name, peers, durable, random, now)
        self._ahead = self.machine  # the state that all of this leader's log leads to
        self._durable_length = 0  # how much of its own log is durable
        self._unsynced: deque[tuple[int, int]] = deque()  # (records, then durable length)
        self._acked: dict[str, int] = {}
        self._next: dict[str, int] = {}
        self._spoke_at: dict[str, float] = {}

    # Events

    def receive(self, sender: str, message: Message, now: float) -> list[Effect]:
        """A message arrived."""
        self._now = now
        if message[0] == "request":
            self._on_request(sender, *message[1:])
        else:
            kind = KINDS[message[0]]
            handler: Callable[[str, Any], None] = getattr(self, f"_on_{message[0]}")
            handler(sender, kind(*message))
        return self._take()

    def tick(self, now: float) -> list[Effect]:
        """Time has passed; call it at least once in `HEARTBEAT_S`."""
        self._now = now
        if self.role is Role.LEADER and self._has_lost_quorum():
            self.step_down()
        elif self.role is Role.LEADER and now >= self._beat:
            self._next.update(self._acked)  # what wasn't acknowledged by now is sent again
            self._broadcast()
        elif self.role is not Role.LEADER and now >= self._deadline:
            self._canvass()
        elif self.role is Role.GATHERING and now >= self._beat:
            self._ask_again()
        return self._take()

    def durable(self, records: int, now: float) -> list[Effect]:
        """The first `records` records are durable."""
        self._now = now
        while self._unsynced and self._unsynced[0][0] <= records:
            self._durable_length = self._unsynced.popleft()[1]
        if self.role is Role.LEADER:
            self._advance()
        return self._take()

    # Leading: the beginning and the end

    def _lead(
        self, keep: int, entries: tuple[Entry, ...], snapshot: Snapshot | None = None
    ) -> None:
        self._adopt(keep, entries, snapshot)
        self.role = Role.LEADER
        self.leader = self.name
        self._effects.append(Lead(self.epoch, self._records))
        self._start = len(self.log)
        self._round = 0
        self._durable_length = 0
        self._unsynced = deque([(self._records, len(self.log))])
        self._acked = {}
        self._next = {}
        self._rounds = {}
        self._spoke_at = dict.fromkeys(self.peers, self._now)
        self._marks = Marks()
        self._ahead = Machine.of(self.machine.state())
        for entry in self.log.suffix(self.applied):
            self._ahead.apply(entry)
        self._broadcast()

    def step_down(self) -> None:
        """Stop leading, or trying to; those who wait for an answer are told to look elsewhere."""
        commands, reads = self._desk.clear()
        for waiting in commands:
            self._reply(waiting, "deposed")
        for waiting in reads:
            self._reply(waiting, "redirect", None)
        super().step_down()

    def _has_lost_quorum(self) -> bool:
        spoke = [self._now, *self._spoke_at.values()]
        needed = min(self.to_store, majority(len(self.servers)))
        return reached_by(needed, spoke) < self._now - self.quorum_loss

    # Replication, from the follower's side

    def _adopt(
        self, keep: int, entries: tuple[Entry, ...], snapshot: Snapshot | None = None
    ) -> None:
        """Make the log, and with it the state, that of the epoch's leader."""
        self._persist(Adopt(self.epoch, keep, entries, snapshot))
        self.log.adopt(self.epoch, keep, entries, snapshot)
        self.commit = min(self.commit, keep) if snapshot is None else snapshot.length
        self.applied = self.log.base.length
        self.machine = Machine.of(self.log.base.state)
        self._apply()

    def _on_append(self, sender: str, append: Append) -> None:
        if not self._follow(sender, append.epoch):
            return
        if self.log.label != append.epoch:
            behind = Behind("behind", append.epoch, self.log.history, append.round)
            self._answer(sender, behind)
        else:
            self._extend(append.start, append.entries)
            self._acknowledge(sender, append.commit, append.round)
            if append.proof is not None:
                self.learn(append.proof)

    def _on_sync(self, sender: str, sync: Sync) -> None:
        if not self._follow(sender, sync.epoch):
            return
        lacks_more = sync.snapshot is not None and sync.keep > len(self.log)
        if self.log.label != sync.epoch or lacks_more:
            self._adopt(sync.keep, sync.entries, sync.snapshot)
        else:
            self._extend(sync.keep, sync.entries)
        self._acknowledge(sender, sync.commit, sync.round)

    def _extend(self, start: int, entries: tuple[Entry, ...]) -> None:
        """Append what is new. After a gap there is nothing to do: the leader will send it again."""
        new = entries[len(self.log) - start :] if start <= len(self.log) else ()
        if new:
            self._persist(Extend(new))
            self.log.extend(new)

    def _acknowledge(self, sender: str, commit: int, round_: int) -> None:
        mark = self._started_at, self._now
        self._answer(sender, Ack("ack", self.epoch, len(self.log), round_, mark))
        self.commit = max(self.commit, min(commit, len(self.log)))
        self._apply()

    def _apply(self) -> None:
        for entry in self.log.suffix(self.applied, self.commit - self.applied):
            self.applied += 1
            result = self.machine.apply(entry)
            waiting = self._desk.commands.pop((entry.session, entry.sequence), None)
            if waiting is not None:
                self._done(waiting, result)

    # Replication, from the leader's side

    def _broadcast(self) -> None:
        self._round += 1
        self._beat = self._now + HEARTBEAT_S
        for peer in self.peers:
            self._replicate(peer)
        self._serve_reads()

    def _replicate(self, peer: str) -> None:
        """Send what `peer` lacks; before it has acknowledged this epoch's log at all, only ask."""
        start = self._next.get(peer, 0)
        if peer in self._acked and start < self.log.base.length:
            self._bring_up(peer, start)
            return
        entries = self.log.suffix(start, self.batch) if peer in self._acked else ()
        self._next[peer] = start + len(entries)
        proof, commit, round_ = self.proof_for(peer), self.commit, self._round
        self._send(peer, Append("append", self.epoch, start, entries, commit, round_, proof))

    def proof_for(self, peer: str) -> Proof | None:
        """What tells a follower how old its copy is at most."""
        return self._marks.proof(peer)

    def _hear(self, sender: str, epoch: int, round_: int) -> bool:
        """Whether a follower's answer counts; if so it confirms that it followed in that round."""
        if not self.admit(epoch) or self.role is not Role.LEADER:
            return False
        self._spoke_at[sender] = self._now
        self._rounds[sender] = max(round_, self._rounds.get(sender, 0))
        return True

    def _on_ack(self, sender: str, ack: Ack) -> None:
        if not self._hear(sender, ack.epoch, ack.round):
            return
        self._marks.note(sender, ack.mark, self._round)
        self._acked[sender] = max(ack.length, self._acked.get(sender, 0))
        self._next[sender] = max(self._acked[sender], self._next.get(sender, 0))
        if self._next[sender] < len(self.log):
            self._replicate(sender)
        self._advance()

    def _on_behind(self, sender: str, behind: Behind) -> None:
        if not self._hear(sender, behind.epoch, behind.round):
            return
        if sender not in self._acked:
            self._bring_up(sender, common_prefix(self.log.history, behind.history))
        self._serve_reads()

    def _bring_up(self, peer: str, start: int) -> None:
        """Send all that a follower lacks from this place on: entries, and what came before them as
        a snapshot if the log does not go back so far."""
        keep, snapshot = self.log.from_place(start)
        entries = self.log.suffix(keep)
        sync = Sync("sync", self.epoch, keep, entries, snapshot, self.commit, self._round)
        self._send(peer, sync)
        self._next[peer] = len(self.log)

    def _on_refuse(self, _sender: str, refuse: Refuse) -> None:
        self.admit(refuse.epoch)

    def stored(self) -> int:
        """How much of this epoch's log is durable on as many servers as must have it."""
        acked = (self._acked.get(peer, 0) for peer in self.peers)
        return int(reached_by(self.to_store, [self._durable_length, *acked]))

    def _advance(self) -> None:
        self.commit = max(self.commit, self.stored())
        self._apply()
        self._serve_reads()

    # The log's beginning

    def compacted(self) -> list[Record]:
        """Records that say what all records until now have said, with a snapshot in the place of
        the entries that were applied; none while the log is short."""
        if self.applied - self.log.base.length < self.compact_at:
            return []
        self.log.begin_with(self.machine.state(), self.applied)
        log = self.log
        return [
            Adopt(log.label, log.base.length, tuple(log.entries), log.base),
            Promise(self.epoch),
        ]

    # Clients

    def _on_request(self, client: str, request: int, f: str, *arguments: Any) -> None:
        waiting = Waiting(client, request)
        match f, arguments:
            case "state", ():
                self._done(waiting, self.machine.answer(("state",)))
            case "read" | "read-all" | "messages", ("eventual", *key):
                self._done(waiting, self.machine.answer((f, *key)))
            case "read" | "read-all" | "messages", ("session", int(seen), *key):
                self._on_session_read(waiting, seen, (f, *key))
            case "read" | "read-all" | "messages", ("strong", *key):
                self._on_read(waiting, (f, *key))
            case "aged", (key,):
                self._on_aged_read(waiting, key)
            case _, (int(session), int(sequence), *rest) if ARGUMENTS.get(f) == len(rest):
                self._on_command(waiting, (session, sequence), (f, *rest))
            case _:
                self._reply(waiting, "refused", f"{(f, *arguments)!r} is no request")

    def _on_command(
        self, waiting: Waiting, identity: CommandIdentity, command: tuple[Any, ...]
    ) -> None:
        """Accept a command: append it, unless it is in the log already."""
        if self.role is not Role.LEADER:
            self._reply(waiting, "redirect", self.leader)
            return
        session, sequence = identity
        latest, result = self.machine.sessions.get(session, (-1, None))
        if sequence == latest:
            self._done(waiting, result)
        # One before the latest is a late message of a client that has gone on: nobody waits.
        if sequence > latest and self._desk.register(identity, waiting):
            entry = Entry(self.epoch, session, sequence, self.evaluated(command))
            self._persist(Extend((entry,)))
            self.log.extend((entry,))
            self._ahead.apply(entry)
            self._unsynced.append((self._records, len(self.log)))
            self._broadcast()

    def evaluated(self, command: tuple[Any, ...]) -> tuple[Any, ...]:
        """What the log has of a command: itself, with what chance decides put into it; or what it
        changes: whole rows, bytes, or columns by name (DDIA chapter 5, "Implementation of
        Replication Logs")."""
        if command[0] == "post":
            command = (*command, self._random.getrandbits(32))
        if self.ships == STATEMENTS:
            return command
        rows, result = self._ahead.evaluated(command)
        if self.ships == ROWS:
            return "rows", rows, result
        if self.ships == LOGICAL:
            return "changes", tuple(self._ahead.logged(rows)), result
        return "blocks", self.changes(rows), result

    def changes(self, rows: tuple[Row, ...]) -> tuple[Change, ...]:
        """What rows change in the blocks as they are once all of the log is done."""
        return self._ahead.blocks.changes(self._ahead.laid_out(), rows)
