"""Schemas of JSON, and values through them.

A value may have what JSON lacks: 64-bit integers, NaN and infinities (`to_json`, `from_json`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from math import isfinite, isnan
from typing import Any

from splitbrain.systems.encoding.errors import EncodingError, SchemaError, told
from splitbrain.systems.encoding.json_text.text import DEEPEST

Schema = Mapping[str, Any]

TYPES = ("object", "array", "string", "integer", "number", "boolean", "null")

_KEYWORDS = {
    *("type", "default", "properties", "required", "additionalProperties", "items", "enum"),
    *("minimum", "maximum", "format"),
}
_DECIMAL = re.compile(r"-?(?:0|[1-9][0-9]{0,18})\Z")
_NOT_FINITE = {"NaN": float("nan"), "Infinity": float("inf"), "-Infinity": float("-inf")}
_INT64 = -(2**63), 2**63 - 1


def checked(schema: Any, deeper: int = DEEPEST) -> Schema:
    """The schema, if it is one.

    Args:
        schema: what may be one.
        deeper: how many schemas may be within each other.

    Raises:
        SchemaError: it is none; the message has the path to what is wrong.
    """
    if deeper < 0:
        raise SchemaError(f"more than {DEEPEST} schemas are within each other")
    if not isinstance(schema, Mapping):
        raise SchemaError(f"{told(schema)} is no schema")
    if unknown := [word for word in schema if word not in _KEYWORDS]:
        raise SchemaError(f"the keyword {told(unknown[0])} is not among those that are understood")
    for type in types_of(schema):
        if type not in TYPES:
            raise SchemaError(f"there is no type {told(type)}", ".type")
    if "type" in schema:
        _check_types(types_of(schema))
    _check_properties(schema, deeper)
    _check_limits(schema)
    if "items" in schema:
        _inside(".items", schema["items"], deeper)
    if "default" in schema:
        try:
            # By itself: an unknown symbol is read as the default, which must be a known one.
            from_json({k: v for k, v in schema.items() if k != "default"}, schema["default"])
        except EncodingError as error:
            raise SchemaError(f"the default doesn't fit: {error}", ".default") from None
    return schema


def _check_types(types: tuple[Any, ...]) -> None:
    if not types:
        raise SchemaError("a list of types has at least one", ".type")
    if len(set(types)) < len(types):
        raise SchemaError("a type is there twice", ".type")
    if len(set(types) - {"null"}) > 1:
        raise SchemaError("of several types, all but one must be null", ".type")


def _check_properties(schema: Schema, deeper: int) -> None:
    properties, required = schema.get("properties", {}), schema.get("required", [])
    if not isinstance(properties, Mapping):
        raise SchemaError(f"{told(properties)} is no object", ".properties")
    for name, part in properties.items():
        if not isinstance(name, str):
            raise SchemaError(f"{told(name)} is no name", ".properties")
        _inside(f".properties.{name}", part, deeper)
    if not isinstance(required, list) or not all(name in list(properties) for name in required):
        raise SchemaError(f"{told(required)} is no list of properties", ".required")
    if len(set(required)) < len(required):
        raise SchemaError(f"{told(required)} has a property twice", ".required")
    if not isinstance(schema.get("additionalProperties", True), bool):
        raise SchemaError("it is true or false", ".additionalProperties")


def _check_limits(schema: Schema) -> None:
    symbols = schema.get("enum", ["x"])
    if not isinstance(symbols, list) or not symbols or not all(isinstance(s, str) for s in symbols):
        raise SchemaError(f"{told(symbols)} is no list of strings", ".enum")
    if len(set(symbols)) < len(symbols):
        raise SchemaError("a symbol is there twice", ".enum")
    for name in ("minimum", "maximum"):
        limit = schema.get(name, 0)
        if isinstance(limit, bool) or not isinstance(limit, int | float) or not isfinite(limit):
            raise SchemaError(f"{told(limit)} is no number", f".{name}")
    if schema.get("minimum", 0) > schema.get("maximum", schema.get("minimum", 0)):
        raise SchemaError("it is more than the maximum", ".minimum")
    if schema.get("format", "int64") != "int64":
        raise SchemaError("the only format that is understood is int64", ".format")
    for keyword, type in (("enum", "string"), ("format", "integer")):
        if keyword in schema and type not in types_of(schema):
            raise SchemaError(f"it is for {type}s, which the types don't allow", f".{keyword}")


def _inside(step: str, part: Any, deeper: int) -> None:
    try:
        checked(part, deeper - 1)
    except SchemaError as error:
        raise error.inside(step) from None


def types_of(schema: Schema) -> tuple[Any, ...]:
    """The types that a schema allows; all if it doesn't say."""
    type = schema.get("type", TYPES)
    return tuple(type) if isinstance(type, list | tuple) else (type,)


