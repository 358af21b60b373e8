"""A worker that is told the same twice, since messages may come twice."""

from __future__ import annotations

from splitbrain.harness.simulation.world import World
from splitbrain.systems.batch.mapreduce.worker import Worker

ATTEMPT = (1, 7)
SOURCES = (("m1", (1, 1), "n2"), ("m2", (1, 2), "n2"))


def test_a_task_is_reduced_once_however_often_it_is_handed_out():
    reduced = []

    async def coordinator(node):
        """Hands the task out, again while it is fetching, and again when it is done."""
        handing_out = ("reduce", 1, 0, ATTEMPT, SOURCES)
        node.network.send("n1", handing_out)
        while True:
            sender, message = await node.network.receive()
            if message[0] == "fetch":
                node.network.send("n1", handing_out)
                # More than a worker holds in memory, so that there are files.
                part = tuple((f"k{number}", (number, 1)) for number in range(20))
                node.network.send(sender, ("part", message[1], part))
            else:
                reduced.append(message)
                node.network.send("n1", handing_out)

    world = World(3)
    world.add_server("n1", lambda node: Worker(node).run(), ("n2",))
    world.add_server("n2", coordinator, ("n1",))
    died = []
    world.on_announcement = lambda *announced: died.append(announced)
    with world.booted():
        world.run_until(2.0)

    assert died == []
    ((what, job, task, attempt, pairs),) = reduced
    assert (what, job, task, attempt) == ("reduced", 1, 0, ATTEMPT)
    assert dict(pairs) == {f"k{number}": (2 * number, 2) for number in range(20)}
