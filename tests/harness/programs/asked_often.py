"""A client that asks a server before, in and after a partition, for tests of libraries."""

from __future__ import annotations

import asyncio

import trio
from worlds import cut

from splitbrain.harness.programs import program
from splitbrain.harness.simulation.world import World


async def often(ask, sleep):
    """Ask before and in a partition from 1 s to 3 s, as it ends, and well after it."""
    outcomes = []
    for pause in (1.2, 1.2, 6.0, 0.0):
        try:
            outcomes.append(await ask())
        except Exception as error:  # noqa: BLE001 - it is an outcome
            outcomes.append(type(error).__name__)
        await sleep(pause)
    return outcomes


def outcomes(server, ask, library="asyncio", standin=None):
    """What the client found, which must be the same twice; `standin` may be the server."""

    def once():
        found = []

        async def main():
            found.extend(await often(ask, asyncio.sleep if library == "asyncio" else trio.sleep))

        world = World(1)
        serving = standin or program(server, library=library)
        asking = program(main, library=library)
        world.add_server("n1", lambda node: serving(node).run(), ("n2",))
        world.add_server("n2", lambda node: asking(node).run(), ("n1",))
        cut(world, 1.0, 3.0)
        with world.booted():
            world.run_until(25.0)
        assert world.failures == []
        return found, world.trace.digest()

    one = once()
    assert once() == one
    return one[0]


def check(found, answer):
    """Answered before and after; in between not."""
    assert [found[0], found[3]] == [answer, answer]
    assert found[1] != answer
