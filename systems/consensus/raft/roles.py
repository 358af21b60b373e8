"""Changing roles: into any phase, and back to following (5.1)."""

from __future__ import annotations

from splitbrain.systems.consensus.asking import REDIRECT
from splitbrain.systems.consensus.raft.effects import RoleChanged
from splitbrain.systems.consensus.raft.outbox import Outbox
from splitbrain.systems.consensus.raft.phases import Following, Leadership, Phase
from splitbrain.systems.consensus.raft.rules import Rules
from splitbrain.systems.consensus.raft.state import Ballot, Server


def enter(server: Server, phase: Phase) -> None:
    """Enter another phase, and tell the shell."""
    server.phase = phase
    server.outbox.tell(RoleChanged(phase.role, server.ballot.term))


def save_ballot(ballot: Ballot, rules: Rules, outbox: Outbox) -> int:
    """Ask for term and vote to be made durable; the number of the save."""
    return outbox.save(rules.saved_ballot(ballot.term, ballot.vote))


def follow(server: Server, term: int, leader: str | None) -> None:
    """Follow `leader` (None: not known yet) in `term` (5.1)."""
    ballot = server.ballot
    assert term >= ballot.term
    if term > ballot.term:
        ballot.term, ballot.vote = term, None
        save_ballot(ballot, server.rules, server.outbox)
    before, after = server.phase, Following(leader)
    server.phase = after
    if isinstance(before, Following):
        return
    if isinstance(before, Leadership):
        dismiss_clients(before, leader, server.outbox)
    enter(server, after)
    server.timer.restart(server.settings)


def hear_leader(server: Server, term: int, leader: str) -> None:
    """A message of our term's leader came: follow it, and restart the timer (5.2)."""
    phase, timer = server.phase, server.timer
    if not isinstance(phase, Following) or phase.leader != leader:
        leads = isinstance(phase, Leadership)
        assert not (leads and term == server.ballot.term), f"two leaders in term {term}"
        follow(server, term, leader)
    timer.heard_at = timer.now
    timer.restart(server.settings)


def dismiss_clients(office: Leadership, leader: str | None, outbox: Outbox) -> None:
    """Send waiting clients elsewhere: we cannot tell any more what becomes of their requests.

    Their commands may yet be committed by others; sessions make the retry safe.
    """
    for client, id in office.pending.values():
        outbox.reply(client, id, REDIRECT, leader)
    if office.changing is not None:
        outbox.reply(*office.changing, REDIRECT, leader)
    for read in office.reads:
        outbox.reply(read.client, read.id, REDIRECT, leader)
    if office.transfer is not None and not office.transfer.told:
        outbox.reply(office.transfer.client, office.transfer.id, REDIRECT, leader)
