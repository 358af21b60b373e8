"""Consumers of the stand-in for NATS, and headers of messages, as unmodified nats-py sees them."""

from __future__ import annotations

import asyncio

import pytest

pytest.importorskip("nats")

from nats.errors import TimeoutError as NatsTimeout
from nats.js.api import ConsumerConfig, DeliverPolicy
from nats.js.errors import KeyNotFoundError, KeyWrongLastSequenceError, NotFoundError
from nats_programs import connected, with_nats


async def stream(many=3):
    """A connection to a server whose stream has so many messages."""
    connection = await connected()
    jetstream = connection.jetstream()
    await jetstream.add_stream(name="S", subjects=["s.*"])
    for number in range(many):
        await jetstream.publish(f"s.{number}", b"%d" % number)
    return jetstream


def data_of(messages):
    return [message.data for message in messages]


def test_what_is_not_acknowledged_is_given_again():
    async def main():
        jetstream = await stream()
        pulling = await jetstream.pull_subscribe("s.*", "d", config=ConsumerConfig(ack_wait=1))
        first = await pulling.fetch(2, timeout=0.5)
        assert [message.subject for message in first] == ["s.0", "s.1"]
        assert [message.metadata.num_pending for message in first] == [2, 1]
        await first[0].ack_sync()
        await asyncio.sleep(1.5)
        again = await pulling.fetch(5, timeout=0.5)
        assert data_of(again) == [b"1", b"2"]
        assert [message.metadata.num_delivered for message in again] == [2, 1]
        await again[0].nak()
        await again[1].term()
        assert data_of(await pulling.fetch(1, timeout=0.5)) == [b"1"]
        with pytest.raises(NatsTimeout):
            await pulling.fetch(1, timeout=0.3)
        assert (await pulling.consumer_info()).num_ack_pending == 1

    with_nats(main)


def test_nobody_gets_a_message_more_often_than_it_says():
    async def main():
        jetstream = await stream(1)
        config = ConsumerConfig(ack_wait=0.2, max_deliver=2)
        pulling = await jetstream.pull_subscribe("s.*", "d", config=config)
        seen = []
        for _ in range(4):
            try:
                seen += data_of(await pulling.fetch(1, timeout=0.3))
            except NatsTimeout:
                seen.append(None)
        assert seen == [b"0", b"0", None, None]

    with_nats(main)


def test_a_pull_waits_for_what_is_published_later():
    async def main():
        jetstream = await stream(0)
        pulling = await jetstream.pull_subscribe("s.a", "d")
        waiting = asyncio.create_task(pulling.fetch(1, timeout=2))
        await asyncio.sleep(0.5)
        await jetstream.publish("s.b", b"for others")
        await jetstream.publish("s.a", b"late")
        assert data_of(await waiting) == [b"late"]

    with_nats(main)


def test_consumers_are_pushed_to_alone_or_as_a_group():
    async def main():
        jetstream, alone, together = await stream(0), [], []

        async def note(message):
            alone.append(message.data)
            await message.ack()

        async def share(message):
            together.append(message.data)
            await message.ack()

        await jetstream.subscribe("s.*", cb=note)
        for _ in range(2):
            await jetstream.subscribe("s.*", "workers", durable="workers", cb=share)
        for number in range(6):
            await jetstream.publish("s.a", b"%d" % number)
        await asyncio.sleep(0.5)
        assert alone == [b"%d" % number for number in range(6)]
        assert sorted(together) == alone

    with_nats(main)


def test_a_consumer_begins_where_it_says():
    async def main():
        jetstream, found = await stream(), {}
        for policy in (DeliverPolicy.ALL, DeliverPolicy.LAST, DeliverPolicy.NEW):
            config = ConsumerConfig(deliver_policy=policy)
            pulling = await jetstream.pull_subscribe("s.*", policy.value, config=config)
            found[policy.value] = (await pulling.consumer_info()).num_pending
        assert found == {"all": 3, "last": 1, "new": 0}
        with pytest.raises(NotFoundError):
            await jetstream.consumer_info("S", "none")
        assert await jetstream.delete_consumer("S", "all")
        assert await jetstream.delete_stream("S")
        with pytest.raises(NotFoundError):
            await jetstream.stream_info("S")

    with_nats(main)


@pytest.mark.parametrize(("sync", "given"), [("always", [b"1"]), ("interval", None)])
def test_acknowledgements_last_as_messages_do(sync, given):
    seen = []

    async def main():
        jetstream = await stream(2)
        pulling = await jetstream.pull_subscribe("s.*", "d")
        (first,) = await pulling.fetch(1, timeout=0.5)
        await first.ack_sync()
        await asyncio.sleep(3)
        jetstream = (await connected()).jetstream()
        try:
            pulling = await jetstream.pull_subscribe_bind("d", stream="S")
            await pulling.consumer_info()
            seen.append(data_of(await pulling.fetch(5, timeout=1)))
        except NotFoundError:
            seen.append(None)

    with_nats(main, sync=sync, events=[(1.0, "power_loss"), (1.5, "start")])
    assert seen == [given]


def test_headers_arrive_and_a_message_is_kept_once_for_each_identity():
    async def main():
        jetstream = await stream(0)
        own = {"Nats-Msg-Id": "one", "kind": "order"}
        assert (await jetstream.publish("s.a", b"x", headers=own)).seq == 1
        again = await jetstream.publish("s.a", b"x", headers=own)
        assert (again.seq, again.duplicate) == (1, True)
        kept = await jetstream.get_msg("S", 1)
        assert (kept.data, kept.headers["kind"]) == (b"x", "order")
        connection = await connected()
        listening = await connection.subscribe("plain")
        await connection.publish("plain", b"y", headers={"a": "b"})
        message = await listening.next_msg(timeout=1)
        assert (message.data, message.headers) == (b"y", {"a": "b"})

    with_nats(main)


def test_a_bucket_of_keys_and_values_keeps_who_was_first():
    async def main():
        bucket = await (await connected()).jetstream().create_key_value(bucket="B")
        revision = await bucket.create("k", b"1")
        with pytest.raises(KeyWrongLastSequenceError):
            await bucket.create("k", b"2")
        await bucket.update("k", b"3", last=revision)
        with pytest.raises(KeyWrongLastSequenceError):
            await bucket.update("k", b"4", last=revision)
        assert (await bucket.get("k")).value == b"3"
        await bucket.delete("k")
        with pytest.raises(KeyNotFoundError):
            await bucket.get("k")

    with_nats(main)
