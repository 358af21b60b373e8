"""Schemas by id and by subject, in memory, and over a log on a disk.

Ids count from 1 over all subjects; a registration is never taken back, so none comes again.
Records of the log (`splitbrain.systems.log_file`): ``(id, subject, schema)``, the schema as JSON.

A subject is ``format/mode``: ``avro``, ``tagged`` or ``json``; and ``backward`` (the new schema
reads what was written with the one before), ``forward`` (the other way round), ``full`` (both),
each perhaps with ``-transitive`` (with all before), or ``none``.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from splitbrain.harness.node import Disk
from splitbrain.systems.encoding import SchemaError, avro, json_text, tagged
from splitbrain.systems.log_file import LogFile

PATH = "schemas"
_START = 0x53434845  # what the first frame's checksum continues

MODES = ("none", "backward", "forward", "full")
TRANSITIVE = "-transitive"


class Refused(Exception):
    """The schema was not registered, and never will be."""


class Registered(NamedTuple):
    """A schema with its id."""

    id: int
    subject: str
    schema: str


def _tagged(schema: Any) -> tagged.MessageType:
    if not isinstance(schema, list) or not all(isinstance(f, list) and len(f) == 3 for f in schema):
        raise SchemaError("a type is a list of [number, name, type]")
    return tagged.MessageType("M", tuple(tagged.Field(*field) for field in schema))


class Format(NamedTuple):
    """How a format's schemas are read, and why one cannot read what another wrote."""

    parse: Callable[[Any], Any]
    incompatibility: Callable[[Any, Any], str | None]


FORMATS: Mapping[str, Format] = {
    "avro": Format(avro.parse, avro.incompatibility),
    "tagged": Format(_tagged, tagged.incompatibility),
    "json": Format(json_text.checked, json_text.incompatibility),
}


def canonical(schema: Any) -> str:
    """A schema's one text: two are the same schema if these are equal, defaults included."""
    return json.dumps(schema, sort_keys=True, separators=(",", ":"))


class Registry:
    """The schemas there are.

    Invariants: the schemas of a subject are compatible in its mode; an id means one schema of one
    subject for ever; the same schema of a subject has one id.
    """

    def __init__(self) -> None:
        self.by_id: dict[int, Registered] = {}
        self.subjects: dict[str, list[Registered]] = {}

    def add(self, registered: Registered) -> None:
        """Take a schema that was found to be compatible."""
        self.by_id[registered.id] = registered
        self.subjects.setdefault(registered.subject, []).append(registered)

    def versions(self, subject: str) -> tuple[Registered, ...]:
        """A subject's schemas, in order of registration."""
        return tuple(self.subjects.get(subject, ()))

    def register(self, subject: str, text: str) -> int:
        """The id of a schema, which is registered if it isn't yet.

        Raises:
            Refused: it is no schema, or not compatible with those before; the message says why.
        """
        format, mode = _parts(subject)
        try:
            schema = json.loads(text)
            parsed = format.parse(schema)
        except (ValueError, RecursionError) as error:
            raise Refused(f"it is no schema: {error}") from None
        text = canonical(schema)
        for known in self.versions(subject):
            if known.schema == text:
                return known.id
        for before in self.to_compare(subject, mode):
            reason = self.conflict(format, mode.removesuffix(TRANSITIVE), parsed, before)
            if reason is not None:
                raise Refused(f"it is not compatible with schema {before.id}: {reason}")
        registered = Registered(self.next_id(), subject, text)
        self.add(registered)
        return registered.id

    def next_id(self) -> int:
        """An id that no schema ever had."""
        return len(self.by_id) + 1

    def to_compare(self, subject: str, mode: str) -> tuple[Registered, ...]:
        """The schemas that a new one must be compatible with."""
        found = self.versions(subject)
        return found if mode.endswith(TRANSITIVE) else found[-1:]

    def conflict(self, format: Format, mode: str, schema: Any, before: Registered) -> str | None:
        """Why a parsed schema is not compatible with one before it; None if it is."""
        other = format.parse(json.loads(before.schema))
        if mode in ("backward", "full"):
            reason = format.incompatibility(schema, other)
            if reason is not None:
                return f"it cannot read what was written with that: {reason}"
        if mode in ("forward", "full"):
            reason = format.incompatibility(other, schema)
            if reason is not None:
                return f"that cannot read what is written with it: {reason}"
        return None


class LoggedRegistry(Registry):
    """A registry on one server's disk.

    Args:
        disk: where the log is.
    """

    def __init__(self, disk: Disk) -> None:
        super().__init__()
        self._log = LogFile(disk, PATH, _START)

    async def open(self) -> None:
        """Read what survived, cut off a torn tail, and make both durable."""
        for record in await self._log.open():
            self.add(Registered(*record))

    def register(self, subject: str, text: str) -> int:
        """See `Registry.register`; it is durable once `sync` has returned."""
        known = len(self.by_id)
        id = super().register(subject, text)
        if len(self.by_id) > known:
            self._log.append([self.by_id[id]])
        return id

    async def sync(self) -> None:
        """Wait until all that was registered is durable."""
        await self._log.sync()


def _parts(subject: str) -> tuple[Format, str]:
    name, _, mode = subject.partition("/")
    if name not in FORMATS or mode.removesuffix(TRANSITIVE) not in MODES:
        raise Refused(f"{subject!r} is no subject: give format/mode, such as avro/full-transitive")
    return FORMATS[name], mode
