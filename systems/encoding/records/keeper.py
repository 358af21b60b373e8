"""The server that keeps: a log of sealed records, the registry of schemas, and a counter.

    app -> keeper     ("call", id, f, ...)
    keeper -> app     ("answer", id, *answer)

    ("append", key, over, change, envelope) -> ("ok", position) or ("conflict",)
    ("latest", key)                         -> ("ok", position, envelope) or ("none",)
    ("add", request)                        -> ("ok", total)     the request in tagged fields
    ("total",)                              -> ("ok", total)
    ("register", ...), ("schema", ...)      see `splitbrain.systems.encoding.registry.machine`

`over` is the position that must be the key's latest, or None. `change` is a number that whoever
asked chose, so that a request that comes again is known. Records of the log
(`splitbrain.systems.log_file`): ``("put", key, change, envelope)``, ``("add", amount, change)``.
"""

from __future__ import annotations

from typing import Any

import trio

from splitbrain.harness.node import Message, Node
from splitbrain.systems.encoding import tagged
from splitbrain.systems.encoding.registry.machine import registered
from splitbrain.systems.encoding.registry.store import LoggedRegistry
from splitbrain.systems.log_file import LogFile

PATH = "records"
_START = 0x5245434F  # what the first frame's checksum continues

ADD = tagged.MessageType(
    "Add",
    (
        tagged.Field(1, "amount", "sint64"),
        tagged.Field(2, "change", "fixed64"),
        tagged.Field(3, "reason", "string"),
    ),
)
"""A request to add, as the newest version has it; the reason came later."""


class Keeper:
    """The one server that keeps.

    Invariants: a change is made once, however often it is asked for; whatever is answered is
    durable; a record is replaced by an edit only if the edit was made from it.
    """

    def __init__(self, node: Node) -> None:
        self.node = node
        self.registry = LoggedRegistry(node.disk)
        self._log = LogFile(node.disk, PATH, _START)
        self._latest: dict[str, tuple[int, bytes]] = {}
        self._done: dict[int, int] = {}  # by change, its position or the total after it
        self._total = 0

    async def run(self) -> None:
        """Serve until cancelled."""
        await self.registry.open()
        for position, record in enumerate(await self._log.open(), 1):
            self._apply(position, record)
        async with trio.open_nursery() as nursery:
            while True:
                sender, message = await self.node.network.receive()
                match message:
                    case ("call", number, *request):
                        nursery.start_soon(self._serve, sender, number, request)

    async def _serve(self, sender: str, number: int, request: list[Any]) -> None:
        answer = self.do(*request)
        await self._log.sync()
        await self.registry.sync()
        self.node.network.send(sender, ("answer", number, *answer))

    def do(self, f: str, *arguments: Any) -> Message:
        """Do a request at once; the answer."""
        match f, arguments:
            case "append", (str() as key, over, int() as change, bytes() as envelope):
                if change in self._done:
                    return "ok", self._done[change]
                if over is not None and self._latest.get(key, (0, b""))[0] != over:
                    return ("conflict",)
                return "ok", self._append(("put", key, change, envelope))
            case "latest", (str() as key,):
                return ("ok", *self._latest[key]) if key in self._latest else ("none",)
            case "add", (bytes() as request,):
                asked = tagged.decode(ADD, request)
                if asked["change"] not in self._done:
                    self._append(("add", asked["amount"], asked["change"]))
                return "ok", self._done[asked["change"]]
            case "total", ():
                return "ok", self._total
            case "register", (str() as subject, str() as schema):
                return registered(self.registry, subject, schema)
            case "schema", (int() as id,):
                known = self.registry.by_id.get(id)
                return ("ok", known.schema) if known else ("none",)
        return "refused", f"{f} with {len(arguments)} arguments is no request"

    def _append(self, record: tuple[Any, ...]) -> int:
        self._log.append([record])
        self._apply(self._log.records, record)
        return self._log.records

    def _apply(self, position: int, record: tuple[Any, ...]) -> None:
        match record:
            case ("put", key, change, envelope):
                self._latest[key] = position, envelope
                self._done[change] = position
            case ("add", amount, change):
                self._total += amount
                self._done[change] = self._total
