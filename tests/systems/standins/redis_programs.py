"""Programs beside the stand-in for Redis, for the tests."""

from __future__ import annotations

import redis.asyncio as client_library

from splitbrain.harness.programs import program, roles
from splitbrain.harness.simulation.world import World
from splitbrain.systems.standins import redis


def with_redis(main, *, persistence="always", events=(), until=10.0, rules=None):
    """Run a program beside a Redis; returns the world."""
    made = roles(redis=redis(persistence), app=program(main, library="asyncio"))
    world = World(1)
    for name, peers in (("n1", ("n2",)), ("n2", ("n1",))):
        world.add_server(name, lambda node: made(node).run(), peers)
    for at, action in events:
        world.at(at, getattr(world, action), "n1")
    if rules is not None:
        rules(world)
    with world.booted():
        world.run_until(until)
    for _, _, error in world.failures:
        raise error
    return world


def connected(**options):
    timeouts = {"socket_timeout": 0.5, "socket_connect_timeout": 0.5}
    return client_library.Redis(host="redis", decode_responses=True, **timeouts, **options)
