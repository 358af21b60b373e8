"""A record in three formats, by three versions of the code.

    version    fields
    1          number name email score kind tags note, fax
    2          the same without fax, with phone
    3          with phone and city; kind may be "other"

Each format has its own way to stay compatible. JSON keeps properties that it doesn't know. Tagged
fields keep them too, and never use a number again: fax had 8. Avro is read with the schema that
wrote it, and an edit is written with that schema again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Protocol

from splitbrain.systems.encoding import EncodingError, avro, json_text, tagged

Record = Mapping[str, Any]

SYMBOLS = ("home", "work", "other")
OLD_SYMBOLS = SYMBOLS[:2]
NEW = 3
"""The version that knows all symbols."""


class Format(Protocol):
    """One way to write records.

    `writer` is the writer's schema as the registry has it; None in formats that need none.
    """

    def schema(self, version: int) -> str | None:
        """What a version registers before it writes; None in formats that need no such thing."""
        ...

    def write(self, version: int, record: Record) -> bytes:
        """A record's bytes.

        Raises:
            EncodingError: the version has no such record.
        """
        ...

    def read(self, version: int, writer: str | None, data: bytes) -> dict[str, Any]:
        """The record as the version sees it.

        Raises:
            EncodingError: it cannot read it.
        """
        ...

    def edit(self, version: int, writer: str | None, data: bytes, note: str) -> bytes:
        """The bytes with another note, and all else as it was; likewise."""
        ...


def fields(version: int) -> tuple[str, ...]:
    """The fields that a version has."""
    common = ("number", "name", "email", "score", "kind", "tags", "note")
    return (*common, *{1: ("fax",), 2: ("phone",), 3: ("phone", "city")}[version])


class Json:
    """JSON with a schema."""

    def schema(self, version: int) -> str | None:
        """None."""
        return None

    def json_schema(self, version: int) -> json_text.Schema:
        """A version's schema."""
        text = {"type": "string"}
        symbols = SYMBOLS if version == NEW else OLD_SYMBOLS
        types: dict[str, Any] = {
            "name": text,
            "note": text,
            "fax": {**text, "default": ""},
            "phone": {**text, "default": ""},
            "number": {"type": "integer", "format": "int64"},
            "email": {"type": ["string", "null"]},
            "score": {"type": "number"},
            "kind": {**text, "enum": list(symbols), "default": symbols[0]},
            "tags": {"type": "array", "items": text},
            "city": {**text, "default": "nowhere"},
        }
        properties = {name: types[name] for name in fields(version)}
        return {"type": "object", "properties": properties, "required": ["number"]}

    def write(self, version: int, record: Record) -> bytes:
        """See `Format.write`."""
        return json_text.encode(self.json_schema(version), record)

    def read(self, version: int, writer: str | None, data: bytes) -> dict[str, Any]:
        """See `Format.read`."""
        found: Any = json_text.decode(self.json_schema(version), data)
        return {name: found[name] for name in fields(version)}

    def edit(self, version: int, writer: str | None, data: bytes, note: str) -> bytes:
        """See `Format.edit`. The text is changed, not what a version makes of it: a symbol that
        this one reads as another stays."""
        return json_text.dump({**json_text.load(data), "note": note})


NUMBERS = {
    "number": tagged.Field(1, "number", "int64"),
    "name": tagged.Field(2, "name", "string"),
    "email": tagged.Field(3, "email", "string", optional=True),
    "score": tagged.Field(4, "score", "double"),
    "kind": tagged.Field(5, "kind", "enum"),
    "tags": tagged.Field(6, "tags", "string", repeated=True),
    "note": tagged.Field(7, "note", "string"),
    "fax": tagged.Field(8, "fax", "string"),
    "phone": tagged.Field(9, "phone", "string"),
    "city": tagged.Field(10, "city", "string", optional=True),
}
"""The fields with the numbers that they have for ever."""


class Tagged:
    """Tagged fields."""

    def schema(self, version: int) -> str | None:
        """None."""
        return None

    def type(self, version: int) -> tagged.MessageType:
        """A version's type."""
        return tagged.MessageType("Person", tuple(NUMBERS[name] for name in fields(version)))

    def write(self, version: int, record: Record) -> bytes:
        """See `Format.write`."""
        symbols = SYMBOLS if version == NEW else OLD_SYMBOLS
        if record["kind"] not in symbols:
            raise EncodingError(f"{record['kind']!r} is none of {', '.join(symbols)}", ".kind")
        kind = symbols.index(record["kind"])
        return tagged.encode(self.type(version), {**record, "kind": kind})

    def read(self, version: int, writer: str | None, data: bytes) -> dict[str, Any]:
        """See `Format.read`."""
        symbols = SYMBOLS if version == NEW else OLD_SYMBOLS
        found = {"email": None, "city": "nowhere", **tagged.decode(self.type(version), data)}
        kind = found["kind"]
        found["kind"] = symbols[kind] if 0 <= kind < len(symbols) else symbols[0]
        return {name: found[name] for name in fields(version)}

    def edit(self, version: int, writer: str | None, data: bytes, note: str) -> bytes:
        """See `Format.edit`."""
        type = self.type(version)
        return tagged.encode(type, {**tagged.decode(type, data), "note": note})


class Avro:
    """Avro's binary encoding."""

    def schema(self, version: int) -> str | None:
        """The version's schema, as JSON."""
        return json.dumps(self.avro_schema(version))

    def avro_schema(self, version: int) -> dict[str, Any]:
        """A version's schema. The second put the email's types the other way round."""
        symbols = SYMBOLS if version == NEW else OLD_SYMBOLS
        kind = {"type": "enum", "name": "Kind", "symbols": list(symbols), "default": symbols[0]}
        types: dict[str, Any] = {
            "number": "long",
            "email": ["null", "string"] if version == 1 else ["string", "null"],
            "score": "double",
            "kind": kind,
            "tags": {"type": "array", "items": "string"},
        }
        defaults = {"fax": "", "phone": "", "city": "nowhere"}
        made = []
        for name in fields(version):
            default = {"default": defaults[name]} if name in defaults else {}
            made.append({"name": name, "type": types.get(name, "string"), **default})
        return {"type": "record", "name": "Person", "fields": made}

    def write(self, version: int, record: Record) -> bytes:
        """See `Format.write`."""
        return avro.encode(avro.parse(self.avro_schema(version)), record)

    def read(self, version: int, writer: str | None, data: bytes) -> dict[str, Any]:
        """See `Format.read`."""
        found: dict[str, Any] = avro.decode(
            _parsed(writer), avro.parse(self.avro_schema(version)), data
        )
        return found

    def edit(self, version: int, writer: str | None, data: bytes, note: str) -> bytes:
        """See `Format.edit`: written with the schema that it was written with before."""
        schema = _parsed(writer)
        return avro.encode(schema, {**avro.decode(schema, schema, data), "note": note})


def _parsed(writer: str | None) -> avro.Schema:
    if writer is None:
        raise EncodingError("nobody knows the schema that wrote it")
    return avro.parse(json.loads(writer))


FORMATS: Mapping[str, Format] = {"json": Json(), "tagged": Tagged(), "avro": Avro()}
