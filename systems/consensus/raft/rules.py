"""The decisions of the protocol, each a small function of just what it is decided by.

Everything else carries out what is decided here. Planted bugs are other answers to one of these
questions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from splitbrain.systems.consensus.raft.configuration import Configuration
from splitbrain.systems.consensus.raft.effects import SaveState
from splitbrain.systems.consensus.raft.log import Log
from splitbrain.systems.consensus.raft.messages import (
    Entry,
    InstallSnapshot,
    PreVote,
    Rejected,
    RequestVote,
)
from splitbrain.systems.consensus.raft.phases import Incoming, Leadership, Progress
from splitbrain.systems.consensus.raft.replica import Replica

if TYPE_CHECKING:
    from splitbrain.systems.consensus.raft.state import Server


class Rules:
    """Raft's answers."""

    opens_term = True
    """Whether a leader begins its term with a no-op: it commits what earlier terms left behind
    (section 8, thesis 6.4)."""

    def saved_ballot(self, term: int, vote: str | None) -> SaveState:
        """What becomes durable of an election before anybody relies on it: all (figure 2)."""
        return SaveState(term, vote)

    def is_up_to_date(self, request: RequestVote | PreVote, log: Log) -> bool:
        """Whether the sender's log is at least as up to date as ours: by last term, then length
        (5.4.1)."""
        return (request.last_term, request.last_index) >= (log.last_term, log.last_index)

    def may_vote_for(self, candidate: str, request: RequestVote, server: Server) -> bool:
        """First come, first served (5.2); in protection of the leader, if it doesn't want to go."""
        # We may have heard of the term from somebody else, and still protect the leader before it.
        return (
            request.term == server.ballot.term
            and server.ballot.vote in (None, candidate)
            and self.is_up_to_date(request, server.replica.log)
            and (request.transfer or not self.is_protected(server))
        )

    def may_commit(self, index: int, log: Log, term: int) -> bool:
        """Counting replicas commits entries of our own term only; earlier ones follow (5.4.2)."""
        return log.term(index) == term

    def may_answer_at_once(self, command: Any) -> bool:
        """Whether a command is answered when it is appended: never, but when it is applied."""
        return False

    def may_read_at_once(self, server: Server, office: Leadership) -> bool:
        """Whether a query needs nobody's word that we still lead (thesis 6.4): only as long as a
        majority cannot yet have voted for anybody else (6.4.1)."""
        lease, now = server.settings.lease, server.timer.now
        if not lease or office.released or server.replica.applied < office.term_start:
            return False
        vouched = {peer: progress.vouched_at for peer, progress in office.progress.items()}
        vouched[server.name] = now
        return now < server.members.reached(vouched) + lease

    def may_change_members(self, server: Server, office: Leadership) -> bool:
        """One change after the other, and only once an entry of our term is committed (thesis 4.1;
        Ongaro, raft-dev, 10 July 2015)."""
        replica = server.replica
        return replica.settled and replica.commit >= office.term_start

    def needs_joint(self, wanted: Configuration, now: Configuration) -> bool:
        """Whether majorities of the two may share no server: if more than one voter differs
        (thesis 4.1, 4.3)."""
        return len(set(wanted.voters) ^ set(now.voters)) > 1

    def may_campaign(self, server: Server) -> bool:
        """Voters may; and who is none any more as long as that may yet be taken back (4.2.2)."""
        replica = server.replica
        return server.name in replica.members.electorate or not replica.settled

    def may_hand_over(self, progress: Progress, log: Log) -> bool:
        """Whether a server may be told to lead: once it holds all of our log (thesis 3.10, step
        2)."""
        return progress.match == log.last_index

    def is_protected(self, server: Server) -> bool:
        """Whether nobody may ask us for a vote, since we hear of our leader (thesis 4.2.3)."""
        settings, timer = server.settings, server.timer
        return bool(settings.pre_vote) and (
            isinstance(server.phase, Leadership)
            or timer.now < timer.heard_at + settings.election_min
        )

    def would_vote_for(self, request: PreVote, server: Server) -> bool:
        """Whether the sender could win our vote in the next term (thesis 9.6)."""
        return (
            request.term >= server.ballot.term
            and self.is_up_to_date(request, server.replica.log)
            and not self.is_protected(server)
        )

    def corrects(self) -> bool:
        """Whether the leader of an earlier term is told so (5.1): always. With pre-vote nothing
        else tells it of a server whose election failed, and that hears no leader but it."""
        return True

    def keeps(self, index: int, entry: Entry, replica: Replica) -> bool:
        """Whether our entry at `index` is the one that a message has there: a message may be older
        than our log, and what follows its entries is none of its business (5.3)."""
        return replica.log.term(index) == entry.term

    def may_install(self, last_index: int, replica: Replica) -> bool:
        """Whether a leader's snapshot brings anything that we have not committed (figure 13)."""
        return last_index > replica.commit

    def belongs(self, message: InstallSnapshot, incoming: Incoming) -> bool:
        """Whether a piece is one of the snapshot that we have begun to receive."""
        ours = (incoming.last_index, incoming.last_term)
        return (message.last_index, message.last_term) == ours

    def committable(self, previous: int, entries: tuple[Entry, ...], log: Log) -> int:
        """How far a message's commit index can be believed: what is behind the message's entries
        may yet have to go (figure 2)."""
        return previous + len(entries)

    def matched(self, previous: int, entries: tuple[Entry, ...], log: Log) -> int:
        """The last index that a message proved equal to the leader's log."""
        return previous + len(entries)

    def backtrack(self, refusal: Rejected, log: Log) -> int:
        """Where to try next: skip a whole term of conflicting entries at once (5.3, last part)."""
        if refusal.conflict_term > 0:
            ours = log.last_of_term(refusal.conflict_term, refusal.previous_index)
            if ours:
                return ours + 1
        return refusal.conflict_index
