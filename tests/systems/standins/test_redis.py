"""The stand-in for Redis, as unmodified redis-py sees it."""

from __future__ import annotations

import asyncio

import pytest

pytest.importorskip("redis")

import redis.asyncio as client_library
from redis.exceptions import RedisError, ResponseError, WatchError
from redis_programs import connected, with_redis
from worlds import cut

from splitbrain.harness import Plan, faults, run
from splitbrain.harness.plan import InvalidPlan
from splitbrain.harness.programs import asyncio_client, roles
from splitbrain.harness.simulation.world import World
from splitbrain.harness.workloads import register
from splitbrain.systems.standins import redis


@pytest.mark.parametrize("protocol", [2, 3])
def test_strings_hashes_lists_sets_and_streams(protocol):
    async def main():
        async with connected(protocol=protocol) as db:
            assert await db.ping()
            assert await db.get("k") is None
            assert await db.set("k", "v")
            assert await db.set("k", "w", nx=True) is None
            assert await db.get("k") == "v"
            assert await db.incr("n") == 1
            assert await db.incrby("n", 41) == 42
            assert await db.mget("k", "n", "none") == ["v", "42", None]
            assert await db.exists("k", "none") == 1
            with pytest.raises(ResponseError, match="not an integer"):
                await db.incr("k")
            with pytest.raises(ResponseError, match="WRONGTYPE"):
                await db.lpush("k", "x")
            with pytest.raises(ResponseError, match="unknown command 'NOSUCH'"):
                await db.execute_command("NOSUCH")
            assert await db.hset("h", mapping={"a": "1", "b": "2"}) == 2
            assert await db.hgetall("h") == {"a": "1", "b": "2"}
            assert await db.hincrby("h", "a", 2) == 3
            assert await db.rpush("l", "a", "b", "c") == 3
            assert await db.lrange("l", 0, -1) == ["a", "b", "c"]
            assert await db.lpop("l") == "a"
            assert await db.sadd("s", "x", "y", "x") == 2
            assert await db.smembers("s") == {"x", "y"}
            first = await db.xadd("x", {"f": "1"})
            await db.xadd("x", {"f": "2"})
            assert [fields for _, fields in await db.xrange("x")] == [{"f": "1"}, {"f": "2"}]
            assert await db.xlen("x") == 2
            assert len(await db.xrange("x", min=first)) == 2
            ((name, entries),) = dict(await db.xread({"x": first})).items()
            assert (name, len(entries)) == ("x", 1)
            assert await db.delete("k", "h", "none") == 2
            assert await db.type("l") == "list"

    with_redis(main)


@pytest.mark.parametrize("protocol", [2, 3])
def test_sorted_sets(protocol):
    async def main():
        async with connected(protocol=protocol) as db:
            assert await db.zadd("z", {"a": 1, "b": 2.5, "c": 2.5}) == 3
            assert await db.zadd("z", {"a": 3, "d": 0}, nx=True) == 1
            assert await db.zadd("z", {"a": 0.5, "b": 9}, gt=True, ch=True) == 1
            assert await db.zadd("z", {"e": 1}, xx=True) == 0
            assert await db.zscore("z", "a") == 1.0
            assert await db.zscore("z", "none") is None
            assert await db.zincrby("z", 0.25, "a") == 1.25
            assert await db.zrange("z", 0, -1) == ["d", "a", "c", "b"]
            assert await db.zrange("z", 0, 1, desc=True) == ["b", "c"]
            scored = await db.zrange("z", 0, 1, withscores=True)
            assert [tuple(pair) for pair in scored] == [("d", 0.0), ("a", 1.25)]
            assert await db.zrangebyscore("z", "(0", 2.5) == ["a", "c"]
            assert await db.zrangebyscore("z", "-inf", "+inf", start=1, num=2) == ["a", "c"]
            assert await db.zrevrangebyscore("z", "+inf", "(2.5") == ["b"]
            assert (await db.zcount("z", 1, 3), await db.zcard("z")) == (2, 4)
            assert (await db.zrank("z", "c"), await db.zrevrank("z", "c")) == (2, 1)
            assert await db.zrank("z", "none") is None
            ((member, score),) = await db.zpopmin("z", 1)
            assert (member, score) == ("d", 0.0)
            assert await db.zremrangebyscore("z", 9, "inf") == 1
            assert await db.type("z") == "zset"
            with pytest.raises(ResponseError, match="WRONGTYPE"):
                await db.hget("z", "a")
            with pytest.raises(ResponseError, match="not a valid float"):
                await db.zadd("z", {"a": "x"})
            with pytest.raises(ResponseError, match="min or max is not a float"):
                await db.zcount("z", "x", 1)
            with pytest.raises(ResponseError, match="syntax error"):
                await db.execute_command("ZRANGE", "z", 0, 1, "BACKWARDS")
            assert await db.zrem("z", "a", "c", "none") == 2
            assert await db.exists("z") == 0

    with_redis(main)