def to_json(schema: Schema, value: Any, deeper: int = DEEPEST) -> Any:
    """What JSON has for a value.

    Args:
        schema: what it must fit.
        value: the value.
        deeper: how many lists and objects may be within each other.

    Raises:
        EncodingError: the value doesn't fit.
    """
    if deeper < 0:
        raise EncodingError(f"more than {DEEPEST} lists and objects are within each other")

    def inside(schema: Schema, part: Any) -> Any:
        return to_json(schema, part, deeper - 1)

    type = _type_of(schema, value)
    match type:
        case "object":
            return {
                name: _at(f".{name}", inside, schema.get("properties", {}).get(name, {}), part)
                for name, part in _properties(schema, value).items()
            }
        case "array":
            items = schema.get("items", {})
            return [_at(f"[{n}]", inside, items, item) for n, item in enumerate(value)]
        case "integer" | "number":
            _check_range(schema, value)
            if type == "integer":
                return str(value) if schema.get("format") == "int64" else value
            return value if isfinite(value) else _name_of(value)
        case "string":
            _check_symbol(schema, value)
    return value


def from_json(schema: Schema, value: Any) -> Any:
    """The value that JSON has this for, with defaults for what is not there.

    Raises:
        EncodingError: it doesn't fit.
    """
    types = types_of(schema)
    if isinstance(value, str) and "string" not in types:
        value = _from_text(schema, value, types)
    match _type_of(schema, value):
        case "object":
            return _object_from_json(schema, value)
        case "array":
            items = schema.get("items", {})
            return [_at(f"[{n}]", from_json, items, item) for n, item in enumerate(value)]
        case "integer" | "number":
            _check_range(schema, value)
            return value if "integer" in types else float(value)
        case "string":
            if "enum" in schema and value not in schema["enum"] and "default" in schema:
                return schema["default"]
            _check_symbol(schema, value)
    return value


def _object_from_json(schema: Schema, value: Any) -> dict[str, Any]:
    properties = schema.get("properties", {})
    found = {
        name: _at(f".{name}", from_json, properties.get(name, {}), part)
        for name, part in _properties(schema, value).items()
    }
    for name, part in properties.items():
        if name not in found and "default" in part:
            found[name] = from_json(part, part["default"])
    return found


def _from_text(schema: Schema, value: str, types: tuple[Any, ...]) -> Any:
    """The number that text stands for; the text itself if it stands for none."""
    if "integer" in types and schema.get("format") == "int64" and _DECIMAL.match(value):
        return int(value)
    return _NOT_FINITE.get(value, value) if "number" in types else value


def _type_of(schema: Schema, value: Any) -> str:
    """Which of the schema's types a value is of."""
    types = types_of(schema)
    found = {
        "null": value is None,
        "boolean": isinstance(value, bool),
        "integer": isinstance(value, int) and not isinstance(value, bool),
        "number": isinstance(value, int | float) and not isinstance(value, bool),
        "string": isinstance(value, str),
        "array": isinstance(value, list | tuple),
        "object": isinstance(value, Mapping),
    }
    for type, is_it in found.items():
        if is_it and type in types:
            return type
    raise EncodingError(f"{told(value)} is no {' or '.join(map(str, types))}")


def _properties(schema: Schema, value: Mapping[str, Any]) -> Mapping[str, Any]:
    properties = schema.get("properties", {})
    for name in schema.get("required", ()):
        if name not in value and "default" not in properties[name]:
            raise EncodingError("it is missing", f".{name}")
    for name in value:
        if not isinstance(name, str):
            raise EncodingError("the name of a property is text", f"[{told(name)}]")
        if name not in properties and not schema.get("additionalProperties", True):
            raise EncodingError("there is no such property", f".{name}")
    return value


def _at(step: str, convert: Any, schema: Schema, value: Any) -> Any:
    try:
        return convert(schema, value)
    except EncodingError as error:
        raise error.inside(step) from None


def _check_range(schema: Schema, value: int | float) -> None:
    least, most = schema.get("minimum"), schema.get("maximum")
    if schema.get("format") == "int64" and isinstance(value, int):
        least = _INT64[0] if least is None else least
        most = _INT64[1] if most is None else most
    if (least is not None and value < least) or (most is not None and value > most):
        raise EncodingError(f"{told(value)} is not from {told(least)} to {told(most)}")


def _check_symbol(schema: Schema, value: str) -> None:
    if "enum" in schema and value not in schema["enum"]:
        raise EncodingError(f"{told(value)} is none of {', '.join(schema['enum'])}")


def _name_of(value: float) -> str:
    return "NaN" if isnan(value) else "Infinity" if value > 0 else "-Infinity"
