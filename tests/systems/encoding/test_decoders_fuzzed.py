"""Any bytes: a decoder gives the value that they encode, or refuses, and is bounded."""

from __future__ import annotations

import tracemalloc
from random import Random

import pytest

from splitbrain.systems.encoding import EncodingError, avro, json_text, tagged

ROUNDS, CHUNK = range(400), 20

INNER = tagged.MessageType("I", (tagged.Field(1, "x", "sint64"), tagged.Field(2, "y", "string")))
MESSAGE = tagged.MessageType(
    "M",
    (
        tagged.Field(1, "a", "int32"),
        tagged.Field(2, "b", "double", repeated=True),
        tagged.Field(3, "c", "message", message=INNER),
        tagged.Field(4, "d", "bytes", repeated=True),
        tagged.Field(5, "e", "bool", optional=True),
    ),
)
AVRO = avro.parse(
    {
        "type": "record",
        "name": "R",
        "fields": [
            {"name": "a", "type": "int"},
            {"name": "b", "type": {"type": "array", "items": "double"}},
            {"name": "c", "type": ["null", "R"]},
            {"name": "d", "type": {"type": "map", "values": "string"}},
            {"name": "e", "type": {"type": "enum", "name": "E", "symbols": ["x", "y"]}},
        ],
    }
)
JSON = json_text.checked(
    {
        "type": "object",
        "properties": {
            "a": {"type": "integer", "format": "int64"},
            "b": {"type": "array", "items": {"type": "number"}},
            "e": {"type": "string", "enum": ["x", "y"]},
        },
        "required": ["a", "b"],
    }
)
END = {"a": -7, "b": [], "c": None, "d": {}, "e": "y"}
MESSAGES = [
    {"a": 300, "b": [1.5, -0.0], "c": {"x": -5, "y": "é"}, "d": [b"", b"abc"], "e": False},
    {"a": 0, "b": [], "d": []},
]
RECORDS = [END, {"a": 1, "b": [0.5, 2.0], "c": END, "d": {"k": "é", "": "v"}, "e": "x"}]
OBJECTS = [{"a": 2**60, "b": [1.5, -2.0, 0.0], "e": "x", "more": {"z": ["é\n", None]}}]

FORMATS = {
    "tagged": (
        lambda value: tagged.encode(MESSAGE, value),
        lambda data: tagged.decode(MESSAGE, data),
        MESSAGES,
    ),
    "avro": (
        lambda value: avro.encode(AVRO, value),
        lambda data: avro.decode(AVRO, AVRO, data),
        RECORDS,
    ),
    "json": (
        lambda value: json_text.encode(JSON, value),
        lambda data: json_text.decode(JSON, data),
        OBJECTS,
    ),
}


def damaged(random: Random, data: bytes) -> bytes:
    made = bytearray(data)
    for _ in range(random.choice([1, 1, 2, 5])):
        at = random.randrange(len(made) + 1)
        match random.randrange(4):
            case 0 if made:
                made[at % len(made)] ^= 1 << random.randrange(8)
            case 1:
                made[at:at] = random.choice([b"\xff" * 9, b"\x00", b"[", b'"', random.randbytes(3)])
            case 2:
                del made[at : at + random.randrange(1, 4)]
            case _:
                made = made[:at]
    return bytes(made)


def fuzz(name: str, seed: int) -> int:
    """How many damaged encodings were read all the same."""
    encode, decode, values = FORMATS[name]
    random = Random(seed)
    read = 0
    for value in values:
        for _ in range(50):
            data = damaged(random, encode(value))
            try:
                found = decode(data)
            except EncodingError:
                continue
            # What was read is a value of the schema, and these bytes are one way to write it.
            assert repr(decode(encode(found))) == repr(found)
            read += 1
    return read


@pytest.mark.parametrize("name", FORMATS)
def test_damaged_bytes_are_refused_or_are_a_value(name):
    assert sum(fuzz(name, seed) for seed in range(3)) > 0


@pytest.mark.nightly
@pytest.mark.parametrize("first", ROUNDS[::CHUNK])
@pytest.mark.parametrize("name", FORMATS)
def test_damaged_bytes_are_refused_or_are_a_value_over_many(name, first):
    for seed in range(first, first + CHUNK):
        fuzz(name, seed)


def test_google_s_library_agrees_on_damaged_bytes():
    pytest.importorskip("google.protobuf")
    from google.protobuf.message import DecodeError
    from tagged_cases import google_class, plain

    made = google_class(MESSAGE)
    random = Random(1)
    for _ in range(2000):
        data = damaged(random, tagged.encode(MESSAGE, MESSAGES[0]))
        try:
            theirs = made.FromString(data)
        except DecodeError:
            with pytest.raises(EncodingError):
                tagged.decode(MESSAGE, data)
            continue
        ours = tagged.decode(MESSAGE, data)
        ours.pop(tagged.UNKNOWN, None)
        ours.get("c", {}).pop(tagged.UNKNOWN, None)
        assert repr(ours) == repr(plain(MESSAGE, theirs))


@pytest.mark.parametrize("name", ["avro", "json"])
def test_what_was_cut_off_is_missed(name):
    encode, decode, values = FORMATS[name]
    for value in values:
        data = encode(value)
        for end in range(len(data)):
            with pytest.raises(EncodingError):
                decode(data[:end])


NULLS = avro.parse({"type": "array", "items": "null"})


@pytest.mark.parametrize(
    "decode",
    [
        lambda: tagged.decode(MESSAGE, b"\x22" + b"\xff" * 8 + b"\x7f"),
        lambda: tagged.decode(MESSAGE, b"\x0b" * 5000),
        lambda: avro.decode(NULLS, NULLS, b"\xfe" + b"\xff" * 8 + b"\x01"),
        lambda: avro.decode(AVRO, AVRO, b"\x02\x00" + b"\x02\x02\x00" * 5000),
        lambda: json_text.decode(JSON, b'{"a":' * 5000),
        lambda: json_text.decode({}, b"1" * 100_000),
    ],
)
def test_what_promises_much_takes_little_memory(decode):
    tracemalloc.start()
    try:
        with pytest.raises(EncodingError):
            decode()
        assert tracemalloc.get_traced_memory()[1] < 2_000_000
    finally:
        tracemalloc.stop()
