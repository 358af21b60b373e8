"""JSON text: the grammar against Python's own, what schemas make of values, and compatibility."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from splitbrain.systems.encoding import EncodingError, SchemaError
from splitbrain.systems.encoding.json_text import (
    checked,
    decode,
    dump,
    encode,
    incompatibility,
    load,
)

TEXT = st.text(st.characters(exclude_categories=("Cs",)))
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT,
    lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner),
    max_leaves=20,
)


@given(VALUES)
@settings(max_examples=50)
def test_python_s_json_reads_what_we_write_and_we_what_it_writes(value):
    assert repr(json.loads(dump(value))) == repr(value)
    for options in ({}, {"ensure_ascii": False}, {"indent": 1}):
        assert repr(load(json.dumps(value, **options).encode())) == repr(value)


@given(st.text('{}[],:"\\ut0123456789abcdefn.eE+- \nTRUE', max_size=12))
def test_what_python_s_json_refuses_is_refused(text):
    names = []
    try:
        expected = json.loads(
            text,
            parse_constant=lambda name: 1 / 0,
            object_pairs_hook=lambda pairs: (
                names.append([name for name, _ in pairs]) or dict(pairs)
            ),
        )
        repeated = any(len(set(each)) < len(each) for each in names)
        json.dumps(expected, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, ArithmeticError):
        repeated = True
    if repeated:
        with pytest.raises(EncodingError):
            load(text.encode())
    else:
        assert repr(load(text.encode())) == repr(expected)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"", "there is no value"),
        (b"01", "something follows"),
        (b"[1,]", r"\$\[1\]: there is no value"),
        (b'{"a":1,"a":2}', r"\$\.a: the name is there twice"),
        (b"\xef\xbb\xbf1", "there is no value"),  # a byte order mark
        (b'"\xff"', "UTF-8"),
        (b'"\\ud800"', "half of a surrogate pair"),
        (b'"\\ud800\\u0041"', "half of a surrogate pair"),
        (b'"\n"', "control character"),
        (b"NaN", "there is no value"),
        (b"1e999", "too large"),
        (b"1" * 1000, "more than 300 characters"),
        (b"[" * 100_000, "within each other"),
    ],
)
def test_texts_that_are_no_json_are_refused(text, reason):
    with pytest.raises(EncodingError, match=reason):
        load(text)


PERSON = {
    "type": "object",
    "properties": {
        "id": {"type": "integer", "format": "int64"},
        "score": {"type": "number"},
        "kind": {"type": "string", "enum": ["home", "work"], "default": "home"},
        "email": {"type": ["string", "null"]},
        "tags": {"type": "array", "items": {"type": "string"}, "default": []},
    },
    "required": ["id"],
}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"id": 2**53 + 1}, b'{"id":"9007199254740993"}'),
        ({"id": 0, "score": float("inf")}, b'{"id":"0","score":"Infinity"}'),
        ({"id": 0, "score": -0.0}, b'{"id":"0","score":-0.0}'),
        ({"id": 0, "email": None, "x": [1]}, b'{"id":"0","email":null,"x":[1]}'),
    ],
)
def test_values_that_json_lacks_come_back(value, text):
    defaults = {"kind": "home", "tags": []}

    assert encode(PERSON, value) == text
    assert repr(decode(PERSON, text)) == repr(value | defaults)


def test_a_symbol_that_is_not_known_is_read_as_the_default():
    assert decode(PERSON, b'{"id":"1","kind":"other"}')["kind"] == "home"


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ({}, r"\$\.id: it is missing"),
        ({"id": 2**63}, r"\$\.id: 9223372036854775808 is not from"),
        ({"id": 1, "tags": ["a", 2]}, r"\$\.tags\[1\]: 2 is no string"),
        ({"id": 1, "kind": "x"}, r"\$\.kind: 'x' is none of home, work"),
        ({"id": 1, "score": "a"}, r"\$\.score: 'a' is no number"),
        ([], r"\$: \[\] is no object"),
    ],
)
def test_a_value_that_does_not_fit_is_told_by_its_path(value, reason):
    with pytest.raises(EncodingError, match=reason):
        encode(PERSON, value)


@pytest.mark.parametrize(
    ("schema", "reason"),
    [
        ({"type": "int"}, r"\$\.type: there is no type 'int'"),
        ({"oneOf": []}, "'oneOf' is not among those that are understood"),
        ({"type": ["string", "integer"]}, "all but one must be null"),
        ({"properties": {"a": {"type": "x"}}}, r"\$\.properties\.a\.type"),
        ({"properties": {}, "required": ["a"]}, r"\$\.required"),
        ({"type": "integer", "default": "x"}, r"\$\.default: the default doesn't fit"),
        ({"enum": []}, r"\$\.enum"),
        (7, "7 is no schema"),
    ],
)
def test_a_schema_that_cannot_be_is_refused(schema, reason):
    with pytest.raises(SchemaError, match=reason):
        checked(schema)


def thing(required=(), closed=False, **properties):
    made = {"type": "object", "properties": properties, "required": list(required)}
    return made | ({"additionalProperties": False} if closed else {})


WORD, NUMBER = {"type": "string"}, {"type": "number"}


@pytest.mark.parametrize(
    ("reader", "writer", "sample"),
    [
        (thing(a=WORD), thing(a=WORD, b=WORD), {"a": "", "b": ""}),
        (thing(a=WORD, b=WORD | {"default": ""}), thing(a=WORD), {"a": ""}),
        (thing(["a"], a=WORD | {"default": "x"}), thing(), {}),
        (thing(a=NUMBER), thing(a={"type": "integer"}), {"a": 1}),
        (WORD | {"enum": ["a"], "default": "a"}, WORD | {"enum": ["a", "b"]}, "b"),
        ({"type": ["string", "null"]}, WORD, "a"),
    ],
)
def test_compatible_schemas(reader, writer, sample):
    assert incompatibility(checked(reader), checked(writer)) is None
    decode(reader, encode(writer, sample))


@pytest.mark.parametrize(
    ("reader", "writer", "sample"),
    [
        (thing(["a"], a=WORD), thing(), {}),
        (thing(["a"], a=WORD), thing(a=WORD), {}),
        (thing(closed=True), thing(a=WORD), {"a": ""}),
        (thing(a=WORD), thing(a=NUMBER), {"a": 1}),
        ({"type": "integer"}, NUMBER, 1.5),
        (WORD | {"enum": ["a"]}, WORD | {"enum": ["a", "b"]}, "b"),
        (WORD, {"type": ["string", "null"]}, None),
        (NUMBER | {"minimum": 1}, NUMBER, 0),
        ({"type": "array", "items": WORD}, {"type": "array", "items": NUMBER}, [1]),
    ],
)
def test_incompatible_schemas_and_a_text_that_shows_it(reader, writer, sample):
    assert incompatibility(checked(reader), checked(writer)) is not None
    with pytest.raises(EncodingError):
        decode(reader, encode(writer, sample))
