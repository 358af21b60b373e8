"""A server as the acceptors of all slots: it promises, votes, and hears who leads."""

from __future__ import annotations

from splitbrain.systems.consensus.paxos.effects import SavePromise, SaveVotes
from splitbrain.systems.consensus.paxos.learning import fetch, learn, send_snapshot
from splitbrain.systems.consensus.paxos.messages import (
    ACCEPTED,
    ALIVE,
    NACK,
    PROMISE,
    Accept,
    Accepted,
    Alive,
    Heartbeat,
    Nack,
    Prepare,
    Promised,
)
from splitbrain.systems.consensus.paxos.phases import Following
from splitbrain.systems.consensus.paxos.roles import follow
from splitbrain.systems.consensus.paxos.state import Server
from splitbrain.systems.consensus.paxos.synod import Vote


def on_prepare(server: Server, sender: str, message: Prepare) -> None:
    """Promise a ballot, and say how we voted; unless a later one is promised, or a leader is heard.

    Whoever lacks what we have forgotten gets our state instead: it asks again with that.
    """
    ballot, first = message.ballot, message.first
    if not server.rules.may_promise(server.acceptor.promised, ballot):
        refuse(server, sender, ballot)
    elif server.rules.is_protected(server, sender):
        return
    elif first <= server.replica.base:
        send_snapshot(server, sender)
    else:
        new = ballot > server.acceptor.promised
        promise(server, ballot)
        # Asked again we wait no longer: a proposer that hears no answer would keep us for ever.
        if new and sender != server.name and server.rules.yields():
            follow(server, None)
        votes = server.acceptor.since(first)
        answer = Promised(PROMISE, ballot, first, votes)
        server.outbox.send_when_durable((sender,), answer)


def promise(server: Server, ballot: int) -> None:
    """Promise to vote in no ballot before this one."""
    acceptor = server.acceptor
    if ballot > acceptor.promised:
        acceptor.promised = ballot
        if server.rules.saves_promises:
            server.outbox.save(SavePromise(ballot))


def refuse(server: Server, sender: str, ballot: int) -> None:
    """Say which ballot was promised."""
    answer = Nack(NACK, ballot, server.acceptor.promised)
    server.outbox.send_when_durable((sender,), answer)


def on_accept(server: Server, sender: str, message: Accept) -> None:
    """Vote for what is proposed, if no later ballot was promised."""
    acceptor, ballot = server.acceptor, message.ballot
    if not server.rules.may_vote(acceptor.promised, ballot):
        refuse(server, sender, ballot)
        return
    hear_leader(server, sender, ballot)
    news = []
    for slot, value in message.proposals:
        vote = Vote(ballot, value)
        # What we forgot was chosen: there can be no other value in it.
        if slot > server.replica.base and acceptor.votes.get(slot) != vote:
            acceptor.votes[slot] = vote
            news.append((slot, value))
    if news:
        server.outbox.save(SaveVotes(ballot, tuple(news)))
    slots = tuple(slot for slot, _ in message.proposals)
    server.outbox.send_when_durable((sender,), Accepted(ACCEPTED, ballot, slots))
    learn(server, ballot, message.chosen)


def on_heartbeat(server: Server, sender: str, message: Heartbeat) -> None:
    """Hear a leader, say so, and ask it for what we lack."""
    ballot = message.ballot
    if not server.rules.may_vote(server.acceptor.promised, ballot):
        refuse(server, sender, ballot)
        return
    hear_leader(server, sender, ballot)
    server.outbox.send_when_durable((sender,), Alive(ALIVE, ballot, message.number))
    learn(server, ballot, message.chosen)
    if server.replica.applied < message.chosen:
        fetch(server, sender)


def hear_leader(server: Server, leader: str, ballot: int) -> None:
    """A leader sent something in a ballot that is none of the past: follow it, and wait anew."""
    promise(server, ballot)
    timer = server.timer
    timer.heard, timer.heard_at = leader, timer.now
    if leader == server.name:
        return
    phase = server.phase
    if isinstance(phase, Following) or server.rules.yields():
        if not isinstance(phase, Following) or phase.leader != leader:
            follow(server, leader)
        timer.restart(server.settings)
