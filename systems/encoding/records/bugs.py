"""Planted bugs of the record log: it, with one decision wrong."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from splitbrain.harness.bug import Bug, planted
from splitbrain.systems.encoding import tagged
from splitbrain.systems.encoding.records import envelope
from splitbrain.systems.encoding.records.app import App
from splitbrain.systems.encoding.records.envelope import Sealed
from splitbrain.systems.encoding.records.formats import (
    FORMATS,
    Avro,
    Format,
    Json,
    Record,
    Tagged,
)
from splitbrain.systems.encoding.records.servers import RecordsServer


class DropsUnknown(Tagged):
    """Keeps of a record what it knows."""

    def edit(self, version: int, writer: str | None, data: bytes, note: str) -> bytes:
        """What a newer version had put there is gone."""
        record = tagged.decode(self.type(version), data)
        record.pop(tagged.UNKNOWN, None)
        return tagged.encode(self.type(version), {**record, "note": note})


class NoDefaultSymbol(Avro):
    """Has no symbol to stand for those that come later."""

    def avro_schema(self, version: int) -> dict[str, Any]:
        """A reader of an older version stops at a new symbol."""
        schema = super().avro_schema(version)
        for field in schema["fields"]:
            if field["name"] == "kind":
                field["type"] = {k: v for k, v in field["type"].items() if k != "default"}
        return schema


class RegistersUnchecked(App):
    """Registers its schemas where nobody compares them."""

    formats: Mapping[str, Format] = {**FORMATS, "avro": NoDefaultSymbol()}

    def subject(self) -> str:
        """The mode is none."""
        return "avro/none"


class IntegersAsDoubles(Json):
    """Reads numbers as JavaScript does."""

    def read(self, version: int, writer: str | None, data: bytes) -> dict[str, Any]:
        """Beyond 2**53 not every integer is one."""
        record = super().read(version, writer, data)
        return {**record, "number": int(float(record["number"]))}


class EmptyIsMissing(Tagged):
    """Leaves out whatever Python takes for false."""

    def write(self, version: int, record: Record) -> bytes:
        """-0.0 becomes 0.0, and an empty email none."""
        kept = {name: value for name, value in record.items() if value}
        return super().write(version, kept)


class TrustsLengths(App):
    """Reads what there is of a record."""

    def opened(self, data: bytes) -> Sealed:
        """Neither length nor checksum is looked at."""
        return envelope.parts(data, envelope.READS[self.version])[0]


class ReadersUnion(Avro):
    """Takes the number of a union's type to be one of the reader's union."""

    def read(self, version: int, writer: str | None, data: bytes) -> dict[str, Any]:
        """An email that is there is read as none, or the other way round."""
        mine = {field["name"]: field for field in self.avro_schema(version)["fields"]}
        theirs = json.loads(writer or "null")
        for field in theirs["fields"]:
            if isinstance(field["type"], list):
                field["type"] = mine[field["name"]]["type"]
        return super().read(version, json.dumps(theirs), data)


class OwnNumbers(App):
    """In its newest version, names each add by a number of its own."""

    def change(self, change: int) -> int:
        """An add that is tried again, because nobody answered, is another one."""
        return self.node.random.getrandbits(63) if self.version == 3 else change


class HalfEscaped(Json):
    """Writes every character beyond ASCII as one escape of four digits."""

    def write(self, version: int, record: Record) -> bytes:
        """Characters beyond U+FFFF have two."""
        text = super().write(version, record).decode()
        return "".join(c if c < "\x7f" else f"\\u{ord(c) & 0xFFFF:04x}" for c in text).encode()


class OwnSchema(App):
    """Writes an edited record with its own schema, as it sees it."""

    async def rewritten(self, before: Sealed, payload: bytes) -> Sealed:
        """An old version's schema has no room for what a new one put there."""
        if before.format != "avro":
            return before._replace(payload=payload)
        format = self.formats["avro"]
        record = format.read(self.version, await self.writer(before), payload)
        mine = await self.schema_id("avro", format)
        return Sealed("avro", mine, format.write(self.version, record))


