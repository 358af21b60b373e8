"""The decisions of the protocol, each a small function of just what it is decided by.

Everything else carries out what is decided here. Planted bugs are other answers to one of these
questions.
"""

from __future__ import annotations

from typing import Any

from splitbrain.systems.consensus.raft.effects import SaveState
from splitbrain.systems.consensus.raft.log import Log
from splitbrain.systems.consensus.raft.messages import Entry, Rejected, RequestVote
from splitbrain.systems.consensus.raft.phases import Leadership
from splitbrain.systems.consensus.raft.replica import Replica


class Rules:
    """Raft's answers."""

    opens_term = True
    """Whether a leader begins its term with a no-op: it commits what earlier terms left behind
    (section 8, thesis 6.4)."""

    def saved_ballot(self, term: int, vote: str | None) -> SaveState:
        """What becomes durable of an election before anybody relies on it: all (figure 2)."""
        return SaveState(term, vote)

    def may_vote_for(
        self, candidate: str, request: RequestVote, vote: str | None, log: Log
    ) -> bool:
        """First come, first served, and only for logs at least as up to date as ours (5.4.1)."""
        up_to_date = (request.last_term, request.last_index) >= (log.last_term, log.last_index)
        return vote in (None, candidate) and up_to_date

    def may_commit(self, index: int, log: Log, term: int) -> bool:
        """Counting replicas commits entries of our own term only; earlier ones follow (5.4.2)."""
        return log.term(index) == term

    def may_answer_at_once(self, command: Any) -> bool:
        """Whether a command is answered when it is appended: never, but when it is applied."""
        return False

    def may_read_at_once(self, office: Leadership) -> bool:
        """Whether a query needs nobody's word that we still lead (thesis 6.4): it always does."""
        return False

    def keeps(self, index: int, entry: Entry, replica: Replica) -> bool:
        """Whether our entry at `index` is the one that a message has there: a message may be older
        than our log, and what follows its entries is none of its business (5.3)."""
        return replica.log.term(index) == entry.term

    def may_install(self, last_index: int, replica: Replica) -> bool:
        """Whether a leader's snapshot brings anything that we have not committed (figure 13)."""
        return last_index > replica.commit

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
