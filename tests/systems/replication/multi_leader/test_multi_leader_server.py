"""What leaders ask of each other."""

from __future__ import annotations

from splitbrain.harness.simulation.world import World
from splitbrain.systems.replication.multi_leader.server import MultiLeaderServer

RESTS_ON_WHAT_IS_NOT_HERE = ("n2/1", 1, (("n3/1", 1),), ("value", "x"), (), (1,))


def test_who_can_take_nothing_of_what_came_does_not_ask_for_it_again_at_once():
    pulls = []

    async def ahead(node):
        """Has more, all of which rests on what a third leader wrote."""
        while True:
            sender, message = await node.network.receive()
            if message[0] == "pull":
                pulls.append(message)
                changes = (RESTS_ON_WHAT_IS_NOT_HERE,)
                node.network.send(sender, ("changes", changes, message[2], True))
            else:
                node.network.send(sender, ("changes", (), (), False))

    world = World(1)
    world.add_server("n1", lambda node: MultiLeaderServer(node).run(), ("n2",))
    world.add_server("n2", ahead, ("n1",))
    with world.booted():
        world.run_until(3.0)

    assert 1 < len(pulls) < 60
