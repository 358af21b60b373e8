"""A stand-in for NATS: one server that unmodified clients (nats-py) talk to.

Core NATS (publish, subscribe with ``*`` and ``>``, queue groups, requests, "no responders",
headers), and of JetStream streams, acknowledged publishing (once for each ``Nats-Msg-Id``), reading
a message by number or subject, and consumers that pull or are pushed to
(`splitbrain.systems.standins.nats_consumers`); no ordered consumers, no clusters. Its setting
`sync` says what a power loss takes of acknowledged messages:

============  =============================================================================
``always``    nothing: each message is synced before it is acknowledged
``interval``  up to the last two minutes, which is NATS' own default (``sync_interval: 2m``)
============  =============================================================================

Source: the client protocol (docs.nats.io/reference/reference-protocols/nats-protocol).
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any, Literal, get_args

import trio
from trio import SocketStream

from splitbrain.harness.node import Node
from splitbrain.harness.plan import InvalidPlan
from splitbrain.harness.programs.surroundings.surrounding import surround, surround_clients
from splitbrain.harness.simulation.incarnation import Incarnation
from splitbrain.systems.standins.nats_consumers import ACK, matches
from splitbrain.systems.standins.nats_streams import API, JetStream

PORT = 4222
SYNC_INTERVAL_S = 120.0

Sync = Literal["always", "interval"]

_NO_RESPONDERS = b"NATS/1.0 503\r\n\r\n"


class Nats:
    """The server of one node."""

    def __init__(self, node: Node, sync: Sync) -> None:
        if not isinstance(node, Incarnation):
            raise InvalidPlan("a stand-in runs in simulation only: leave out the ground")
        self.node, self.sync = node, sync
        self.sessions: dict[Session, None] = {}
        self.jetstream = JetStream(node)
        self._changed = trio.Event()

    async def run(self) -> None:
        """Serve until the process ends."""
        assert isinstance(self.node, Incarnation)
        surround(self.node)
        surround_clients(self.node)
        async with trio.open_nursery() as nursery:
            if self.sync == "interval":
                nursery.start_soon(self._sync_now_and_then)
            nursery.start_soon(self._attend)
            await trio.serve_tcp(lambda stream: Session(self, stream).run(), PORT)

    async def _sync_now_and_then(self) -> None:
        while True:
            await trio.sleep(SYNC_INTERVAL_S)
            await self.jetstream.sync()

    async def _attend(self) -> None:
        """Send what consumers are due."""
        while True:
            for sent, kept in self.jetstream.step(self.heard):
                if kept is None:
                    self.deliver(sent.to, "", b"", sent.headers)
                else:
                    self.deliver(sent.to, sent.reply, kept.data, kept.headers, kept.subject)
            with trio.move_on_after(self.jetstream.rest_s(self.heard)):
                await self._changed.wait()
            self._changed = trio.Event()

    async def publish(
        self, sender: Session, subject: str, reply: str, data: bytes, headers: bytes
    ) -> None:
        """A message from a client: to whoever listens, to a stream, or to JetStream itself."""
        if subject.startswith(ACK):
            self.jetstream.acknowledge(subject, data)
            if reply:  # it wants to know that this lasts
                await self._acknowledge(reply, {})
        elif subject.startswith(API):
            answer = self.jetstream.answer(subject, data, reply)
            if answer is not None:
                await self._acknowledge(reply, answer)
        else:
            acknowledgement = self.jetstream.keep(subject, data, headers)
            if acknowledgement is not None and reply:
                await self._acknowledge(reply, acknowledgement)
            heard = self.deliver(subject, reply, data, headers)
            if not heard and reply and acknowledgement is None:
                sender.no_responders(reply)
        self.changes()

    async def _acknowledge(self, reply: str, answer: dict[str, Any]) -> None:
        if self.sync == "always":
            await self.jetstream.sync()
        if reply:
            self.deliver(reply, "", json.dumps(answer).encode())

    def heard(self, subject: str) -> bool:
        """Whether somebody listens to a subject."""
        return any(
            matches(pattern, subject)
            for session in self.sessions
            for pattern, _ in session.subscriptions.values()
        )

    def changes(self) -> None:
        """Something has happened that consumers may have waited for."""
        self._changed.set()

    def deliver(
        self, subject: str, reply: str, data: bytes, headers: bytes = b"", told: str = ""
    ) -> int:
        """Send to all subscriptions that fit, to one of each queue group; returns how many.

        Args:
            subject: what subscriptions are to fit.
            reply: where it may be answered.
            data: the message.
            headers: its headers.
            told: the subject that the message has, if that is another one.
        """
        groups: dict[tuple[str, str], list[tuple[Session, str]]] = {}
        chosen: list[tuple[Session, str]] = []
        for session in self.sessions:
            for number, (pattern, group) in session.subscriptions.items():
                if matches(pattern, subject):
                    if group:
                        groups.setdefault((pattern, group), []).append((session, number))
                    else:
                        chosen.append((session, number))
        chosen += [self.node.random.choice(members) for members in groups.values()]
        for session, number in chosen:
            session.message(told or subject, number, reply, data, headers)
        return len(chosen)


class Session:
    """One client's connection.

    Attributes:
        subscriptions: pattern and queue group, by the client's number for it.
    """

    def __init__(self, server: Nats, stream: SocketStream) -> None:
        self._server, self._stream = server, stream
        self.subscriptions: dict[str, tuple[str, str]] = {}
        self._left: dict[str, int] = {}
        self._out, self._to_send = trio.open_memory_channel[bytes](math.inf)

    async def run(self) -> None:
        """Serve until the client goes."""
        self._server.sessions[self] = None
        info = {
            "server_id": "STANDIN",
            "version": "2.10.0",
            "proto": 1,
            "headers": True,
            "jetstream": True,
            "max_payload": 1 << 20,
        }
        self._send(b"INFO " + json.dumps(info).encode() + b"\r\n")
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._write)
                await self._read()
                nursery.cancel_scope.cancel()
        except* trio.BrokenResourceError:
            pass
        finally:
            self._server.sessions.pop(self, None)

    def _send(self, data: bytes) -> None:
        self._out.send_nowait(data)

    async def _write(self) -> None:
        async for data in self._to_send:
            await self._stream.send_all(data)

    async def _read(self) -> None:
        data = b""
        async for chunk in self._stream:
            data += chunk
            while (end := data.find(b"\r\n")) >= 0:
                name, *words = data[:end].decode().split() or [""]
                size = int(words[-1]) + 2 if name.upper() in ("PUB", "HPUB") else 0
                if len(data) < end + 2 + size:
                    break
                payload, data = data[end + 2 : end + 2 + size][:-2], data[end + 2 + size :]
                await self._do(name.upper(), words, payload)

    async def _do(self, name: str, words: list[str], payload: bytes) -> None:
        match name, words:
            case "PING", _:
                self._send(b"PONG\r\n")
            case "CONNECT", _:
                pass
            case "SUB", [subject, number]:
                self.subscriptions[number] = (subject, "")
                self._server.changes()
            case "SUB", [subject, group, number]:
                self.subscriptions[number] = (subject, group)
                self._server.changes()
            case "UNSUB", [number]:
                self.subscriptions.pop(number, None)
            case "UNSUB", [number, most]:
                self._left[number] = int(most)
            case "PUB", [subject, *reply, _]:
                await self._server.publish(self, subject, "".join(reply), payload, b"")
            case "HPUB", [subject, *reply, size, _]:
                headers, data = payload[: int(size)], payload[int(size) :]
                await self._server.publish(self, subject, "".join(reply), data, headers)
            case "PONG", _:
                pass
            case _:
                self._send(b"-ERR 'Unknown Protocol Operation'\r\n")

    def message(self, subject: str, number: str, reply: str, data: bytes, headers: bytes) -> None:
        """Send a message that a subscription asked for."""
        told = f"{reply} " if reply else ""
        name, sizes = "MSG", f"{len(data)}"
        if headers:
            name, sizes = "HMSG", f"{len(headers)} {len(headers) + len(data)}"
        head = f"{name} {subject} {number} {told}{sizes}\r\n".encode()
        self._send(head + headers + data + b"\r\n")
        if number in self._left:
            self._left[number] -= 1
            if self._left[number] <= 0:
                del self._left[number]
                self.subscriptions.pop(number, None)

    def no_responders(self, reply: str) -> None:
        """Tell the client at once that nobody will answer its request."""
        for number, (pattern, _) in self.subscriptions.items():
            if matches(pattern, reply):
                self.message(reply, number, "", b"", _NO_RESPONDERS)
                return


def nats(sync: Sync = "interval") -> Callable[[Node], Nats]:
    """A server factory: a NATS that listens on port 4222.

    Args:
        sync: when what JetStream keeps is durable; see the module.

    Raises:
        InvalidPlan: there is no such setting.
    """
    if sync not in get_args(Sync):
        raise InvalidPlan(f"sync is {sync!r}: give one of {', '.join(get_args(Sync))}")

    def server(node: Node) -> Nats:
        return Nats(node, sync)

    return server
