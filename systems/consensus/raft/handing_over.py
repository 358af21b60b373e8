"""Handing the leadership over to a server of one's choice (thesis 3.10).

The leader takes no more commands, brings the target's log up to date, and tells it to campaign at
once; the target's requests for votes say that this is wanted, so nobody protects the old leader. If
the target does not lead within an election timeout, the leader goes on.

A target that is slow may campaign when it is not expected any more. The leader's safety never
rested on its being heard, but its lease does: once it has told anybody to campaign, it reads
without asking no more in this term.
"""

from __future__ import annotations

from splitbrain.systems.consensus.asking import OK, REDIRECT, REFUSED
from splitbrain.systems.consensus.raft.messages import TIMEOUT_NOW, TimeoutNow
from splitbrain.systems.consensus.raft.phases import Leadership, Transfer
from splitbrain.systems.consensus.raft.state import Server


def transfer(server: Server, client: str, id: int, target: str) -> None:
    """Begin to hand over to `target`; the client is answered when the target is told."""
    office, outbox = server.phase, server.outbox
    if not isinstance(office, Leadership):
        outbox.reply(client, id, REDIRECT, office.leader)
    elif target == server.name:
        outbox.reply(client, id, OK, None)
    elif target not in office.progress:
        outbox.reply(client, id, REFUSED, f"{target} is no server of this cluster")
    elif office.transfer is not None:
        outbox.reply(client, id, REFUSED, f"{office.transfer.target} is to lead next")
    else:
        until = server.timer.now + server.settings.election_min
        office.transfer = Transfer(target, until, client, id)
        hand_over(server, office, office.transfer)


def hand_over(server: Server, office: Leadership, wish: Transfer) -> None:
    """Tell the target to campaign, once it holds all of our log."""
    progress = office.progress.get(wish.target)  # it may have ceased to be a member
    if wish.told or progress is None:
        return
    if server.rules.may_hand_over(progress, server.replica.log):
        office.released = True
        office.transfer = wish._replace(told=True)
        server.outbox.reply(wish.client, wish.id, OK, None)
        server.outbox.send(wish.target, TimeoutNow(TIMEOUT_NOW, server.ballot.term))


def give_up(server: Server, office: Leadership, wish: Transfer) -> None:
    """Go on leading, if the target has had its time."""
    if server.timer.now >= wish.until:
        office.transfer = None
        if not wish.told:
            said = f"{wish.target} did not catch up"
            server.outbox.reply(wish.client, wish.id, REFUSED, said)
