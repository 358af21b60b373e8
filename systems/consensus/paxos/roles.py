"""Changing phases: into any, and back to following."""

from __future__ import annotations

from splitbrain.systems.consensus.asking import REDIRECT
from splitbrain.systems.consensus.paxos.effects import RoleChanged
from splitbrain.systems.consensus.paxos.phases import Following, Leading, Phase
from splitbrain.systems.consensus.paxos.state import Server


def enter(server: Server, phase: Phase) -> None:
    """Enter another phase, and tell the shell; a leader's clients are sent elsewhere.

    We cannot tell any more what becomes of their commands; asking again is safe.
    """
    before, server.phase = server.phase, phase
    if isinstance(before, Leading):
        waiting = [*before.pending.values(), *((read.client, read.id) for read in before.reads)]
        for client, id in waiting:
            server.outbox.reply(client, id, REDIRECT, phase.leader)
    if phase.role != before.role or not isinstance(phase, Following):
        ballot = server.acceptor.promised if isinstance(phase, Following) else phase.ballot
        server.outbox.tell(RoleChanged(phase.role, ballot))


def follow(server: Server, leader: str | None) -> None:
    """Leave proposing to another."""
    enter(server, Following(leader))
    server.timer.restart(server.settings)
