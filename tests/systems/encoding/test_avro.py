"""Avro's binary encoding: the specification's examples and rules, and fastavro."""

from __future__ import annotations

import io
from random import Random

import pytest

from splitbrain.systems.encoding import EncodingError, SchemaError
from splitbrain.systems.encoding.avro import (
    canonical_form,
    decode,
    encode,
    fingerprint,
    incompatibility,
    parse,
)

CASES, CHUNK = range(10_000), 250


def record(*fields, **more):
    """A record of fields ``(name, type)``, ``(name, type, default)`` or whole ones."""
    made = []
    for field in fields:
        if isinstance(field, dict):
            made.append(field)
        else:
            made.append(dict(zip(("name", "type", "default"), field, strict=False)))
    return {"type": "record", "name": "R", "fields": made} | more


@pytest.mark.parametrize(
    ("schema", "value", "bytes_"),
    [  # specification, "Binary Encoding"
        ("long", 0, "00"),
        ("long", -1, "01"),
        ("long", -64, "7f"),
        ("long", 64, "8001"),
        ("string", "foo", "06666f6f"),
        (record(("a", "long"), ("b", "string")), {"a": 27, "b": "foo"}, "3606666f6f"),
        ({"type": "array", "items": "long"}, [3, 27], "04063600"),
        (["null", "string"], None, "00"),
        (["null", "string"], "a", "020261"),
        ("boolean", True, "01"),
        ("double", 1.0, "000000000000f03f"),
    ],
)
def test_examples_of_the_specification(schema, value, bytes_):
    schema = parse(schema)

    assert encode(schema, value).hex() == bytes_
    assert decode(schema, schema, bytes.fromhex(bytes_)) == value


KIND = {"type": "enum", "name": "K", "symbols": ["A", "B"]}


@pytest.mark.parametrize(
    ("writer", "reader", "value", "expected"),
    [
        (record(("a", "int"), ("b", "int")), record(("b", "int"), ("a", "int")), {"a": 1, "b": 2},
         {"b": 2, "a": 1}),
        (record(("a", "int")), record(("b", "string", "new")), {"a": 1}, {"b": "new"}),
        (record(("a", "int")), record({"name": "b", "type": "long", "aliases": ["a"]}), {"a": 1},
         {"b": 1}),
        (["string", "int"], ["int", "string"], 7, 7),  # the writer's number, not the reader's
        ("int", ["string", "long"], 7, 7),
        ("int", "float", 2**24 + 1, float(2**24)),
        ("bytes", "string", b"a", "a"),
        (KIND | {"symbols": ["A", "C"]}, KIND | {"default": "B"}, "C", "B"),
        (record(("a", "int")), record(("b", "bytes", "\u00ffa")), {"a": 1}, {"b": b"\xffa"}),
        (record(("a", "int")), record(("b", ["null", "int"], None)), {"a": 1}, {"b": None}),
        ("int", ["double", "int"], 7, 7),  # its own type before one that it is promoted to
    ],
)  # fmt: skip
def test_reader_s_and_writer_s_schema_are_brought_together(writer, reader, value, expected):
    writer, reader = parse(writer), parse(reader)

    found = decode(writer, reader, encode(writer, value))

    assert (found, type(found)) == (expected, type(expected))
    assert incompatibility(reader, writer) is None


@pytest.mark.parametrize(
    ("writer", "reader", "value", "reason"),
    [
        (record(("a", "int")), record(("b", "int")), {"a": 1}, r"\$\.b: .*no default"),
        (record(("a", "string")), record(("a", "int")), {"a": "x"}, r"\$\.a: .*string.* no int"),
        (KIND | {"symbols": ["A", "C"]}, KIND, "C", r"doesn't know"),
        (["null", "int"], "int", None, "null"),
        ("int", ["null", "string"], 1, "none of"),
        (KIND, KIND | {"name": "L"}, "A", "enum K is no enum L"),
    ],
)
def test_what_cannot_be_brought_together_is_told_with_its_path(writer, reader, value, reason):
    writer, reader = parse(writer), parse(reader)

    with pytest.raises(EncodingError, match=reason):
        decode(writer, reader, encode(writer, value))
    assert incompatibility(reader, writer) is not None


def test_a_type_may_contain_itself():
    tree = parse(record(("value", "int"), ("next", ["null", "R"])))
    value = {"value": 1, "next": {"value": 2, "next": None}}

    assert decode(tree, tree, encode(tree, value)) == value
    assert incompatibility(tree, tree) is None


@pytest.mark.parametrize(
    ("schema", "value", "reason"),
    [
        (record(("tags", {"type": "array", "items": "int"})), {"tags": [1, "x"]}, r"\$\.tags\[1\]"),
        (record(("a", "int")), {}, r"\$\.a: it is missing"),
        (record(("a", "int")), {"a": 1, "b": 2}, r"\$\.b: R has no such field"),
        ("int", 2**31, "2147483648 is no int"),
        ("int", True, "True is no int"),
        ("string", "\ud800", "U\\+D800"),
        (KIND, "Z", "'Z' is no symbol of K"),
        (["null", "int"], "x", "none of the union's 2 types"),
        ("float", 1e300, "too large"),
    ],
)
def test_a_value_that_does_not_fit_is_told_by_its_path(schema, value, reason):
    with pytest.raises(EncodingError, match=reason):
        encode(parse(schema), value)


