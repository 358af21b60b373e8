"""Frames: a torn tail ends the log, damage does not pass for one; whatever bytes there are."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from splitbrain.systems.storage.batches import decoded, encoded
from splitbrain.systems.storage.engine import Damaged
from splitbrain.systems.storage.frames import HEADER, Chain, read_frames

GOLDEN = (
    "03000000b4cc5db201000000000000000000000000000000424c5053616263"
    "010000008b6d825402000000000000000100000000000000b4cc5db264"
)
"""The records abc and d, the first of which was synced before the second was written."""


def log(payloads, synced=()):
    """A file of frames; after each number in `synced` it was synced."""
    chain, data = Chain(), b""
    for number, payload in enumerate(payloads, 1):
        frame = chain.frame(payload)
        chain.add(frame)
        data += frame
        if number in synced:
            chain.synced = number
    return data


def payloads(data):
    return [frame.payload for frame in read_frames(data, "log").frames]


RECORDS = [b"one", b"", b"three" * 200, b"four"]


def test_what_was_written_is_read():
    assert payloads(log(RECORDS)) == RECORDS


def test_the_format_does_not_change():
    assert log([b"abc", b"d"], synced=[1]).hex() == GOLDEN


@pytest.mark.parametrize("cut", range(len(log(RECORDS[:2]))))
def test_a_torn_tail_ends_the_log(cut):
    data = log(RECORDS[:2])

    assert payloads(data[:cut]) == RECORDS[: cut // len(log(RECORDS[:1]))][:1]


def test_a_bad_frame_before_a_good_one_is_torn_if_nobody_says_that_it_was_durable():
    data = bytearray(log(RECORDS))
    data[HEADER.size] ^= 1

    assert payloads(bytes(data)) == []


def test_a_bad_frame_that_was_durable_is_damage():
    data = bytearray(log(RECORDS, synced=[3]))
    data[HEADER.size] ^= 1

    with pytest.raises(Damaged, match="frame 1 at byte 0 is damaged, though it was durable"):
        read_frames(bytes(data), "log")


def test_frames_of_another_place_do_not_fit():
    first = log(RECORDS[:1])
    assert payloads(first + first) == RECORDS[:1]
    assert payloads(log([b"uno", b"dos"])[-len(log([b"dos"])) :]) == []


@given(st.binary(max_size=2000))
def test_any_bytes_are_frames_or_torn_or_damaged(data):
    try:
        contents = read_frames(data, "log")
    except Damaged:
        return
    assert contents.chain.end <= len(data)


@given(st.lists(st.binary(max_size=60), max_size=8), st.integers(0, 2**32))
def test_mutated_logs_never_give_what_was_not_written(records, seed):
    dice = random.Random(seed)
    data = bytearray(log(records, synced=range(1, len(records) + 1)))
    for _ in range(dice.randint(1, 3)):
        if data:
            data[dice.randrange(len(data))] ^= 1 << dice.randrange(8)
    if dice.random() < 0.3:
        data = data[: dice.randrange(len(data) + 1)]
    try:
        found = payloads(bytes(data))
    except Damaged:
        return
    assert found == records[: len(found)]


def test_a_length_that_promises_more_than_there_is_allocates_nothing():
    data = b"\xff\xff\xff\xff" + bytes(HEADER.size)

    assert payloads(data) == []


def test_garbage_that_looks_like_frames_does_not_take_for_ever():
    """Each byte is the beginning of what may be a frame that says that the first was durable."""
    pattern = HEADER.pack(20_000, 0, 1 << 40, 1, 0)

    with pytest.raises(Damaged):
        read_frames(b"\0" + pattern * 2_000, "log")


@given(st.binary(max_size=200))
def test_any_bytes_are_a_batch_or_damaged(data):
    try:
        batch = decoded(data)
    except Damaged:
        return
    assert all(isinstance(key, bytes) for key, _ in batch)


@given(st.lists(st.tuples(st.binary(), st.none() | st.binary())))
def test_a_batch_comes_back(batch):
    assert decoded(encoded(batch)) == batch
