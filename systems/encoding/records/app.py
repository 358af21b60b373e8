"""The servers that clients talk to: code of some version, which encodes, decodes and edits.

    client -> app     ("request", id, f, ...)
    app -> client     ("reply", id, *answer)

    ("put", key, format, ((field, value), ...), change) -> ("ok", version, position)
    ("edit", key, note, change)                         -> ("ok", version, position)
    ("get", key)      -> ("read", version, position, ((field, value), ...)),
                         ("unreadable", version, position, why) or ("none", version)
    ("cut", key, n)   -> ("read", ((field, value), ...)) or ("unreadable", why)
    ("add", amount, change), ("total",)                 -> ("ok", total)

Each may also be ("refused", why): not done, and never will be. An app holds nothing that it could
lose: what it knows it asks the keeper for, again and again until there is an answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import trio

from splitbrain.harness.node import Message, Node
from splitbrain.systems.encoding import EncodingError, tagged
from splitbrain.systems.encoding.records import envelope
from splitbrain.systems.encoding.records.envelope import Sealed
from splitbrain.systems.encoding.records.formats import FORMATS, Format, fields
from splitbrain.systems.encoding.records.keeper import ADD
from splitbrain.systems.questions import Questions
from splitbrain.systems.roles import first_server

SUBJECT = "avro/full-transitive"
"""What schemas are registered as."""

AGAIN_S = 0.2
"""How long to wait for the keeper before it is asked again."""

DEADLINE_S = 1.8
"""How long an app tries for one client."""

TRIES = 10
"""How often an edit is made anew because others were faster."""

ADD_OF_OLD = tagged.MessageType("Add", ADD.fields[:2])
"""A request to add, as version 1 has it."""


class Refused(Exception):
    """It was not done, and never will be."""


class App:
    """One server of some version.

    Attributes:
        formats: how records are written, by name.
        writes: by version, the form of envelopes.
    """

    formats: Mapping[str, Format] = FORMATS
    writes: Mapping[int, int] = envelope.WRITES

    def __init__(self, node: Node, version: int) -> None:
        self.node = node
        self.version = version
        self._keeper = first_server(node)
        self.questions = Questions(node)
        self._ids: dict[str, int] = {}
        self._schemas: dict[int, str] = {}

    async def run(self) -> None:
        """Serve until cancelled."""
        async with trio.open_nursery() as nursery:
            while True:
                sender, message = await self.node.network.receive()
                match message:
                    case ("request", number, *request):
                        nursery.start_soon(self._serve, sender, number, request)
                    case ("answer", int() as number, *answer):
                        self.questions.hear(number, tuple(answer))

    async def _serve(self, client: str, number: int, request: list[Any]) -> None:
        with trio.move_on_after(DEADLINE_S):
            try:
                answer = await self.do(*request)
            except Refused as refused:
                answer = "refused", str(refused)
            self.node.network.send(client, ("reply", number, *answer))

    async def do(self, f: str, *arguments: Any) -> Message:
        """Do a request; the answer.

        Raises:
            Refused: it was not done.
        """
        match f, arguments:
            case "put", (key, format, parts, change):
                return await self._put(key, format, dict(parts), change)
            case "edit", (key, note, change):
                return await self._edit(key, note, change)
            case "get", (key,):
                return await self._get(key)
            case "cut", (key, int() as count):
                return await self._cut(key, count)
            case "add", (int() as amount, int() as change):
                return await self.ask("add", self.request(amount, self.change(change)))
            case "total", ():
                return await self.ask("total")
        raise Refused(f"{f} with {len(arguments)} arguments is no request")

    async def ask(self, *request: Any) -> Message:
        """The keeper's answer, however long it takes."""
        call = ("call", self.questions.number(), *request)
        return await self.questions.ask(self._keeper, call, AGAIN_S)

    # Records

    async def _put(self, key: str, name: str, record: dict[str, Any], change: int) -> Message:
        format = self.formats[name]
        known = {field: record[field] for field in fields(self.version)}
        known |= {"score": float(record["score"]), "tags": list(record["tags"])}
        try:
            payload = format.write(self.version, known)
        except EncodingError as error:
            raise Refused(str(error)) from None
        sealed = Sealed(name, await self.schema_id(name, format), payload)
        answer = await self.ask("append", key, None, change, self.sealed(sealed))
        return "ok", self.version, answer[1]

    async def _edit(self, key: str, note: str, change: int) -> Message:
        for _ in range(TRIES):
            position, data = await self._latest(key)
            try:
                sealed = self.opened(data)
                writer = await self.writer(sealed)
                format = self.formats[sealed.format]
                payload = format.edit(self.version, writer, sealed.payload, note)
                made = self.sealed(await self.rewritten(sealed, payload))
            except EncodingError as error:
                raise Refused(f"it cannot be read: {error}") from None
            match await self.ask("append", key, position, change, made):
                case ("ok", place):
                    return "ok", self.version, place
        raise Refused("others were always faster")

    async def rewritten(self, before: Sealed, payload: bytes) -> Sealed:
        """What an edit makes of an envelope: its schema stays that of who wrote it."""
        return before._replace(payload=payload)

    async def _get(self, key: str) -> Message:
        try:
            position, data = await self._latest(key)
        except Refused:
            return "none", self.version
        try:
            return "read", self.version, position, await self._read(data)
        except EncodingError as error:
            return "unreadable", self.version, position, str(error)

    async def _cut(self, key: str, count: int) -> Message:
        _, data = await self._latest(key)
        try:
            return "read", await self._read(data[:-count])
        except EncodingError as error:
            return "unreadable", str(error)

    async def _latest(self, key: str) -> tuple[int, bytes]:
        match await self.ask("latest", key):
            case ("ok", int() as position, bytes() as data):
                return position, data
        raise Refused(f"there is no {key}")

    async def _read(self, data: bytes) -> tuple[tuple[str, Any], ...]:
        sealed = self.opened(data)
        writer = await self.writer(sealed)
        record = self.formats[sealed.format].read(self.version, writer, sealed.payload)
        record |= {"score": repr(record["score"]), "tags": tuple(record["tags"])}
        return tuple(record.items())

    def sealed(self, sealed: Sealed) -> bytes:
        """The envelope that this version writes."""
        return envelope.seal(sealed, self.writes[self.version])

    def opened(self, data: bytes) -> Sealed:
        """What is in an envelope, if this version can read it.

        Raises:
            EncodingError: it can't.
        """
        return envelope.opened(data, envelope.READS[self.version])

    # Schemas

    async def schema_id(self, name: str, format: Format) -> int:
        """The id of this version's schema; 0 in formats that need none."""
        text = format.schema(self.version)
        if text is None:
            return 0
        if name not in self._ids:
            match await self.ask("register", self.subject(), text):
                case ("ok", int() as id):
                    self._ids[name] = id
                case answer:
                    raise Refused(str(answer[-1]))
        return self._ids[name]

    def subject(self) -> str:
        """What schemas are registered as."""
        return SUBJECT

    async def writer(self, sealed: Sealed) -> str | None:
        """The schema that wrote what is in an envelope; None in formats that need none.

        Raises:
            EncodingError: the registry hasn't got it.
        """
        if sealed.schema == 0:
            return None
        if sealed.schema not in self._schemas:
            match await self.ask("schema", sealed.schema):
                case ("ok", str() as text):
                    self._schemas[sealed.schema] = text
                case _:
                    raise EncodingError(f"there is no schema {sealed.schema}")
        return self._schemas[sealed.schema]

    # The counter

    def request(self, amount: int, change: int) -> bytes:
        """A request to add, as this version writes it."""
        asked = {"amount": amount, "change": change}
        if self.version == 1:
            return tagged.encode(ADD_OF_OLD, asked)
        return tagged.encode(ADD, {**asked, "reason": f"asked by {self.node.name}"})

    def change(self, change: int) -> int:
        """The number that names an add: the client's, whatever the version."""
        return change
