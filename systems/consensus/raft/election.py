"""Leader election (5.2, 5.4.1), and how a leader that reaches no majority resigns (thesis 6.2).

::

                 timeout              majority
    follower ------------> candidate ----------> leader
        ^    <------------   |   ^      |
        |    a leader or     '---'      |   a later term, or no majority
        |    a later term   timeout     |   for an election timeout
        '-------------------------------'

Pre-vote (thesis 9.6) is left out: a server that comes back from a partition with a later term
forces one election. That costs time, never safety.
"""

from __future__ import annotations

from collections import deque

from splitbrain.systems.consensus.raft.messages import REQUEST_VOTE, VOTE, RequestVote, Vote
from splitbrain.systems.consensus.raft.reads import Reads
from splitbrain.systems.consensus.raft.state import CANDIDATE, Candidacy, Leadership, Progress


class Elections(Reads):
    """Becoming leader, and ceasing to be."""

    def campaign(self) -> None:
        """Start an election: a new term, our own vote, and a request to all others (5.2)."""
        self.term += 1
        self.vote = self.name
        self.save_state()
        self.restart_election_timer()
        candidacy = Candidacy(vote_save=self.saves, ends=self.deadline)
        self.become(candidacy)
        self.request_votes(candidacy)

    def request_votes(self, candidacy: Candidacy) -> None:
        """Ask all who have not granted their vote yet; repeated while we wait (5.1)."""
        log = self.log
        request = RequestVote(REQUEST_VOTE, self.term, log.last_index, log.last_term)
        for peer in self.peers:
            if peer not in candidacy.votes:
                self.send_when_durable(peer, request)
        self.deadline = min(candidacy.ends, self.now + self.settings.heartbeat)

    def on_request_vote(self, sender: str, message: RequestVote) -> None:
        """Vote for a candidate whose log is as good as ours, once a term (5.2, 5.4.1)."""
        granted = message.term == self.term and self.may_vote_for(sender, message)
        if granted:
            if self.vote is None:
                self.vote = sender
                self.save_state()
            self.restart_election_timer()
        self.send_when_durable(sender, Vote(VOTE, self.term, granted))

    def may_vote_for(self, candidate: str, message: RequestVote) -> bool:
        """First come, first served, and only for logs at least as up to date as ours."""
        ours = (self.log.last_term, self.log.last_index)
        return self.vote in (None, candidate) and (message.last_term, message.last_index) >= ours

    def on_vote(self, sender: str, message: Vote) -> None:
        """Count a vote."""
        phase = self.phase
        if isinstance(phase, Candidacy) and message.term == self.term and message.granted:
            self.count_vote(phase, sender)

    def own_vote_saved(self, candidacy: Candidacy) -> None:
        """Our own vote counts once it is durable, like any other."""
        if candidacy.vote_save <= self.saves_done:
            self.count_vote(candidacy, self.name)

    def count_vote(self, candidacy: Candidacy, voter: str) -> None:
        """A majority of votes makes a leader."""
        candidacy.votes.add(voter)
        if len(candidacy.votes) >= self.majority:
            self.become_leader()

    def become_leader(self) -> None:
        """Take office: nothing is known of the followers' logs (figure 2)."""
        assert self.role == CANDIDATE
        assert self.vote == self.name
        last = self.log.last_index
        office = Leadership(
            self.name,
            progress={peer: Progress(last + 1, self.now) for peer in self.peers},
            unsaved=deque([(self.saves, last)]),
            term_start=last + 1,
        )
        self.become(office)
        self.open_term(office)
        self.replicate(office)
        self.deadline = self.now + self.settings.heartbeat
        self.own_log_saved(office)

    def open_term(self, office: Leadership) -> None:
        """Append a no-op: it commits what earlier terms left behind (section 8, thesis 6.4)."""
        self.append_entry(office, None)

    def heartbeat(self, office: Leadership) -> None:
        """Keep followers from campaigning, and repeat what they have not answered."""
        if not self.has_quorum(office):
            self.become_follower(self.term, None)
            return
        # Whoever was sent something lately needs nothing now.
        due = self.now - self.settings.heartbeat / 2
        for peer, progress in office.progress.items():
            if progress.sent_at <= due:
                self.send_append(office, peer, progress)
        self.deadline = self.now + self.settings.heartbeat

    def has_quorum(self, office: Leadership) -> bool:
        """Whether a majority, ourselves included, was heard of within an election timeout."""
        since = self.now - self.settings.election_max
        heard = sum(progress.heard_at >= since for progress in office.progress.values())
        return heard + 1 >= self.majority
