"""Programs beside the stand-in for NATS, for the tests."""

from __future__ import annotations

import nats as client_library

from splitbrain.harness.programs import program, roles
from splitbrain.harness.simulation.world import World
from splitbrain.systems.standins import nats


def with_nats(main, *, sync="interval", events=(), rules=lambda world: None, until=15.0):
    """Run a program beside a NATS; returns the world."""
    made = roles(nats=nats(sync), app=program(main, library="asyncio"))
    world = World(1)
    for name, peers in (("n1", ("n2",)), ("n2", ("n1",))):
        world.add_server(name, lambda node: made(node).run(), peers)
    for at, action in events:
        world.at(at, getattr(world, action), "n1")
    rules(world)
    with world.booted():
        world.run_until(until)
    for _, _, error in world.failures:
        raise error
    return world


def connected():
    return client_library.connect("nats://nats:4222", reconnect_time_wait=0.1)
