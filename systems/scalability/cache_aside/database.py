"""The database: a log of changes, and the values that they leave.

    cache -> database     ("call", id, "get", key)              -> ("answer", id, version, value)
                          ("call", id, "put", key, value, n)    -> ("answer", id, version)
                          ("call", id, "since", version)        -> ("answer", id, latest, changes)

A version is a position in the log, 0 before the first change; `n` names a put, so that one that
comes again is known. `changes` are the ``(version, key)`` after a version, in order; `latest` is
the version that they lead up to. Records (`splitbrain.systems.log_file`): ``(key, value, n)``.
"""

from __future__ import annotations

from typing import Any

import trio

from splitbrain.harness.node import Message, Node
from splitbrain.systems.log_file import LogFile

PATH = "changes"
_START = 0x43414348  # what the first frame's checksum continues

MOST_CHANGES = 100
"""How many changes an answer has at most."""


class Database:
    """The one server that keeps.

    Invariants: a put is made once; whatever is answered is durable.
    """

    def __init__(self, node: Node) -> None:
        self.node = node
        self._log = LogFile(node.disk, PATH, _START)
        self._values: dict[str, tuple[int, Any]] = {}
        self._changes: list[str] = []
        self._done: dict[int, int] = {}

    async def run(self) -> None:
        """Serve until cancelled."""
        for record in await self._log.open():
            self._apply(*record)
        async with trio.open_nursery() as nursery:
            while True:
                sender, message = await self.node.network.receive()
                match message:
                    case ("call", number, *request):
                        nursery.start_soon(self._serve, sender, number, request)

    async def _serve(self, sender: str, number: int, request: list[Any]) -> None:
        answer = self.do(*request)
        await self._log.sync()
        self.node.network.send(sender, ("answer", number, *answer))

    def do(self, f: str, *arguments: Any) -> Message:
        """Do a request at once; the answer.

        Raises:
            ValueError: it is none.
        """
        match f, arguments:
            case "get", (str() as key,):
                return self._values.get(key, (0, None))
            case "put", (str() as key, value, int() as name):
                if name not in self._done:
                    self._log.append([(key, value, name)])
                    self._apply(key, value, name)
                return (self._done[name],)
            case "since", (int() as version,):
                found = self._changes[version : version + MOST_CHANGES]
                changes = tuple((version + n, key) for n, key in enumerate(found, 1))
                return version + len(found), changes
        raise ValueError(f"{f} with {len(arguments)} arguments is no request")

    def _apply(self, key: str, value: Any, name: int) -> None:
        self._changes.append(key)
        self._values[key] = len(self._changes), value
        self._done[name] = len(self._changes)
