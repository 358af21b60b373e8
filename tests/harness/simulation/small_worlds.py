"""Worlds of a few small programs."""

from __future__ import annotations

import trio

from splitbrain.harness.simulation.world import World


def world_of(*programs, seed=1, **options) -> World:
    world = World(seed, **options)
    names = tuple(f"n{i + 1}" for i in range(len(programs)))
    for name, program in zip(names, programs, strict=True):
        world.add_server(name, program, tuple(other for other in names if other != name))
    return world


def run(world: World, until: float = 2.0) -> World:
    with world.booted():
        world.run_until(until)
    return world


async def silent(node):
    await trio.sleep_forever()


def kinds(world: World) -> list[str]:
    return [event[1] for event in world.trace.events]
