"""A replica of the stand-in for Redis reads stale, and catches up."""

from __future__ import annotations

import asyncio

import pytest

pytest.importorskip("redis")

import redis.asyncio as client_library
from redis.exceptions import ReadOnlyError
from standin_worlds import beside

from splitbrain.harness.nemesis.rules import LinkRule, links_between
from splitbrain.harness.plan import InvalidPlan
from splitbrain.systems.standins import redis, redis_replica


def with_replica(main, *, lag=0.5, persistence="always", prepare=lambda world: None):
    """Run a program beside a primary (n1) and its replica (n2); returns the world."""
    ended = []

    async def to_its_end():
        async with connected("redis") as primary, connected("replica") as replica:
            await main(primary, replica)
        ended.append(True)

    world = beside(
        to_its_end,
        until=30.0,
        rules=prepare,
        redis=redis(persistence),
        replica=redis_replica("redis", lag=lag),
    )
    assert ended
    return world


def connected(host):
    return client_library.Redis(host=host, decode_responses=True)


def test_a_read_is_stale_for_the_lag_and_writes_are_refused():
    async def main(primary, replica):
        await asyncio.sleep(1)
        await primary.set("k", "old")
        await asyncio.sleep(1)
        await primary.set("k", "new")
        assert await replica.get("k") == "old"
        await asyncio.sleep(1)
        assert await replica.get("k") == "new"
        with pytest.raises(ReadOnlyError):
            await replica.set("k", "mine")

    assert with_replica(main).trace.digest() == with_replica(main).trace.digest()


def test_cut_off_it_goes_on_answering_and_copies_everything_afterwards():
    links = links_between(["n1"], ["n2"])

    def prepare(world):
        rule = LinkRule("cut", links, block=True)
        world.at(2.0, world.add_rule, rule)
        world.at(14.0, world.remove_rule, rule)

    async def main(primary, replica):
        await primary.set("k", "old")
        await asyncio.sleep(3)
        await primary.set("k", "new")
        await asyncio.sleep(5)
        assert await replica.get("k") == "old"
        await asyncio.sleep(18)
        assert await replica.get("k") == "new"

    with_replica(main, prepare=prepare)


def test_a_primary_that_starts_again_has_what_it_kept():
    def prepare(world):
        world.at(2.0, world.kill, "n1")
        world.at(2.5, world.start, "n1")

    async def main(primary, replica):
        await primary.set("k", "v")
        await asyncio.sleep(5)
        assert await replica.get("k") == "v"
        async with connected("redis") as again:
            await again.set("k", "w")
        await asyncio.sleep(2)
        assert await replica.get("k") == "w"

    with_replica(main, prepare=prepare)


def test_a_lag_that_is_none_is_refused():
    with pytest.raises(InvalidPlan, match="lag is -1"):
        redis_replica(lag=-1)
