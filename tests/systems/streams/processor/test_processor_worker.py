"""A worker whose hub has lost what it had told: the checkpoint after that has an older number."""

from __future__ import annotations

from splitbrain.harness.simulation.world import World
from splitbrain.systems.streams.processor.worker import Worker

POSITIONS, STATE = (0,), ()


def test_a_barrier_of_a_later_attempt_counts_though_its_number_was_there_before():
    snapshots = []

    async def hub(node):
        """Tells of barrier 5 in one life, which it loses; in the next it is at checkpoint 3."""
        attempts = {7: 5, 9: 4}
        attempt = 7
        while True:
            sender, message = await node.network.receive()
            if message[0] == "join":
                job = (message[1], attempt, ((0, POSITIONS, STATE),), attempts[attempt] - 1)
                node.network.send(sender, ("job", *job))
                barrier = attempts[attempt], (0,)
                node.network.send(sender, ("events", attempt, 0, 0, 0, (), barrier))
            elif message[0] == "snapshot":
                snapshots.append(message[1:4])
                attempt = 9

    class OneGroup(Worker):
        groups = 1

    world = World(3)
    world.add_server("n1", hub, ("n2",))
    world.add_server("n2", lambda node: OneGroup(node).run(), ("n1",))
    with world.booted():
        world.run_until(2.0)

    assert set(snapshots) == {(7, 5, 0), (9, 4, 0)}
