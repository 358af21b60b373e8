"""The stand-in for NATS, as unmodified nats-py sees it."""

from __future__ import annotations

import asyncio

import pytest

pytest.importorskip("nats")

from nats.errors import NoRespondersError
from nats.errors import TimeoutError as NatsTimeout
from nats.js.errors import NotFoundError
from nats_programs import connected, with_nats
from worlds import cut

from splitbrain.harness.plan import InvalidPlan
from splitbrain.harness.simulation.world import World
from splitbrain.systems.standins import nats


def test_messages_reach_who_subscribes_and_requests_are_answered():
    async def main():
        connection = await connected()
        seen = []

        async def note(message):
            seen.append((message.subject, message.data))

        async def answer(message):
            await message.respond(message.data.upper())

        await connection.subscribe("orders.*", cb=note)
        await connection.subscribe("orders.>", cb=note)
        await connection.subscribe("upper", "workers", cb=answer)
        await connection.publish("orders.new", b"1")
        await connection.publish("orders.new.big", b"2")
        await connection.flush()
        assert (await connection.request("upper", b"x", timeout=1)).data == b"X"
        with pytest.raises(NoRespondersError):
            await connection.request("nobody", b"x", timeout=1)
        await asyncio.sleep(0.1)
        assert sorted(seen) == [("orders.new", b"1")] * 2 + [("orders.new.big", b"2")]
        await connection.close()

    with_nats(main)


def test_one_of_a_queue_group_gets_a_message():
    async def main():
        connection, other = await connected(), await connected()
        seen = []

        def noting(name):
            async def note(message):
                seen.append((name, message.data))

            return note

        await connection.subscribe("jobs", "workers", cb=noting("one"))
        await other.subscribe("jobs", "workers", cb=noting("other"))
        await connection.flush()
        await other.flush()
        for number in range(20):
            await connection.publish("jobs", b"%d" % number)
        await connection.flush()
        await asyncio.sleep(0.1)
        assert len(seen) == 20
        assert {name for name, _ in seen} == {"one", "other"}
        await connection.close()
        await other.close()

    with_nats(main)


def test_a_stream_keeps_what_it_acknowledges():
    async def main():
        connection = await connected()
        stream = connection.jetstream()
        await stream.add_stream(name="ORDERS", subjects=["orders.>"])
        assert (await stream.publish("orders.1", b"one")).seq == 1
        assert (await stream.publish("orders.2", b"two")).seq == 2
        assert (await stream.get_msg("ORDERS", 1)).data == b"one"
        assert (await stream.get_last_msg("ORDERS", "orders.2")).seq == 2
        assert (await stream.stream_info("ORDERS")).state.messages == 2
        with pytest.raises(NotFoundError):
            await stream.get_msg("ORDERS", 3)
        await connection.close()

    with_nats(main)


@pytest.mark.parametrize(
    ("sync", "crash", "kept"),
    [("always", "power_loss", 1), ("interval", "kill", 1), ("interval", "power_loss", None)],
)
def test_a_crash_takes_what_the_setting_says(sync, crash, kept, monkeypatch):
    monkeypatch.setattr(World.power_loss, "__defaults__", ("drop_unsynced",))

    async def main():
        connection = await connected()
        stream = connection.jetstream()
        await stream.add_stream(name="ORDERS", subjects=["orders.>"])
        await stream.publish("orders.1", b"one")  # acknowledged before the crash at 1 s
        await asyncio.sleep(3)  # it connects again; after a power loss, once it has noticed
        found = "unknown"
        while found == "unknown":
            try:
                found = (await stream.stream_info("ORDERS")).state.messages
            except NotFoundError:
                found = None
            except NatsTimeout:
                pass
        assert found == kept
        await connection.close()

    with_nats(main, sync=sync, events=[(1.0, crash), (1.5, "start")])


def test_a_partition_times_out_and_the_client_goes_on():
    outcomes = []

    async def main():
        connection = await connected()

        async def answer(message):
            await message.respond(message.data)

        await connection.subscribe("echo", cb=answer)
        for _ in range(3):
            try:
                outcomes.append((await connection.request("echo", b"x", timeout=0.5)).data)
            except NatsTimeout:
                outcomes.append("timed out")
            await asyncio.sleep(1.2)
        await asyncio.sleep(3)
        outcomes.append((await connection.request("echo", b"y", timeout=1)).data)
        await connection.close()

    digests = [
        with_nats(main, rules=lambda world: cut(world, 1.0, 3.6)).trace.digest() for _ in range(2)
    ]
    assert outcomes[:4] == [b"x", "timed out", "timed out", b"y"]
    assert digests[0] == digests[1]


def test_an_unknown_setting_is_refused():
    with pytest.raises(InvalidPlan, match="give one of always, interval"):
        nats("never")
