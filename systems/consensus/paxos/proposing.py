"""A server as the proposer of all slots: phase 1 once for all of them, then phase 2 for each.

::

               timeout                   a majority promised
    follower -----------> preparing -------------------------> leader
        ^                  |     ^                                |
        |  a leader        |     |  a later ballot, while a       |  a later ballot, or no
        '------------------'     '--  majority hears it  ---------'  majority for a while: follow

Phase 1 tells a new leader how a majority voted in every slot that it does not know the value of.
With what it finds it goes on, slot by slot; where nobody voted, and somebody did behind it, it
proposes to do nothing, or that hole would stay for ever.
"""

from __future__ import annotations

from math import inf
from typing import Any

from splitbrain.systems.consensus.asking import REDIRECT
from splitbrain.systems.consensus.paxos.accepting import promise
from splitbrain.systems.consensus.paxos.learning import apply
from splitbrain.systems.consensus.paxos.messages import (
    ACCEPT,
    HEARTBEAT,
    PREPARE,
    Accept,
    Accepted,
    Alive,
    Heartbeat,
    Nack,
    Prepare,
    Promised,
)
from splitbrain.systems.consensus.paxos.phases import (
    Following,
    Hearing,
    Leading,
    Preparing,
    Proposal,
    Read,
)
from splitbrain.systems.consensus.paxos.reads import answer, release_reads
from splitbrain.systems.consensus.paxos.roles import enter, follow
from splitbrain.systems.consensus.paxos.state import Server
from splitbrain.systems.consensus.paxos.synod import Vote


def campaign(server: Server) -> None:
    """Begin a ballot of our own. Our promise to ourselves comes first, and is durable before
    anybody hears of the ballot: in a later life we would take it again otherwise."""
    ballot = server.seen = server.next_ballot()
    promise(server, ballot)
    server.timer.restart(server.settings)
    preparing = Preparing(ballot, ends=server.timer.deadline)
    enter(server, preparing)
    prepare(server, preparing)


def prepare(server: Server, phase: Preparing) -> None:
    """Ask all who have not promised yet; repeated while we wait."""
    timer = server.timer
    silent = [name for name in server.everybody if name not in phase.promises]
    request = Prepare(PREPARE, phase.ballot, server.replica.applied + 1)
    server.outbox.send_when_durable(silent, request)
    timer.deadline = min(phase.ends, timer.now + server.settings.heartbeat)


def on_promised(server: Server, sender: str, message: Promised) -> None:
    """Note how an acceptor voted; a majority makes a leader."""
    phase = server.phase
    if isinstance(phase, Preparing) and message.ballot == phase.ballot:
        phase.promises[sender] = {slot: Vote(*vote) for slot, *vote in message.votes}
        if len(phase.promises) >= server.majority:
            lead(server, phase)


def lead(server: Server, phase: Preparing) -> None:
    """Go on with whatever may have been chosen."""
    replica, now = server.replica, server.timer.now
    votes: dict[int, list[Vote]] = {}
    for promised in phase.promises.values():
        for slot, vote in promised.items():
            votes.setdefault(slot, []).append(vote)
    last = max([replica.applied, *replica.chosen, *votes])
    office = Leading(
        server.name,
        phase.ballot,
        next=last + 1,
        recovered=last,
        hearing={name: Hearing(now) for name in server.everybody},
    )
    enter(server, office)
    for slot in range(replica.applied + 1, last + 1):
        if slot in replica.chosen:
            office.open[slot] = Proposal(replica.chosen[slot], now)
        elif slot in votes or server.rules.fills_holes:
            office.open[slot] = Proposal(server.rules.value_for(votes.get(slot, ())), now)
    for name in server.everybody:
        propose_again(server, office, name, now)
    beat(server, office)
    server.timer.deadline = now + server.settings.heartbeat


def propose(server: Server, client: str, id: int, command: Any) -> None:
    """Propose a client's command in the next slot; the answer comes when it is applied."""
    office = server.phase
    if not isinstance(office, Leading):
        server.outbox.reply(client, id, REDIRECT, office.leader)
        return
    slot, office.next = office.next, office.next + 1
    office.open[slot] = Proposal(command, server.timer.now)
    office.pending[slot] = (client, id)
    request = Accept(ACCEPT, office.ballot, ((slot, command),), server.replica.applied)
    server.outbox.send(server.everybody, request)


