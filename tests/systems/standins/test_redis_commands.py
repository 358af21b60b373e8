"""Commands of the stand-in for Redis beside the usual ones, as unmodified redis-py sees them."""

from __future__ import annotations

import asyncio

import pytest

pytest.importorskip("redis")

from redis.exceptions import ResponseError
from redis_programs import connected, with_redis


@pytest.mark.parametrize("persistence", ["always", "everysec", "off"])
def test_who_waits_for_an_element_waits_without_turning_round(persistence):
    async def main():
        async with connected() as db, connected(retry=None) as other:
            assert await other.blpop("l", timeout=0.2) is None
            waiting = asyncio.create_task(other.blmove("l", "m", 0.4))
            await asyncio.sleep(0.1)
            await db.rpush("l", "job")
            assert await waiting == "job"
            assert await db.lrange("m", 0, -1) == ["job"]

    world = with_redis(main, persistence=persistence)
    assert len(world.trace.events) < 500


def test_a_pop_that_finds_nothing_changes_nothing_for_who_watches():
    async def main():
        async with connected() as db, db.pipeline() as watching:
            await watching.watch("l")
            assert await db.lpop("l") is None
            watching.multi()
            watching.set("k", "v")
            assert await watching.execute() == [True]

    with_redis(main)


def test_channels_are_heard_by_their_names_and_by_patterns():
    heard = []

    async def main():
        async with connected() as db, connected() as other, other.pubsub() as listening:
            await listening.subscribe("news")
            await listening.psubscribe("new?", "old*")
            await asyncio.sleep(0.1)
            assert await db.publish("news", "a") == 2
            assert await db.publish("older", "b") == 1
            assert await db.pubsub_numsub("news") == [("news", 1)]
            assert (await db.pubsub_channels(), await db.pubsub_numpat()) == (["news"], 2)
            await listening.punsubscribe()
            async for message in listening.listen():
                heard.append((message["type"], message["channel"], message["data"]))
                if message["type"] == "punsubscribe" and message["channel"] == "old*":
                    break
            assert await db.publish("older", "c") == 0

    with_redis(main)
    assert sorted(kind for kind, *_ in heard[:3]) == ["psubscribe", "psubscribe", "subscribe"]
    assert sorted(heard[3:6]) == [
        ("message", "news", "a"),
        ("pmessage", "news", "a"),
        ("pmessage", "older", "b"),
    ]


def test_parts_of_strings_and_many_at_once():
    async def main():
        async with connected() as db:
            await db.set("k", "hello")
            assert await db.getrange("k", -3, -2) == "ll"
            assert await db.setrange("k", 1, "EL") == 5
            assert await db.getex("k", px=50) == "hELlo"
            await asyncio.sleep(0.1)
            assert await db.get("k") is None
            assert await db.incrbyfloat("f", 1.5) == 1.5
            assert await db.msetnx({"a": 1, "b": 2})
            assert not await db.msetnx({"b": 3, "c": 4})
            assert await db.rename("a", "z")
            with pytest.raises(ResponseError, match="no such key"):
                await db.rename("a", "z")
            assert sorted([key async for key in db.scan_iter("?")]) == ["b", "f", "z"]
            assert await db.keys("[bz]") == ["b", "z"]
            assert await db.expireat("z", 1)
            assert not await db.exists("z")

    with_redis(main)


def test_lists_from_either_end_and_sets_together():
    async def main():
        async with connected() as db:
            await db.rpush("l", *range(5))
            assert await db.lpop("l", 2) == ["0", "1"]
            assert await db.lmove("l", "m", "RIGHT", "LEFT") == "4"
            assert await db.rpoplpush("l", "m") == "3"
            assert await db.lrange("m", 0, -1) == ["3", "4"]
            assert (await db.lindex("m", -1), await db.lindex("m", 9)) == ("4", None)
            assert await db.lset("m", 0, "x")
            assert await db.lindex("m", 0) == "x"
            with pytest.raises(ResponseError, match="out of range"):
                await db.lset("m", 7, "x")
            await db.sadd("a", 1, 2)
            await db.sadd("b", 2, 3)
            assert (await db.sinter("a", "b"), await db.sdiff("a", "b")) == ({"2"}, {"1"})
            assert await db.sunion("a", "b") == {"1", "2", "3"}
            assert await db.smismember("a", ["1", "3"]) == [1, 0]
            assert await db.spop("a") == "1"

    with_redis(main)
