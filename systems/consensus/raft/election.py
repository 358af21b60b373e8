"""Leader election (5.2, 5.4.1), and how a leader that reaches no majority resigns (thesis 6.2).

::

             timeout                 majority would          majority
    follower -------> pre-candidate --------------> candidate --------> leader
        ^    <-------     |  ^                       |   |                 |
        |    a leader or  '--'                       |   | timeout:        | a later term, or no
        |    a later term timeout                    |   | ask again first | majority for an
        '--------------------------------------------'---'-----------------' election timeout

A pre-candidate changes nothing, neither here nor elsewhere (thesis 9.6): a server that nobody would
vote for, being cut off or behind, disturbs nobody and comes back with the term that it left with.
And who hears of its leader protects it (4.2.3): it grants no vote, and takes no notice of the later
term of whoever asks for one, unless the leader itself wants it (3.10).
"""

from __future__ import annotations

from collections import deque
from typing import Any

from splitbrain.systems.consensus.raft.handing_over import give_up
from splitbrain.systems.consensus.raft.leading import (
    append_entry,
    own_log_saved,
    replicate,
    send_append,
)
from splitbrain.systems.consensus.raft.messages import (
    PRE_VOTE,
    REQUEST_VOTE,
    VOTE,
    WOULD_VOTE,
    Entry,
    PreVote,
    RequestVote,
    TimeoutNow,
    Vote,
    WouldVote,
)
from splitbrain.systems.consensus.raft.phases import (
    Candidacy,
    Canvass,
    Following,
    Leadership,
    Progress,
)
from splitbrain.systems.consensus.raft.roles import enter, follow, save_ballot
from splitbrain.systems.consensus.raft.state import Server


def time_out(server: Server) -> None:
    """Nobody leads, as far as we know: find out who would vote for us, or campaign at once."""
    if not server.rules.may_campaign(server):
        server.timer.restart(server.settings)
        return
    if not server.settings.pre_vote or server.members.agreed((server.name,)):
        campaign(server)
        return
    timer = server.timer
    timer.restart(server.settings)
    canvass = Canvass(ends=timer.deadline, would={server.name})
    enter(server, canvass)
    request_pre_votes(server, canvass)


def request_pre_votes(server: Server, canvass: Canvass) -> None:
    """Ask all who have not said yet that they would vote for us; repeated while we wait."""
    log, timer = server.replica.log, server.timer
    request = PreVote(PRE_VOTE, server.ballot.term, log.last_index, log.last_term)
    for peer in server.members.electorate:
        if peer not in canvass.would:
            server.outbox.send(peer, request)
    timer.deadline = min(canvass.ends, timer.now + server.settings.heartbeat)


def on_pre_vote(server: Server, sender: str, message: PreVote) -> None:
    """Say whether we would vote for the sender; we promise nothing."""
    granted = server.rules.would_vote_for(message, server)
    answer = WouldVote(WOULD_VOTE, server.ballot.term, granted, message.term)
    server.outbox.send(sender, answer)


def on_would_vote(server: Server, sender: str, message: WouldVote) -> None:
    """Campaign if a majority would vote for us."""
    phase = server.phase
    if isinstance(phase, Canvass) and message.granted and message.asked == server.ballot.term:
        phase.would.add(sender)
        if server.members.agreed(phase.would):
            campaign(server)


def on_timeout_now(server: Server, sender: str, message: TimeoutNow) -> None:
    """Our leader wants us to lead (thesis 3.10)."""
    if message.term == server.ballot.term and isinstance(server.phase, Following):
        campaign(server, transfer=True)


def believes(server: Server, kind: str, message: tuple[Any, ...]) -> bool:
    """Whether a message of a later term makes us follow in that term (5.1)."""
    if kind == PRE_VOTE:
        return False  # its sender may never have that term's leader, nor any other
    return not (
        kind == REQUEST_VOTE
        and not RequestVote(*message).transfer
        and server.rules.is_protected(server)
    )


def campaign(server: Server, *, transfer: bool = False) -> None:
    """Start an election: a new term, our own vote, and a request to all others (5.2)."""
    ballot, timer = server.ballot, server.timer
    ballot.term += 1
    ballot.vote = server.name
    vote_save = save_ballot(ballot, server.rules, server.outbox)
    timer.restart(server.settings)
    candidacy = Candidacy(vote_save, ends=timer.deadline, transfer=transfer)
    enter(server, candidacy)
    request_votes(server, candidacy)


def request_votes(server: Server, candidacy: Candidacy) -> None:
    """Ask all who have not granted their vote yet; repeated while we wait (5.1)."""
    log, timer = server.replica.log, server.timer
    request = RequestVote(
        REQUEST_VOTE, server.ballot.term, log.last_index, log.last_term, candidacy.transfer
    )
    for peer in server.members.electorate:
        if peer not in candidacy.votes and peer != server.name:
            server.outbox.send_when_durable(peer, request)
    timer.deadline = min(candidacy.ends, timer.now + server.settings.heartbeat)


def on_request_vote(server: Server, sender: str, message: RequestVote) -> None:
    """Vote for a candidate whose log is as good as ours, once a term (5.2, 5.4.1)."""
    ballot = server.ballot
    granted = server.rules.may_vote_for(sender, message, server)
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
    if server.members.agreed(candidacy.votes):
        lead(server)


def lead(server: Server) -> None:
    """Take office: nothing is known of the followers' logs (figure 2)."""
    timer, log, outbox = server.timer, server.replica.log, server.outbox
    candidacy = server.phase
    assert isinstance(candidacy, Candidacy)
    assert server.ballot.vote == server.name
    last = log.last_index
    opens = server.rules.opens_term
    office = Leadership(
        server.name,
        progress={
            peer: Progress(last + 1, timer.now)
            for peer in server.members.everybody
            if peer != server.name
        },
        unsaved=deque([(outbox.saves, last)]),
        term_start=last + 1 if opens else 0,
        voters=frozenset(candidacy.votes),
    )
    enter(server, office)
    if opens:
        append_entry(Entry(server.ballot.term, None), office, server.replica, outbox)
    replicate(server, office)
    timer.deadline = timer.now + server.settings.heartbeat
    own_log_saved(server, office)


def heartbeat(server: Server, office: Leadership) -> None:
    """Keep followers from campaigning, and repeat what they have not answered."""
    timer, settings = server.timer, server.settings
    since = timer.now - settings.election_max
    heard = [peer for peer, progress in office.progress.items() if progress.heard_at >= since]
    if not server.members.agreed((server.name, *heard)):
        follow(server, server.ballot.term, None)
        return
    if office.transfer is not None:
        give_up(server, office, office.transfer)
    # Whoever was sent something lately needs nothing now.
    due = timer.now - settings.heartbeat / 2
    for peer, progress in office.progress.items():
        if progress.sent_at <= due:
            if progress.flight:  # lost, or not answered yet: once more, all of it
                progress.flight.clear()
                progress.next = progress.next if progress.probing else progress.match + 1
            send_append(server, office, peer, progress)
    timer.deadline = timer.now + settings.heartbeat
