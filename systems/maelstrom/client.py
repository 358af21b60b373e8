"""Clients of nodes that speak Maelstrom's protocol, by workload.

An error with a definite code means that the operation did not happen; any other, and no answer,
that nobody knows (Maelstrom, doc/protocol.md, "Errors").
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from splitbrain.harness.client import Definite, Indefinite
from splitbrain.harness.node import Node

DEFINITE = frozenset({1, 10, 11, 12, 14, 20, 21, 22, 30})
"""Codes of errors after which the operation certainly did not happen."""

NO_KEY, MISMATCH = 20, 22


class Refused(Definite):
    """A definite error.

    Attributes:
        code: its number.
    """

    def __init__(self, code: int, text: str) -> None:
        super().__init__(f"error {code}: {text}")
        self.code = code


class MaelstromClient:
    """What all of them share: a request and its answer."""

    def __init__(self, node: Node, server: str) -> None:
        self._node = node
        self._server = server

    async def ask(self, type: str, **fields: Any) -> dict[str, Any]:
        """The body of the answer to a request.

        Raises:
            Refused: a definite error.
            Indefinite: another one, or an answer that is not of this protocol.
        """
        number = self._node.random.getrandbits(52)
        body = msgspec.json.encode({"type": type, "msg_id": number, **fields}).decode()
        self._node.network.send(self._server, (body,))
        while True:
            _, (text,) = await self._node.network.receive()
            answer = msgspec.json.decode(text)
            if answer.get("in_reply_to") == number:
                return self._checked(type, answer)

    def _checked(self, type: str, answer: dict[str, Any]) -> dict[str, Any]:
        if answer.get("type") == "error":
            code, text = answer.get("code"), str(answer.get("text", ""))
            if isinstance(code, int) and code in DEFINITE:
                raise Refused(code, text)
            raise Indefinite(f"error {code}: {text}")
        if answer.get("type") != f"{type}_ok":
            raise Indefinite(f"{type} was answered by {answer.get('type')}")
        return answer

    def _field(self, answer: dict[str, Any], name: str) -> Any:
        if name not in answer:
            raise Indefinite(f"{answer['type']} has no {name}")
        return answer[name]


class RegisterClient(MaelstromClient):
    """``lin-kv``."""

    async def read(self, key: str) -> Any:
        """The key's value; None if it has none."""
        try:
            return self._field(await self.ask("read", key=key), "value")
        except Refused as refused:
            if refused.code == NO_KEY:
                return None
            raise

    async def write(self, key: str, value: int) -> None:
        """Set the key's value."""
        await self.ask("write", key=key, value=value)

    async def cas(self, key: str, old: int | None, new: int) -> bool:
        """Set the key's value if it is `old`; whether it was."""
        try:
            await self.ask("cas", **{"key": key, "from": old, "to": new})
        except Refused as refused:
            if refused.code in (NO_KEY, MISMATCH):
                return False
            raise
        return True


class EchoClient(MaelstromClient):
    """``echo``."""

    async def echo(self, text: str) -> Any:
        """What the node sends back."""
        return self._field(await self.ask("echo", echo=text), "echo")


class IdentifiersClient(MaelstromClient):
    """``unique-ids``."""

    async def generate(self) -> Any:
        """A new id."""
        return self._field(await self.ask("generate"), "id")


class CounterClient(MaelstromClient):
    """``g-counter`` and ``pn-counter``."""

    async def add(self, amount: int) -> None:
        """Add a number."""
        await self.ask("add", delta=amount)

    async def read(self) -> int:
        """The sum, as the node knows it."""
        value: int = self._field(await self.ask("read"), "value")
        return value


class SetClient(MaelstromClient):
    """``g-set``."""

    async def add(self, element: int) -> None:
        """Put an element into the set."""
        await self.ask("add", element=element)

    async def read_all(self) -> list[int]:
        """All elements."""
        elements: list[int] = self._field(await self.ask("read"), "value")
        return elements


class BroadcastClient(MaelstromClient):
    """``broadcast``: a set whose elements are messages."""

    async def add(self, element: int) -> None:
        """Broadcast a message."""
        await self.ask("broadcast", message=element)

    async def read_all(self) -> list[int]:
        """All messages that the node has seen."""
        messages: list[int] = self._field(await self.ask("read"), "messages")
        return messages


class TransactionClient(MaelstromClient):
    """``txn-list-append`` and ``txn-rw-register``."""

    async def transaction(self, micro_operations: Sequence[Sequence[Any]]) -> list[list[Any]]:
        """Do micro-operations as one transaction; the same, with what the reads saw."""
        done: list[list[Any]] = self._field(
            await self.ask("txn", txn=[list(operation) for operation in micro_operations]), "txn"
        )
        return done


Records = dict[str, list[list[Any]]]
"""By key: ``[offset, value]`` each."""


class KafkaClient(MaelstromClient):
    """``kafka``: a client that keeps its own positions, and commits them."""

    def __init__(self, node: Node, server: str) -> None:
        super().__init__(node, server)
        self._next: dict[str, int] = {}

    async def send(self, key: str, value: int) -> int:
        """Put a value at the end of a log; its offset."""
        offset: int = self._field(await self.ask("send", key=key, msg=value), "offset")
        return offset

    async def poll(self) -> Records:
        """The next records of the logs that this client reads."""
        if not self._next:
            return {}
        found = await self._from(self._next)
        read = {key: records[-1][0] for key, records in found.items() if records}
        if read:
            await self.ask("commit_offsets", offsets=read)
        self._next |= {key: offset + 1 for key, offset in read.items()}
        return found

    async def assign(self, keys: Sequence[str]) -> None:
        """From now on, read these logs from their beginnings; what is committed is asked for."""
        committed = await self.ask("list_committed_offsets", keys=list(keys))
        if not isinstance(self._field(committed, "offsets"), dict):
            raise Indefinite("list_committed_offsets_ok has offsets that are no object")
        self._next = dict.fromkeys(keys, 0)

    async def drain(self, keys: Sequence[str]) -> Records:
        """All that these logs have now."""
        found: Records = {key: [] for key in keys}
        after = dict.fromkeys(keys, 0)
        while True:
            more = {key: records for key, records in (await self._from(after)).items() if records}
            for key, records in more.items():
                found[key] += records
                after[key] = records[-1][0] + 1
            if not more:
                return found

    async def _from(self, offsets: dict[str, int]) -> Records:
        """The records from these offsets on, of each log some.

        Raises:
            Indefinite: that is not what the answer has.
        """
        records = self._field(await self.ask("poll", offsets=offsets), "msgs")
        try:
            return msgspec.convert(records, dict[str, list[list[int]]])
        except msgspec.ValidationError as error:
            raise Indefinite(f"poll_ok has msgs that are none: {error}") from None
