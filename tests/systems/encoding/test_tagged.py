"""Tagged fields are Protocol Buffers' wire format: its documentation, and Google's library."""

from __future__ import annotations

from random import Random

import pytest

from splitbrain.systems.encoding import EncodingError, SchemaError
from splitbrain.systems.encoding.tagged import (
    UNKNOWN,
    Field,
    MessageType,
    decode,
    encode,
    incompatibility,
)

CASES, CHUNK = range(10_000), 250

TEST1 = MessageType("Test1", (Field(1, "a", "int32"),))
TEST2 = MessageType("Test2", (Field(2, "b", "string"),))
TEST3 = MessageType("Test3", (Field(3, "c", "message", message=TEST1),))
TEST4 = MessageType("Test4", (Field(4, "d", "string"), Field(6, "e", "int32", repeated=True)))


@pytest.mark.parametrize(
    ("type", "record", "bytes_"),
    [  # protobuf.dev/programming-guides/encoding
        (TEST1, {"a": 150}, "089601"),
        (TEST2, {"b": "testing"}, "120774657374696e67"),
        (TEST3, {"c": {"a": 150}}, "1a03089601"),
        (TEST4, {"d": "hello", "e": [1, 2, 3]}, "220568656c6c6f3203010203"),
        (TEST1, {"a": -2}, "08feffffffffffffffff01"),
    ],
)
def test_examples_of_the_documentation(type, record, bytes_):
    assert encode(type, record).hex() == bytes_
    assert decode(type, bytes.fromhex(bytes_)) == record


def test_old_code_that_changes_a_record_keeps_what_it_does_not_know():
    """DDIA figure 4-7."""
    new = MessageType("Person", (Field(1, "name", "string"), Field(2, "photo", "bytes")))
    old = MessageType("Person", (Field(1, "name", "string"),))

    record = decode(old, encode(new, {"name": "Martin", "photo": b"\x01\x02"}))
    assert record == {"name": "Martin", UNKNOWN: b"\x12\x02\x01\x02"}
    changed = encode(old, record | {"name": "M."})

    assert decode(new, changed) == {"name": "M.", "photo": b"\x01\x02"}


@pytest.mark.parametrize(
    ("bytes_", "record"),
    [
        ("0801 0802", {"a": 2}),  # the last one counts
        ("0dffffffff 0803", {"a": 3, UNKNOWN: bytes.fromhex("0dffffffff")}),  # another wire type
        ("13 0805 14 0801", {"a": 1, UNKNOWN: bytes.fromhex("13080514")}),  # a group is read over
        ("08ffffffff8f80808010", {"a": -1}),  # what does not fit into 32 bits is cut off
    ],
)
def test_what_another_writer_may_have_written(bytes_, record):
    assert decode(TEST1, bytes.fromhex(bytes_)) == record


def test_messages_that_come_in_pieces_are_one():
    inner = MessageType("I", (Field(1, "x", "int32"), Field(2, "y", "int32", repeated=True)))
    outer = MessageType("O", (Field(1, "i", "message", message=inner),))
    pieces = encode(outer, {"i": {"x": 1, "y": [1]}}) + encode(outer, {"i": {"y": [2]}})

    assert decode(outer, pieces) == {"i": {"x": 1, "y": [1, 2]}}


@pytest.mark.parametrize(
    ("bytes_", "reason"),
    [
        ("08", "end within a number"),
        ("08ffffffffffffffffffff01", "more than 64 bits"),
        ("0001", "field 0"),
        ("0f", "wire type 7"),
        ("120a61", "end within field 2"),
        ("12ffffffff7f", "end within field 2"),
        ("14", "did not begin"),
        ("13", "end within"),
        ("1201ff", "UTF-8"),
        ("0b" * 200, "groups within each other"),
    ],
)
def test_bytes_that_are_no_message_are_refused(bytes_, reason):
    with pytest.raises(EncodingError, match=reason):
        decode(TEST2, bytes.fromhex(bytes_))


@pytest.mark.parametrize(
    ("record", "path"),
    [
        ({"c": {"a": 2**31}}, r"\$\.c\.a: 2147483648 is no int32"),
        ({"c": {"a": True}}, r"\$\.c\.a: True is no int32"),
        ({"x": 1}, r"\$\.x: Test3 has no such field"),
        ({"c": 3}, r"\$\.c: 3 is no record"),
    ],
)
def test_a_value_that_does_not_fit_is_told_by_its_path(record, path):
    with pytest.raises(EncodingError, match=path):
        encode(TEST3, record)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ([(1, "a", "int32"), (1, "b", "int32")], "another field has the number 1"),
        ([(1, "a", "int32"), (2, "a", "int32")], "another field has the name 'a'"),
        ([(0, "a", "int32")], "0 is no number for a field"),
        ([(19_500, "a", "int32")], "19500 is no number"),
        ([(1, "a", "int33")], "there is no type 'int33'"),
    ],
)
def test_a_type_that_cannot_be_is_refused(fields, reason):
    with pytest.raises(SchemaError, match=reason):
        MessageType("T", tuple(Field(*field) for field in fields))


@pytest.mark.parametrize(
    ("one", "other", "compatible"),
    [
        ([(1, "a", "int32")], [(2, "b", "string")], True),
        ([(1, "a", "int32")], [(1, "renamed", "int64")], True),
        ([(1, "a", "string")], [(1, "a", "bytes")], True),
        ([(1, "a", "int32")], [(1, "a", "sint32")], False),
        ([(1, "a", "string")], [(1, "a", "int32")], False),
        ([(1, "a", "int32")], [(1, "a", "int32", True)], False),
    ],
)
def test_a_number_means_the_same_for_ever(one, other, compatible):
    types = [MessageType("T", tuple(Field(*field) for field in each)) for each in (one, other)]

    for reader, writer in (types, reversed(types)):
        assert (incompatibility(reader, writer) is None) == compatible


def without_unknown(type, record):
    """What the type knows of a record."""
    known = {}
    for field in type.fields:
        if field.name in record:
            value, inner = record[field.name], field.message
            if inner and field.repeated:
                value = [without_unknown(inner, item) for item in value]
            elif inner:
                value = without_unknown(inner, value)
            known[field.name] = value
    return known


def compare(seed: int) -> None:
    from google.protobuf.message import DecodeError
    from tagged_cases import a_record, a_type, google_class, google_message, plain

    random = Random(seed)
    writer = a_type(random)
    made = google_class(writer)
    for _ in range(5):
        record = a_record(random, writer)
        theirs = google_message(writer, made(), record)
        written = theirs.SerializeToString(deterministic=True)

        assert encode(writer, record) == written
        assert repr(decode(writer, written)) == repr(plain(writer, theirs))
    # A reader of another type: the same fields are read, and the others written back.
    reader = a_type(random)
    made = google_class(reader)
    try:
        theirs = made.FromString(written)
    except DecodeError:
        with pytest.raises(EncodingError):
            decode(reader, written)
        return
    ours = decode(reader, written)

    assert repr(without_unknown(reader, ours)) == repr(plain(reader, theirs))
    assert encode(reader, ours) == theirs.SerializeToString(deterministic=True)


def test_the_same_bytes_and_values_as_google_s_library():
    pytest.importorskip("google.protobuf")
    for seed in range(60):
        compare(seed)


@pytest.mark.nightly
@pytest.mark.parametrize("first", CASES[::CHUNK])
def test_the_same_bytes_and_values_over_thousands_of_types(first):
    pytest.importorskip("google.protobuf")
    for seed in range(first, first + CHUNK):
        compare(seed)
