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

from splitbrain.systems.consensus.raft.leading import (
    append_entry,
    own_log_saved,
    replicate,
    send_append,
)
from splitbrain.systems.consensus.raft.messages import (
    REQUEST_VOTE,
    VOTE,
    Entry,
    RequestVote,
    Vote,
)
from splitbrain.systems.consensus.raft.phases import Candidacy, Leadership, Progress
from splitbrain.systems.consensus.raft.roles import enter, follow, save_ballot
from splitbrain.systems.consensus.raft.state import Server


def campaign(server: Server) -> None:
    """Start an election: a new term, our own vote, and a request to all others (5.2)."""
    ballot, timer = server.ballot, server.timer
    ballot.term += 1
    ballot.vote = server.name
    vote_save = save_ballot(ballot, server.rules, server.outbox)
    timer.restart(server.settings)
    candidacy = Candidacy(vote_save, ends=timer.deadline)
    enter(server, candidacy)
    request_votes(server, candidacy)


def request_votes(server: Server, candidacy: Candidacy) -> None:
    """Ask all who have not granted their vote yet; repeated while we wait (5.1)."""
    log, timer = server.replica.log, server.timer
    request = RequestVote(REQUEST_VOTE, server.ballot.term, log.last_index, log.last_term)
    for peer in server.peers:
        if peer not in candidacy.votes:
            server.outbox.send_when_durable(peer, request)
    timer.deadline = min(candidacy.ends, timer.now + server.settings.heartbeat)


def on_request_vote(server: Server, sender: str, message: RequestVote) -> None:
    """Vote for a candidate whose log is as good as ours, once a term (5.2, 5.4.1)."""
    ballot, log = server.ballot, server.replica.log
    granted = message.term == ballot.term and server.rules.may_vote_for(
        sender, message, ballot.vote, log
    )
    if granted:
        if ballot.vote is None:
            ballot.vote = sender
            save_ballot(ballot, server.rules, server.outbox)
        server.timer.restart(server.settings)
    server.outbox.send_when_durable(sender, Vote(VOTE, ballot.term, granted))


def on_vote(server: Server, sender: str, message: Vote) -> None:
    """Count a vote."""
    phase = server.phase
    if isinstance(phase, Candidacy) and message.term == server.ballot.term and message.granted:
        count_vote(server, phase, sender)


def own_vote_saved(server: Server, candidacy: Candidacy) -> None:
    """Our own vote counts once it is durable, like any other."""
    if candidacy.vote_save <= server.outbox.saves_done:
        count_vote(server, candidacy, server.name)


def count_vote(server: Server, candidacy: Candidacy, voter: str) -> None:
    """A majority of votes makes a leader."""
    candidacy.votes.add(voter)
    if len(candidacy.votes) >= server.majority:
        lead(server)


def lead(server: Server) -> None:
    """Take office: nothing is known of the followers' logs (figure 2)."""
    timer, log, outbox = server.timer, server.replica.log, server.outbox
    assert isinstance(server.phase, Candidacy)
    assert server.ballot.vote == server.name
    last = log.last_index
    opens = server.rules.opens_term
    office = Leadership(
        server.name,
        progress={peer: Progress(last + 1, timer.now) for peer in server.peers},
        unsaved=deque([(outbox.saves, last)]),
        term_start=last + 1 if opens else 0,
    )
    enter(server, office)
    if opens:
        append_entry(Entry(server.ballot.term, None), office, log, outbox)
    replicate(server, office)
    timer.deadline = timer.now + server.settings.heartbeat
    own_log_saved(server, office)


def heartbeat(server: Server, office: Leadership) -> None:
    """Keep followers from campaigning, and repeat what they have not answered."""
    timer, settings = server.timer, server.settings
    if not has_quorum(office, server.majority, timer.now - settings.election_max):
        follow(server, server.ballot.term, None)
        return
    # Whoever was sent something lately needs nothing now.
    due = timer.now - settings.heartbeat / 2
    for peer, progress in office.progress.items():
        if progress.sent_at <= due:
            send_append(server, office, peer, progress)
    timer.deadline = timer.now + settings.heartbeat


def has_quorum(office: Leadership, majority: int, since: float) -> bool:
    """Whether a majority, ourselves included, was heard of since then (seconds, local clock)."""
    heard = sum(progress.heard_at >= since for progress in office.progress.values())
    return heard + 1 >= majority