def test_keys_expire_on_the_servers_clock():
    async def main():
        async with connected() as db:
            await db.set("k", "v", ex=2)
            assert 0 < await db.pttl("k") <= 2000
            await asyncio.sleep(1.5)
            assert await db.get("k") == "v"
            await asyncio.sleep(1.0)
            assert await db.get("k") is None

    with_redis(main)


def test_a_transaction_is_done_as_one_unless_what_it_watched_was_changed():
    async def main():
        async with connected() as db, connected() as other:
            async with db.pipeline(transaction=True) as pipe:
                assert await pipe.incr("n").incr("n").execute() == [1, 2]
            async with db.pipeline() as pipe:
                await pipe.watch("n")
                await other.incr("n")
                pipe.multi()
                pipe.set("n", "lost")
                with pytest.raises(WatchError):
                    await pipe.execute()
            assert await db.get("n") == "3"

    with_redis(main)


def test_a_pop_waits_and_messages_are_published():
    events = []

    async def listen(db):
        async with db.pubsub() as channel:
            await channel.subscribe("news")
            async for message in channel.listen():
                events.append((message["type"], message["data"]))
                if message["type"] == "message":
                    return

    async def main():
        async with connected() as db:
            waiting = client_library.Redis(host="redis", decode_responses=True)
            popped = asyncio.create_task(waiting.blpop("l", timeout=5))
            listening = asyncio.create_task(listen(waiting))
            await asyncio.sleep(1)
            await db.rpush("l", "job")
            assert list(await popped) == ["l", "job"]
            assert await db.publish("news", "hello") == 1
            await listening
            await waiting.aclose()

    with_redis(main)
    assert events == [("subscribe", 1), ("message", "hello")]


@pytest.mark.parametrize(
    ("persistence", "crash", "kept"),
    [
        ("always", "power_loss", True),
        ("everysec", "kill", True),
        ("everysec", "power_loss", False),
        ("no", "kill", True),
        ("off", "kill", False),
        ("failover", "kill", False),
    ],
)
def test_a_crash_takes_what_the_setting_says(persistence, crash, kept, monkeypatch):
    monkeypatch.setattr(World.power_loss, "__defaults__", ("drop_unsynced",))

    async def main():
        async with connected() as db:
            await asyncio.sleep(0.1)
            await db.set("k", "v")  # 0.1 s before the crash
            await asyncio.sleep(1.0)
        async with connected() as db:
            assert (await db.get("k") == "v") is kept

    with_redis(main, persistence=persistence, events=[(0.2, crash), (0.6, "start")])


def test_a_failover_keeps_what_the_replica_had():
    async def main():
        async with connected() as db:
            await db.set("old", "v")
            await asyncio.sleep(2.5)
            await db.set("new", "v")
            await asyncio.sleep(1.5)
        async with connected() as db:
            assert await db.get("old") == "v"
            assert await db.get("new") is None

    with_redis(main, persistence="failover", events=[(2.8, "kill"), (3.2, "start")])


def test_a_partition_times_out_and_the_client_goes_on():
    outcomes = []

    async def main():
        async with connected(retry=None) as db:
            for _ in range(3):
                try:
                    outcomes.append(await db.incr("n"))
                except (RedisError, OSError, TimeoutError) as error:
                    outcomes.append(type(error).__name__)
                await asyncio.sleep(1.2)
            await asyncio.sleep(2.0)
            outcomes.append(await db.incr("n") > 1)

    digests = [
        with_redis(main, rules=lambda world: cut(world, 1.0, 3.6)).trace.digest() for _ in range(2)
    ]
    assert outcomes[:4] == [1, "TimeoutError", "TimeoutError", True]
    assert digests[0] == digests[1]


def test_an_unknown_setting_is_refused():
    with pytest.raises(InvalidPlan, match="give one of always, everysec, no, off, failover"):
        redis("sometimes")


@asyncio_client
class Client:
    """A register in Redis, without any server of ours between."""

    def __init__(self, node, server):
        self.db = client_library.Redis(host="redis", retry=None)

    async def read(self, key):
        value = await self.db.get(key)
        return None if value is None else int(value)

    async def write(self, key, value):
        await self.db.set(key, value)


@pytest.mark.parametrize(("persistence", "lost"), [("always", False), ("off", True)])
def test_what_redis_loses_is_found(persistence, lost):
    found = []
    for seed in range(3):
        plan = Plan("", "", nodes=1, clients=3, seed=seed, time_limit=3.0, options={"cas": 0.0})
        plan = plan.with_(faults=faults.swarm("process").draw(seed, plan))
        made = run(plan.using(roles(redis=redis(persistence)), register(Client)))
        found.append(made.signature.startswith("linearizable"))
    assert any(found) is lost
