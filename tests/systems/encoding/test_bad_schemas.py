"""Schemas that can't be, values that don't fit: one sentence, with the path to what is wrong."""

from __future__ import annotations

import pytest

from splitbrain.systems.encoding import EncodingError, SchemaError, avro, json_text, tagged


def within(depth, wrap, what):
    for _ in range(depth):
        what = wrap(what)
    return what


def an_enum(**more):
    return {"properties": {"k": {"type": "string", "enum": ["a", "b"], **more}}}


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        ([], "$: [] is no schema"),
        ({"items": {"typ": "string"}}, "$.items: the keyword 'typ' is not among those"),
        ({"items": {"type": "int"}}, "$.items.type: there is no type 'int'"),
        ({"type": []}, "$.type: a list of types has at least one"),
        ({"type": ["null", "null"]}, "$.type: a type is there twice"),
        ({"type": ["string", "number"]}, "$.type: of several types, all but one must be null"),
        ({"properties": {3: {}}}, "$.properties: 3 is no name"),
        ({"properties": {}, "required": [[]]}, "$.required: [[]] is no list of properties"),
        ({"properties": {"a": {}}, "required": ["a", "a"]}, "$.required: ['a', 'a'] has a prop"),
        ({"items": {"type": "integer", "minimum": 5, "maximum": 1}}, "$.items.minimum: it is more"),
        ({"minimum": float("nan")}, "$.minimum: nan is no number"),
        ({"type": "integer", "enum": ["a"]}, "$.enum: it is for strings, which the types"),
        ({"type": "string", "format": "int64"}, "$.format: it is for integers, which the types"),
        ({"enum": ["a", "a"]}, "$.enum: a symbol is there twice"),
        # An unknown symbol is read as the default, which would be unknown as well.
        (an_enum(default="z"), "$.properties.k.default: the default doesn't fit: $: 'z' is none"),
        ({"default": 3, "type": "string"}, "$.default: the default doesn't fit: $: 3 is no string"),
        (within(99, lambda schema: {"items": schema}, {}), f"${65 * '.items'}: more than 64"),
    ],
)
def test_a_json_schema_that_can_t_be(schema, said):
    with pytest.raises(SchemaError) as refused:
        json_text.checked(schema)
    assert str(refused.value).startswith(said)


TEXT = json_text.checked(
    {
        "properties": {
            "a": {"type": "array", "items": {"type": "integer", "format": "int64"}},
            "s": {"type": "string"},
        }
    }
)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ({"a": [1, "x"]}, "$.a[1]: 'x' is no integer"),
        ({"a": [2**63]}, "$.a[0]: 9223372036854775808 is not from"),
        ({"z": [{3: 1}]}, "$.z[0][3]: the name of a property is text"),
        ({"z": b"x"}, "$.z: b'x' is no object or array"),
        ({"z": [10**300]}, "$.z[0]: a number has 300 digits at most"),
        ({"s": "\ud800"}, "$.s: U+D800 at position 0 is no character"),
        ({"z": within(99, lambda value: [value], 1)}, f"$.z{64 * '[0]'}: more than 64 lists"),
    ],
)
def test_a_value_that_json_does_not_have(value, said):
    with pytest.raises(EncodingError) as refused:
        json_text.encode(TEXT, value)
    assert str(refused.value).startswith(said)


@pytest.mark.parametrize(
    ("field", "said"),
    [
        (("1", "a", "int32"), "$.a: '1' is no number for a field"),
        ((True, "a", "int32"), "$.a: True is no number for a field"),
        ((1.5, "a", "int32"), "$.a: 1.5 is no number for a field"),
        ((19_000, "a", "int32"), "$.a: 19000 is no number for a field"),
        ((1, "", "int32"), "$: '' is no name for a field"),
        ((1, 7, "int32"), "$: 7 is no name for a field"),
        ((1, "a", []), "$.a: there is no type []"),
        ((1, "a", "int32", True, True), "$.a: a list is never absent, so it is not optional"),
    ],
)
def test_a_field_that_can_t_be(field, said):
    with pytest.raises(SchemaError) as refused:
        tagged.Field(*field)
    assert str(refused.value) == said


MESSAGE = tagged.MessageType(
    "M",
    (
        tagged.Field(1, "a", "int32", repeated=True),
        tagged.Field(
            2, "m", "message", message=tagged.MessageType("N", (tagged.Field(1, "b", "bytes"),))
        ),
    ),
)


@pytest.mark.parametrize(
    ("record", "said"),
    [
        (None, "$: None is no record"),
        ({"a": [1, 2**31]}, "$.a[1]: 2147483648 is no int32"),
        ({"m": {"b": "x"}}, "$.m.b: 'x' is no bytes"),
        ({3: 1}, "$.3: M has no such field"),
        ({tagged.UNKNOWN: "x"}, "$: 'x' is no bytes of unknown fields"),
        ({tagged.UNKNOWN: b"\xff"}, "$: the bytes end within a number, at byte 1"),
    ],
)
def test_a_record_that_does_not_fit_its_message(record, said):
    with pytest.raises(EncodingError) as refused:
        tagged.encode(MESSAGE, record)
    assert str(refused.value) == said


def a_record(*fields):
    return {"type": "record", "name": "R", "fields": list(fields)}


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        (a_record({"name": "a"}), "$.fields[0]: it has no 'type'"),
        (a_record({"name": "a", "type": ["null", "x"]}), "$.fields[0].type[1]: there is no type"),
        ({"type": "enum", "name": "E", "symbols": ["a.b"]}, "$.symbols: 'a.b' is no name"),
        (
            a_record({"name": "r", "type": "R", "default": {}}),
            "$.fields[0].default: the default doesn't fit: $",
        ),
        (
            within(99, lambda items: {"type": "array", "items": items}, "int"),
            f"${65 * '.items'}: more than 64 types are within each other",
        ),
        (within(99, lambda type: {"type": type}, "int"), f"${65 * '.type'}: more than 64 types"),
    ],
)
def test_an_avro_schema_that_can_t_be(schema, said):
    with pytest.raises(SchemaError) as refused:
        avro.parse(schema)
    assert str(refused.value).startswith(said)


def test_a_default_may_be_a_record_whose_own_defaults_end():
    inner = {"name": "r", "type": ["null", "R"], "default": None}
    schema = avro.parse(a_record(inner, {"name": "n", "type": "int", "default": 3}))

    assert avro.decode(schema, schema, avro.encode(schema, {})) == {"r": None, "n": 3}