def _format(name: str, format: Format) -> type[RecordsServer]:
    formats: Mapping[str, Format] = {**FORMATS, name: format}
    return _app(planted(App, formats=formats))


def _app(app: type[App]) -> type[RecordsServer]:
    return planted(RecordsServer, app=app)


_MIXED = ("version.change",)

BUGS: tuple[Bug, ...] = (
    Bug(
        id="ENC-01",
        title="old code that edits a record drops the fields it doesn't know",
        server=_format("tagged", DropsUnknown()),
        workload="codec",
        faults=("version.upgrade",),
        nodes=3,
        seeds=20,
        shows=("dropped-field",),
        source="DDIA chapter 4, figure 4-7",
    ),
    Bug(
        id="ENC-01-AVRO",
        title="old code writes an edited record with its own schema",
        server=_app(OwnSchema),
        workload="codec",
        faults=_MIXED,
        nodes=3,
        seeds=20,
        shows=("dropped-field",),
        source="DDIA chapter 4, figure 4-7; Avro 1.12, Schema Resolution",
    ),
    Bug(
        id="ENC-02",
        title="after a rollback old code meets a symbol that it has no default for",
        server=_app(RegistersUnchecked),
        workload="codec",
        faults=("version.rollback",),
        nodes=3,
        seeds=20,
        shows=("unreadable",),
        source="DDIA chapter 4, Avro (schema evolution rules)",
    ),
    Bug(
        id="ENC-05",
        title="integers in JSON are read as doubles",
        server=_format("json", IntegersAsDoubles()),
        workload="codec",
        faults=("net.latency",),
        nodes=3,
        seeds=10,
        shows=("unwritten",),
        source="DDIA chapter 4, JSON, XML, and Binary Variants; RFC 7493",
    ),
    Bug(
        id="ENC-06",
        title="what is empty is not written: -0.0 becomes 0.0, an empty text none",
        server=_format("tagged", EmptyIsMissing()),
        workload="codec",
        faults=("net.latency",),
        nodes=3,
        seeds=10,
        shows=("altered",),
        source="protobuf.dev, Application Note: Field Presence",
    ),
    Bug(
        id="ENC-07",
        title="a record that was cut is read as far as it goes",
        server=_app(TrustsLengths),
        workload="codec",
        faults=("net.latency",),
        nodes=3,
        seeds=20,
        shows=("partial",),
        source="protobuf.dev, Encoding (a message does not say where it ends)",
    ),
    Bug(
        id="ENC-09",
        title="a new version writes envelopes that the old ones cannot open",
        server=_app(planted(App, writes={**envelope.WRITES, 3: 2})),
        workload="codec",
        faults=_MIXED,
        nodes=3,
        seeds=20,
        shows=("unreadable",),
        source="DDIA chapter 4, Modes of Dataflow; TigerBeetle's and etcd's tests of upgrades",
    ),
    Bug(
        id="ENC-10",
        title="a union's types are told apart by the reader's numbers",
        server=_format("avro", ReadersUnion()),
        workload="codec",
        faults=_MIXED,
        nodes=3,
        seeds=20,
        shows=("altered", "unreadable"),
        source="Avro 1.12, Schema Resolution",
    ),
    Bug(
        id="ENC-11",
        title="a new version numbers requests itself: one that is tried again counts twice",
        server=_app(OwnNumbers),
        workload="counter",
        faults=("version.change", "net.loss"),
        nodes=3,
        seeds=40,
        shows=("linearizable(counter)",),
        source="DDIA chapter 4, Dataflow Through Services",
    ),
    Bug(
        id="ENC-12",
        title="JSON text escapes a character beyond U+FFFF as one of four digits",
        server=_format("json", HalfEscaped()),
        workload="codec",
        faults=("net.latency",),
        nodes=3,
        seeds=10,
        shows=("altered", "unreadable"),
        source="RFC 8259, section 7",
    ),
)