def propose_again(
    server: Server, office: Leading, to: str, before: float, last: float = inf
) -> None:
    """Repeat what was sent before some time and this acceptor has not voted for, up to a slot."""
    due = [
        (slot, each.value)
        for slot, each in office.open.items()
        if slot <= last and to not in each.votes and each.sent_at <= before
    ][: server.settings.batch]
    if due:
        request = Accept(ACCEPT, office.ballot, tuple(due), server.replica.applied)
        server.outbox.send((to,), request)


def on_accepted(server: Server, sender: str, message: Accepted) -> None:
    """Count votes; what a majority voted for is chosen. Of the slots that we found when we began to
    lead, the next ones go to whoever voted in some of them."""
    office = server.phase
    if not isinstance(office, Leading) or message.ballot != office.ballot:
        return
    office.hearing[sender].heard_at = server.timer.now
    found = False
    for slot in message.slots:
        proposal = office.open.get(slot)
        if proposal is not None:
            found = found or (slot <= office.recovered and sender not in proposal.votes)
            proposal.votes.add(sender)
            if len(proposal.votes) >= server.majority:
                del office.open[slot]
                server.replica.choose(slot, proposal.value)
    apply(server)
    release_reads(server, office)
    if found:
        propose_again(server, office, sender, server.timer.now, office.recovered)


def heartbeat(server: Server, office: Leading) -> None:
    """Keep the others from proposing, and repeat what they have not answered; resign if too few
    are there to hear it."""
    settings, now = server.settings, server.timer.now
    if not server.rules.reaches_majority(server, office):
        follow(server, None)
        return
    due = now - settings.heartbeat / 2
    for name in server.everybody:
        propose_again(server, office, name, due)
    for each in office.open.values():
        if each.sent_at <= due:
            each.sent_at = now
    beat(server, office)
    server.timer.deadline = now + settings.heartbeat


def beat(server: Server, office: Leading) -> None:
    """Send a heartbeat to all acceptors."""
    office.sent += 1
    office.sent_at[office.sent] = server.timer.now
    message = Heartbeat(HEARTBEAT, office.ballot, server.replica.applied, office.sent)
    server.outbox.send(server.everybody, message)


def on_alive(server: Server, sender: str, message: Alive) -> None:
    """An acceptor has promised nothing to others since we sent what it answers."""
    office = server.phase
    if not isinstance(office, Leading) or message.ballot != office.ballot:
        return
    hearing = office.hearing[sender]
    hearing.heard_at = server.timer.now
    if message.number > hearing.answered:
        hearing.answered = message.number
        hearing.vouched_at = office.sent_at.get(message.number, hearing.vouched_at)
        confirmed = office.confirmed(server.majority)
        for number in [each for each in office.sent_at if each < confirmed]:
            del office.sent_at[number]
    release_reads(server, office)
    confirm_reads(server, office)


def confirm_reads(server: Server, office: Leading) -> None:
    """Ask whether we still lead, if a query waits for that and no question is under way."""
    reads = office.reads
    if reads and reads[-1].after > office.sent and office.confirmed(server.majority) >= office.sent:
        beat(server, office)


def query(server: Server, client: str, id: int, operation: Any) -> None:
    """Take a query; `splitbrain.systems.consensus.paxos.reads` has when it is answered."""
    office = server.phase
    if not isinstance(office, Leading):
        server.outbox.reply(client, id, REDIRECT, office.leader)
    elif server.rules.may_read_at_once(server, office):
        answer(server, client, id, operation)
    else:
        slot = max(server.replica.applied, office.recovered)
        office.reads.append(Read(office.sent + 1, slot, client, id, operation))
        confirm_reads(server, office)


def on_nack(server: Server, sender: str, message: Nack) -> None:
    """Somebody has promised a later ballot."""
    phase, rules = server.phase, server.rules
    server.seen = max(server.seen, message.promised)
    if isinstance(phase, Following) or phase.ballot != message.ballot:
        return
    office = phase if isinstance(phase, Leading) else None
    if not rules.yields() or (office and rules.may_outbid(server, office)):
        campaign(server)
    elif office:
        follow(server, None)
