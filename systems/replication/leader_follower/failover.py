"""How a server comes to lead: the candidate's half of the protocol core.

    FOLLOWER --no leader for a while--> CANVASSING --a quorum agrees----> GATHERING
        ^                                                                     |
        |                                                       the best log of a quorum
        +---- a newer epoch, or no quorum any more ------ LEADER <---- fetched, if need be

This is a view change as in Viewstamped Replication (Liskov and Cowling, "Viewstamped Replication
Revisited", 2012, section 4.2), with logs that survive a crash, so that a server which restarts may
take part at once and no recovery protocol (section 4.3) is needed. The canvass before it is Raft's
pre-vote (dissertation, section 9.6).
"""

from __future__ import annotations

import random

from splitbrain.harness.node import Message
from splitbrain.systems.replication.leader_follower.effects import (
    ELECTION_S,
    HEARTBEAT_S,
    Effect,
    Persist,
    Role,
    Send,
)
from splitbrain.systems.replication.leader_follower.epochs import (
    common_prefix,
    next_epoch,
    quorums,
)
from splitbrain.systems.replication.leader_follower.log import (
    Durable,
    Entry,
    Promise,
    Record,
    Snapshot,
)
from splitbrain.systems.replication.leader_follower.messages import (
    Canvass,
    Fetch,
    Gather,
    Held,
    Refuse,
    Suffix,
    Support,
)


