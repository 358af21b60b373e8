"""Small worlds of unmodified programs, for the tests."""

from __future__ import annotations

from splitbrain.harness.nemesis.rules import LinkRule, links_between
from splitbrain.harness.programs import program
from splitbrain.harness.simulation.world import World


def world_of(*mains, seed=1, library="trio", **options) -> World:
    """A world whose servers n1, n2, ... run these async functions as they are."""
    world = World(seed, **options)
    names = tuple(f"n{i + 1}" for i in range(len(mains)))
    for name, main in zip(names, mains, strict=True):
        peers = tuple(other for other in names if other != name)
        made = program(main, library=library)
        world.add_server(name, lambda node, made=made: made(node).run(), peers)
    return world


def run(world: World, until: float = 5.0) -> World:
    """Let it run; what its programs raised is raised."""
    with world.booted():
        world.run_until(until)
    for _, _, error in world.failures:
        raise error
    return world


def cut(world: World, begin: float, end: float, *, oneway: bool = False) -> LinkRule:
    """A partition between n1 and n2."""
    links = frozenset({("n1", "n2")}) if oneway else links_between(["n1"], ["n2"])
    rule = LinkRule("cut", links, block=True)
    world.at(begin, world.add_rule, rule)
    world.at(end, world.remove_rule, rule)
    return rule
