"""Streams of the stand-in for Redis, and groups of consumers, as unmodified redis-py sees them."""

from __future__ import annotations

import asyncio

import pytest

pytest.importorskip("redis")

from redis.exceptions import ResponseError
from redis_programs import connected, with_redis


def numbers(entries):
    """What entries hold that were added by `filled`."""
    return [int(fields["n"]) for _, fields in entries]


async def filled(db, many=5, **options):
    return [await db.xadd("s", {"n": n}, **options) for n in range(many)]


@pytest.mark.parametrize("protocol", [2, 3])
def test_each_entry_goes_to_one_consumer_until_it_is_acknowledged(protocol):
    async def main():
        async with connected(protocol=protocol) as db:
            ids = await filled(db)
            assert await db.xgroup_create("s", "g", id="0")
            with pytest.raises(ResponseError, match="already exists"):
                await db.xgroup_create("s", "g", id="0")
            (one,) = dict(await db.xreadgroup("g", "a", {"s": ">"}, count=3)).values()
            (two,) = dict(await db.xreadgroup("g", "b", {"s": ">"})).values()
            one, two = (each[0] if protocol == 3 else each for each in (one, two))
            assert (numbers(one), numbers(two)) == ([0, 1, 2], [3, 4])
            assert not await db.xreadgroup("g", "a", {"s": ">"})
            assert await db.xack("s", "g", ids[0], ids[0], ids[4]) == 2
            pending = await db.xpending("s", "g")
            assert (pending["pending"], pending["min"], pending["max"]) == (3, ids[1], ids[3])
            assert [each["name"] for each in pending["consumers"]] == ["a", "b"]
            (own,) = dict(await db.xreadgroup("g", "a", {"s": "0"})).values()
            assert numbers(own[0] if protocol == 3 else own) == [1, 2]
            (group,) = await db.xinfo_groups("s")
            assert (group["pending"], group["consumers"], group["lag"]) == (3, 2, 0)

    with_redis(main)


def test_what_a_consumer_leaves_another_one_takes_over():
    async def main():
        async with connected() as db:
            ids = await filled(db, 3)
            await db.xgroup_create("s", "g", id="0")
            await db.xreadgroup("g", "a", {"s": ">"})
            assert await db.xclaim("s", "g", "b", 1000, ids) == []
            await asyncio.sleep(1.5)
            assert numbers(await db.xclaim("s", "g", "b", 1000, [ids[0]])) == [0]
            await db.xdel("s", ids[1])
            follows, claimed, gone = await db.xautoclaim("s", "g", "b", 1000)
            assert (follows, numbers(claimed), gone) == ("0-0", [2], [ids[1]])
            owned = await db.xpending_range("s", "g", "-", "+", 10)
            assert [(each["consumer"], each["times_delivered"]) for each in owned] == [("b", 2)] * 2
            assert await db.xgroup_delconsumer("s", "g", "b") == 2
            assert await db.xgroup_destroy("s", "g") == 1
            with pytest.raises(ResponseError, match="NOGROUP"):
                await db.xreadgroup("g", "a", {"s": ">"})

    with_redis(main)


def test_a_reader_waits_for_what_comes_after_it_has_asked():
    async def main():
        async with connected() as db, connected() as other, connected() as third:
            await filled(db, 2)
            await db.xgroup_create("s", "g", id="$")
            read = asyncio.create_task(other.xread({"s": "$"}, block=400))
            given = asyncio.create_task(third.xreadgroup("g", "a", {"s": ">"}, block=400))
            await asyncio.sleep(0.1)
            await db.xadd("s", {"n": 7})
            for found in (await read, await given):
                ((_, entries),) = found
                assert numbers(entries) == [7]
            assert await db.xread({"s": "$"}, block=100) in (None, [], {})

    with_redis(main, persistence="everysec")


def test_streams_are_trimmed_and_read_from_either_end():
    async def main():
        async with connected() as db:
            ids = await filled(db, 6, maxlen=4, approximate=False)
            assert numbers(await db.xrange("s")) == [2, 3, 4, 5]
            assert numbers(await db.xrevrange("s", count=2)) == [5, 4]
            assert numbers(await db.xrange("s", min=f"({ids[2]}", max=f"({ids[5]}")) == [3, 4]
            assert await db.xtrim("s", minid=ids[4], approximate=False) == 2
            assert await db.xtrim("s", maxlen=1) == 1
            assert numbers(await db.xrange("s")) == [5]
            assert await db.xadd("none", {"n": 1}, nomkstream=True) is None
            assert (await db.xinfo_stream("s"))["length"] == 1

    with_redis(main)


@pytest.mark.parametrize(("persistence", "pending"), [("always", 1), ("off", 0)])
def test_what_was_given_out_is_still_pending_after_a_restart(persistence, pending):
    seen = []

    async def main():
        async with connected() as db:
            ids = await filled(db, 2)
            await db.xgroup_create("s", "g", id="0")
            await db.xreadgroup("g", "a", {"s": ">"})
            await db.xack("s", "g", ids[0])
            await asyncio.sleep(1)
        async with connected() as db:
            await db.xgroup_create("s", "g2", id="0", mkstream=True)
            groups = await db.xinfo_groups("s")
            seen.append(sum(group["pending"] for group in groups))

    crash = [(0.3, "power_loss"), (0.6, "start")]
    with_redis(main, persistence=persistence, events=crash)
    assert seen == [pending]
