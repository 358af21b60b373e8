"""An unmodified program beside stand-ins, each on a host of its own."""

from __future__ import annotations

from splitbrain.harness.programs import program, roles
from splitbrain.harness.simulation.world import World


def beside(main, *, until, events=(), rules=None, seed=1, **standins):
    """Run a program of asyncio beside stand-ins, by name; returns the world.

    Args:
        main: the program; its error is raised.
        until: when the world ends, in virtual seconds.
        events: times, each with what befalls the first stand-in then.
        rules: is given the world before it begins.
        seed: of the world.
        standins: the first is n1, the program the last host.
    """
    made = roles(**standins, app=program(main, library="asyncio"))
    world = World(seed)
    names = [f"n{number}" for number in range(1, len(standins) + 2)]
    for name in names:
        peers = tuple(other for other in names if other != name)
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