class Failover:
    """The part of `core.Core` that decides who leads.

    Attributes:
        epoch: the highest epoch promised; nothing from an earlier one is accepted.
        role: what the server is doing.
        leader: whom it follows in `epoch`, if it knows.
        log: its log.
        copies: how many servers must have what is acknowledged; None: a majority.
        to_store, to_lead: see `epochs.quorums`.
    """

    copies: int | None = None

    def __init__(
        self, name: str, peers: tuple[str, ...], durable: Durable, random: random.Random, now: float
    ) -> None:
        self.name = name
        self.peers = peers
        self.servers = tuple(sorted((name, *peers), key=lambda server: (len(server), server)))
        self.to_store, self.to_lead = quorums(len(self.servers), self.copies)
        self.epoch = durable.epoch
        self.log = durable.log
        self.role = Role.FOLLOWER
        self.leader: str | None = None
        self._random = random
        self._now = now
        self._effects: list[Effect] = []
        self._records = 0  # how many Persist effects there were
        self._heard_at = now  # when the leader, or a candidate that was promised to, last spoke
        self._deadline = now + random.uniform(*ELECTION_S)
        self._beat = now  # when to broadcast, or ask, again
        self._target = 0  # the epoch to lead
        self._seen = self.epoch  # an epoch that somebody has promised
        self._supporters: dict[str, None] = {}
        self._held: dict[str, Held] = {}
        self._source: str | None = None  # whose log it is fetching

    def _lead(
        self, keep: int, entries: tuple[Entry, ...], snapshot: Snapshot | None = None
    ) -> None:
        """Begin to lead `epoch` with the log's first `keep` entries, or a snapshot of so many, and
        then `entries`."""
        raise NotImplementedError

    # Effects

    def _take(self) -> list[Effect]:
        effects, self._effects = self._effects, []
        return effects

    def _persist(self, record: Record) -> None:
        self._records += 1
        self._effects.append(Persist(record))

    def _send(self, destination: str, message: Message) -> None:
        """Send what needs nothing durable: it promises nothing, or a quorum has it already."""
        self._effects.append(Send(destination, message, 0))

    def _answer(self, destination: str, message: Message) -> None:
        """Send what tells others of this server's state: all of it must be durable first."""
        self._effects.append(Send(destination, message, self._records))

    # Epochs

    def admit(self, epoch: int) -> bool:
        """Fencing: whether a message of `epoch` is to be acted on; a newer one ends the present."""
        if epoch > self.epoch:
            self.epoch = epoch
            self._persist(Promise(epoch))
            self.step_down()
        return epoch == self.epoch

    def step_down(self) -> None:
        """Stop leading, or trying to."""
        self.role = Role.FOLLOWER
        self.leader = None
        self._postpone()

    def _postpone(self) -> None:
        self._heard_at = self._now
        self._deadline = self._now + self._random.uniform(*ELECTION_S)

    def _follow(self, sender: str, epoch: int) -> bool:
        """Whether the sender leads this server's epoch; if so it has been heard from."""
        if not self.admit(epoch):
            self._answer(sender, Refuse("refuse", self.epoch))
            return False
        if self.role in (Role.CANVASSING, Role.GATHERING):
            self.role = Role.FOLLOWER
        self.leader = sender
        self._postpone()
        return True

    # Canvass, gather, fetch

    def _canvass(self) -> None:
        """Ask whether others miss the leader too, so that one cut-off server disturbs nobody."""
        self.role = Role.CANVASSING
        self.leader = None
        position = self.servers.index(self.name)
        self._target = next_epoch(max(self.epoch, self._seen), position, len(self.servers))
        self._supporters = {self.name: None}
        self._deadline = self._now + self._random.uniform(*ELECTION_S)
        for peer in self.peers:
            self._send(peer, Canvass("canvass", self._target))
        self._gather_if_supported()

    def _on_canvass(self, sender: str, canvass: Canvass) -> None:
        recent = self._now - self._heard_at < ELECTION_S[0]
        content = self.role is Role.LEADER or (self.leader is not None and recent)
        granted = canvass.epoch > self.epoch and not content
        self._answer(sender, Support("support", canvass.epoch, granted, self.epoch))

    def _on_support(self, sender: str, support: Support) -> None:
        self._seen = max(self._seen, support.promised)
        if self.role is Role.CANVASSING and support.epoch == self._target and support.granted:
            self._supporters[sender] = None
            self._gather_if_supported()

    def _gather_if_supported(self) -> None:
        if len(self._supporters) < self.to_lead:
            return
        self.role = Role.GATHERING
        self.epoch = self._target
        self._persist(Promise(self.epoch))
        self._held = {self.name: self._describe_log()}
        self._source = None
        self._ask_again()
        self._choose()

    def _ask_again(self) -> None:
        self._beat = self._now + HEARTBEAT_S
        if self._source is not None:
            self._fetch(self._source)
            return
        for peer in self.peers:
            if peer not in self._held:
                self._answer(peer, Gather("gather", self.epoch))

    def _describe_log(self) -> Held:
        return Held("held", self.epoch, self.log.label, len(self.log), self.log.history)

    def _on_gather(self, sender: str, gather: Gather) -> None:
        if self._follow(sender, gather.epoch):
            self._answer(sender, self._describe_log())

    def _on_held(self, sender: str, held: Held) -> None:
        if self.role is Role.GATHERING and held.epoch == self.epoch and self._source is None:
            self._held[sender] = held
            self._choose()

    def _choose(self) -> None:
        """Take the best log of a quorum: the latest label, and under it the longest.

        Viewstamped Replication Revisited, section 4.2, step 3.
        """
        if len(self._held) < self.to_lead:
            return
        ours = self._held[self.name]
        best = max(self._held, key=lambda name: (self._held[name].label, self._held[name].length))
        if self._held[best][2:4] == ours[2:4]:
            self._lead(len(self.log), ())
        else:
            self._source = best
            self._fetch(best)

    def _fetch(self, source: str) -> None:
        keep = common_prefix(self.log.history, self._held[source].history)
        self._answer(source, Fetch("fetch", self.epoch, keep))

    def _on_fetch(self, sender: str, fetch: Fetch) -> None:
        if self._follow(sender, fetch.epoch):
            keep, snapshot = self.log.from_place(fetch.keep)
            entries = self.log.suffix(keep)
            self._answer(sender, Suffix("suffix", fetch.epoch, keep, entries, snapshot))

    def _on_suffix(self, sender: str, suffix: Suffix) -> None:
        expected = self.role is Role.GATHERING and sender == self._source
        if expected and suffix.epoch == self.epoch:
            self._lead(suffix.keep, suffix.entries, suffix.snapshot)
