"""Changes of the members (paper 6, thesis 4): one voter at a time, or any by a joint configuration.

::

    one voter        n1 n2 n3 ------------------------------------> n1 n2 n3 n4
    any              n1 n2 n3 ---> both majorities of  n1 n2 n3 ---> n3 n4 n5
                                                       n3 n4 n5

A leader begins no change before the one before is committed, and before an entry of its own term
is: a change that an earlier leader began, and that nobody else has heard of, could otherwise meet
ours with a majority of its own (Ongaro, raft-dev, 10 July 2015). Who is to vote had better be a
learner before, so that it holds the log by the time that its vote is needed (thesis 4.2.1).
"""

from __future__ import annotations

from splitbrain.systems.consensus.asking import OK, REDIRECT, REFUSED
from splitbrain.systems.consensus.raft.configuration import Configuration
from splitbrain.systems.consensus.raft.leading import enact, replicate
from splitbrain.systems.consensus.raft.phases import Leadership
from splitbrain.systems.consensus.raft.state import Server


def tell_members(server: Server, client: str, id: int) -> None:
    """Say who the members are, as the leader knows it."""
    office, outbox = server.phase, server.outbox
    if isinstance(office, Leadership):
        outbox.reply(client, id, OK, tuple(server.members))
    else:
        outbox.reply(client, id, REDIRECT, office.leader)


def change(
    server: Server, client: str, id: int, voters: tuple[str, ...], learners: tuple[str, ...]
) -> None:
    """Begin to have these members; the client is answered when they alone decide."""
    office, outbox, now = server.phase, server.outbox, server.members
    wanted = Configuration(voters, (), learners)
    if not isinstance(office, Leadership):
        outbox.reply(client, id, REDIRECT, office.leader)
    elif not voters or set(voters) & set(learners):
        outbox.reply(client, id, REFUSED, "members are some voters, and learners besides")
    elif office.transfer is not None:
        outbox.reply(client, id, REDIRECT, office.transfer.target)
    elif not server.rules.may_change_members(server, office):
        outbox.reply(client, id, REFUSED, "another change or leader has not settled yet")
    elif wanted == now:
        outbox.reply(client, id, OK, None)
    else:
        if server.rules.needs_joint(wanted, now):
            office.changing = (client, id)
            enact(server, office, wanted._replace(outgoing=now.voters))
        else:
            office.pending[enact(server, office, wanted)] = (client, id)
        replicate(server, office)