@pytest.mark.parametrize(
    ("schema", "reason"),
    [
        ("integer", "there is no type 'integer'"),
        ({"type": "array"}, "it has no 'items'"),
        (["int", ["null"]], r"\$\[1\]: a union may not contain a union"),
        (["int", "int"], "has int twice"),
        (record(("a", "int"), ("a", "int")), r"\$\.fields\[1\]: there is a field a already"),
        (record(("a", "int", "x")), r"\$\.fields\[0\]\.default: the default doesn't fit"),
        (KIND | {"symbols": ["A", "A"]}, "a symbol is there twice"),
        ({"type": "fixed", "name": "F", "size": -1}, "-1 is no size"),
        ({"type": "fixed", "name": "1F", "size": 1}, "'1F' is no name"),
        (3, "3 is no schema"),
    ],
)
def test_a_schema_that_cannot_be_is_refused(schema, reason):
    with pytest.raises(SchemaError, match=reason):
        parse(schema)


@pytest.mark.parametrize(
    ("schema", "bytes_", "reason"),
    [
        ("int", "", "end within"),
        ("int", "feffffffff7f", "is no int"),
        ("long", "ffffffffffffffffff7f", "more than 64 bits"),
        ("string", "0a61", "no 5 bytes"),
        ("string", "01", "no -1 bytes"),
        ("boolean", "02", "no boolean"),
        ("int", "0000", "1 bytes are left over"),
        (["null"], "02", "no type number 1"),
        ({"type": "array", "items": "null"}, "feffffffffffffffff0100", "more than"),
        ({"type": "array", "items": "int"}, "01040200", "should end"),
        ({"type": "map", "values": "null"}, "0402610261 00", "the key is there twice"),
    ],
)
def test_bytes_that_are_no_encoding_are_refused(schema, bytes_, reason):
    schema = parse(schema)

    with pytest.raises(EncodingError, match=reason):
        decode(schema, schema, bytes.fromhex(bytes_))


def test_nesting_is_bounded():
    schema = parse(record(("next", ["null", "R"])))

    with pytest.raises(EncodingError, match="within each other"):
        decode(schema, schema, b"\x02" * 100_000 + b"\x00")


def test_a_canonical_form_is_the_same_for_all_ways_to_write_a_schema():
    one = record(("a", {"type": "int"}), namespace="x.y", doc="d")
    other = record(("a", "int"), name="x.y.R", aliases=["Q"])

    assert (
        canonical_form(parse(one))
        == canonical_form(parse(other))
        == ('{"name":"x.y.R","type":"record","fields":[{"name":"a","type":"int"}]}')
    )
    assert fingerprint(parse("null")) == 7195948357588979594  # Avro's own schema-tests.txt


def compare(seed: int) -> None:
    import fastavro
    from avro_cases import Schemas

    made = Schemas(Random(seed))
    source = made.schema()
    theirs, ours = fastavro.parse_schema(source), parse(source)
    evolved_source = made.evolved(source)
    their_reader, our_reader = fastavro.parse_schema(evolved_source), parse(evolved_source)
    readable = incompatibility(our_reader, ours) is None

    text = fastavro.schema.to_parsing_canonical_form(source)
    assert canonical_form(ours) == text
    rabin = fastavro.schema.fingerprint(text, "CRC-64-AVRO")
    assert fingerprint(ours).to_bytes(8, "little").hex() == rabin
    for _ in range(5):
        value = made.value(source)
        out = io.BytesIO()
        fastavro.schemaless_writer(out, theirs, value)
        data = out.getvalue()
        assert encode(ours, value) == data
        assert repr(decode(ours, ours, data)) == repr(
            fastavro.schemaless_reader(io.BytesIO(data), theirs)
        )
        try:
            expected = fastavro.schemaless_reader(io.BytesIO(data), theirs, their_reader)
        except Exception:  # noqa: BLE001 - it has no one error for schemas that don't fit
            with pytest.raises(EncodingError):
                decode(ours, our_reader, data)
            assert not readable or not_text(ours, our_reader, data)
        else:
            assert told(decode(ours, our_reader, data)) == told(expected)


def told(value) -> str:
    """A value as text, which tells 0.0, -0.0 and 0 apart; records in no order."""
    if isinstance(value, dict):
        return str({name: told(value[name]) for name in sorted(value)})
    return str([told(item) for item in value]) if isinstance(value, list) else repr(value)


def not_text(writer, reader, data) -> bool:
    """Whether bytes that are no UTF-8 were to be read as a string, which only the data tells."""
    with pytest.raises(EncodingError) as refused:
        decode(writer, reader, data)
    return "UTF-8" in str(refused.value)


def test_the_same_bytes_values_and_refusals_as_fastavro():
    pytest.importorskip("fastavro")
    for seed in range(100):
        compare(seed)


@pytest.mark.nightly
@pytest.mark.parametrize("first", CASES[::CHUNK])
def test_the_same_as_fastavro_over_thousands_of_schemas(first):
    pytest.importorskip("fastavro")
    for seed in range(first, first + CHUNK):
        compare(seed)
