"""The decisions of the protocol, each a small function of just what it is decided by.

Everything else carries out what is decided here. Planted bugs are other answers to one of these
questions.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from splitbrain.systems.consensus.paxos import synod
from splitbrain.systems.consensus.paxos.messages import NOTHING
from splitbrain.systems.consensus.paxos.phases import Leading
from splitbrain.systems.consensus.paxos.synod import Vote

if TYPE_CHECKING:
    from splitbrain.systems.consensus.paxos.state import Server


class Rules:
    """The protocol's answers."""

    saves_promises = True
    """Whether a promise is durable before anybody hears of it."""

    fills_holes = True
    """Whether a new leader proposes nothing in slots between others in which nobody voted."""

    def may_promise(self, promised: int, ballot: int) -> bool:
        """See `splitbrain.systems.consensus.paxos.synod.may_promise`."""
        return synod.may_promise(promised, ballot)

    def may_vote(self, promised: int, ballot: int) -> bool:
        """See `splitbrain.systems.consensus.paxos.synod.may_vote`."""
        return synod.may_vote(promised, ballot)

    def value_for(self, votes: Iterable[Vote]) -> Any:
        """What a new leader goes on with in a slot, when a majority said how it voted there."""
        return synod.safe_value(votes, NOTHING)

    def proves_choice(self, vote: Vote, ballot: int) -> bool:
        """Whether our own vote is for what was chosen, if the leader of `ballot` says that
        something was: only a vote in its ballot, for another may have been for another value."""
        return vote.ballot == ballot

    def is_protected(self, server: Server, proposer: str) -> bool:
        """Whether this proposer is promised nothing, since we hear of another leader. Leases rest
        on it, and it keeps proposers from outbidding each other for ever."""
        timer = server.timer
        heard_lately = timer.now < timer.heard_at + server.settings.election_min
        return heard_lately and timer.heard != proposer

    def may_outbid(self, server: Server, office: Leading) -> bool:
        """Whether a leader that is refused by somebody takes a later ballot at once: if a majority
        still hears it alone. Else it waits a random time whether another leads."""
        since = server.timer.now - server.settings.election_min
        hearing = sum(each.heard_at > since for each in office.hearing.values())
        return hearing >= server.majority

    def yields(self) -> bool:
        """Whether a proposer that is outbid leaves proposing to the other, for a random time at
        least: or the two might outbid each other for ever (Paxos Made Simple, section 2.4)."""
        return True

    def reaches_majority(self, server: Server, office: Leading) -> bool:
        """Whether a leader goes on: a majority was heard within the longest election timeout."""
        since = server.timer.now - server.settings.election_max
        heard = sum(each.heard_at >= since for each in office.hearing.values())
        return heard >= server.majority

    def may_read_at_once(self, server: Server, office: Leading) -> bool:
        """Whether a query needs nobody's word that we still lead: as long as a majority cannot yet
        have promised anything to anybody else."""
        lease, now = server.settings.lease, server.timer.now
        if not lease or server.replica.applied < office.recovered:
            return False
        return now < self.vouched_at(server, office) + lease

    def vouched_at(self, server: Server, office: Leading) -> float:
        """The time since which a majority has promised nothing to others."""
        vouched = sorted((each.vouched_at for each in office.hearing.values()), reverse=True)
        return vouched[server.majority - 1]

    def may_install(self, last: int, applied: int) -> bool:
        """Whether a snapshot brings anything."""
        return last > applied
