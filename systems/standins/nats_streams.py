"""JetStream of a stand-in for NATS: streams that keep messages, and the requests that they answer.

What is kept is in a log on the host's disk, a line of JSON for each event, and read at the start.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Callable
from datetime import UTC, datetime
from math import inf
from typing import Any

from splitbrain.harness.node import Node
from splitbrain.systems.standins.nats_consumers import ACK, Consumer, Kept, Sent, matches

API = "$JS.API."

_LOG = "jetstream.log"
_NO_STREAM = {"code": 404, "err_code": 10059, "description": "stream not found"}
_NO_CONSUMER = {"code": 404, "err_code": 10014, "description": "consumer not found"}
_NO_MESSAGE = {"code": 404, "err_code": 10037, "description": "no message found"}
_UNKNOWN = {
    "code": 503,
    "err_code": 10008,
    "description": "the stand-in does not know this request",
}

Answer = dict[str, Any]


class Stream:
    """A stream's settings, messages and consumers.

    Attributes:
        config: its settings, as the request had them.
        messages: what it keeps, numbered from 1.
        consumers: those of it, by name.
    """

    def __init__(self, config: dict[str, Any]) -> None:
        self.config = config
        self.messages: list[Kept] = []
        self.consumers: dict[str, Consumer] = {}
        self._identities: dict[str, int] = {}

    def takes(self, subject: str) -> bool:
        """Whether a message with this subject is kept here."""
        return any(matches(pattern, subject) for pattern in self.config.get("subjects") or ())

    def add(self, message: Kept) -> None:
        """Keep a message."""
        self.messages.append(message)
        if identity := headers_of(message.headers).get("nats-msg-id"):
            self._identities[identity] = len(self.messages)

    def known(self, headers: bytes) -> int | None:
        """The number of a message with the same ``Nats-Msg-Id``, if there is one."""
        return self._identities.get(headers_of(headers).get("nats-msg-id", ""))

    def refusal(self, subject: str, headers: bytes) -> Answer | None:
        """Why a message isn't kept, by what its headers expect of the stream."""
        told = headers_of(headers)
        expected = {
            told.get("nats-expected-last-sequence"): len(self.messages),
            told.get("nats-expected-last-subject-sequence"): self.last_of(subject) or 0,
        }
        for wanted, found in expected.items():
            if wanted is not None and int(wanted) != found:
                text = f"wrong last sequence: {found}"
                return {"code": 400, "err_code": 10071, "description": text}
        return None

    def last_of(self, pattern: str) -> int | None:
        """The number of the last message with such a subject."""
        numbers = range(len(self.messages), 0, -1)
        return next((n for n in numbers if matches(pattern, self.messages[n - 1].subject)), None)

    def state(self) -> dict[str, int]:
        """How much there is."""
        last = len(self.messages)
        return {
            "messages": last,
            "bytes": sum(len(message.data) for message in self.messages),
            "first_seq": 1 if last else 0,
            "last_seq": last,
            "consumer_count": len(self.consumers),
        }

    def message(self, request: dict[str, Any]) -> int | None:
        """The number of the message that is asked for, if there is one."""
        wanted = request.get("last_by_subj")
        if wanted is not None:
            return self.last_of(wanted)
        number = int(request.get("seq") or 0)
        return number if 1 <= number <= len(self.messages) else None


class JetStream:
    """The streams of one server."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._streams: dict[str, Stream] = {}
        self._unnamed = 0
        if node.disk.exists(_LOG):
            self._replay(node.disk.read(_LOG))

    def _replay(self, log: bytes) -> None:
        whole = 0
        for line in log.splitlines(keepends=True):
            try:
                event = json.loads(line)
            except ValueError:
                break  # a crash has torn it
            whole += len(line)
            self._apply(event)
        self._node.disk.truncate(_LOG, whole)

    def _apply(self, event: dict[str, Any]) -> None:
        name = event["stream"]
        match event:
            case {"consumer": consumer, "config": config}:
                made = Consumer(name, consumer, config)
                made.begin(self._streams[name].messages)
                self._streams[name].consumers[consumer] = made
            case {"consumer": consumer, "acknowledged": number}:
                self._streams[name].consumers[consumer].acknowledge(number, b"", 0.0)
            case {"consumer": consumer}:
                self._streams[name].consumers.pop(consumer, None)
            case {"config": config}:
                self._streams[name] = Stream(config)
            case {"subject": subject}:
                data, headers = b64decode(event["data"]), b64decode(event.get("headers", ""))
                self._streams[name].add(Kept(subject, data, event["time"], headers))
            case _:
                self._streams.pop(name, None)

    def _do(self, **event: Any) -> None:
        """Log an event, and let it happen."""
        self._node.disk.append(_LOG, json.dumps(event).encode() + b"\n")
        self._apply(event)

    async def sync(self) -> None:
        """Make what was kept durable."""
        if self._node.disk.exists(_LOG):
            await self._node.disk.fsync(_LOG)

    def keep(self, subject: str, data: bytes, headers: bytes) -> Answer | None:
        """Keep a message, if a stream takes it; returns the acknowledgement."""
        for name, stream in self._streams.items():
            if not stream.takes(subject):
                continue
            if (known := stream.known(headers)) is not None:
                return {"stream": name, "seq": known, "duplicate": True}
            if (refusal := stream.refusal(subject, headers)) is not None:
                return {"error": refusal, "stream": name, "seq": 0}
            now, text = self._node.clock.time(), b64encode(data).decode()
            told = {"headers": b64encode(headers).decode()} if headers else {}
            self._do(stream=name, subject=subject, data=text, time=now, **told)
            return {"stream": name, "seq": len(stream.messages)}
        return None

    # Requests

    def answer(self, subject: str, data: bytes, reply: str) -> Answer | None:
        """The answer to a request of the API; None: it is answered by messages."""
        words = subject.removeprefix(API).split(".")
        request = json.loads(data) if data else {}
        what, name = ".".join(words[:2]), words[2] if len(words) > 2 else ""
        if what == "STREAM.NAMES":
            return self._names(request)
        if what in ("STREAM.CREATE", "STREAM.UPDATE"):
            if name not in self._streams:
                self._do(stream=name, config=request)
            return self._told(name)
        if what == "STREAM.MSG":
            name = words[3]
        elif what in ("CONSUMER.DURABLE", "CONSUMER.MSG"):
            what, name, words = f"{what}.{words[2]}", words[3], words[1:]
        if name not in self._streams:
            return {"error": _NO_STREAM}
        match what:
            case "STREAM.INFO":
                return self._told(name)
            case "STREAM.DELETE":
                self._do(stream=name)
                return {"success": True}
            case "STREAM.MSG":
                return self._message(name, request)
            case "CONSUMER.CREATE" | "CONSUMER.DURABLE.CREATE":
                return self._make_consumer(name, request["config"])
        return self._of_consumer(what, name, words[-1], request, reply)

    def _names(self, request: dict[str, Any]) -> Answer:
        wanted = request.get("subject")
        names = [n for n, s in self._streams.items() if wanted is None or _overlaps(s, wanted)]
        return {"total": len(names), "offset": 0, "limit": 1024, "streams": names}

    def _make_consumer(self, stream: str, config: dict[str, Any]) -> Answer:
        self._unnamed += 1
        name = config.get("name") or config.get("durable_name") or f"unnamed{self._unnamed}"
        consumers = self._streams[stream].consumers
        if name not in consumers:
            self._do(stream=stream, consumer=name, config=config)
        return consumers[name].told(self._streams[stream].messages)

    def _of_consumer(
        self, what: str, stream: str, name: str, request: dict[str, Any], reply: str
    ) -> Answer | None:
        consumer = self._streams[stream].consumers.get(name)
        match what:
            case "CONSUMER.NAMES" | "CONSUMER.LIST":
                return {"error": _UNKNOWN}
            case _ if consumer is None:
                return {"error": _NO_CONSUMER if what.startswith("CONSUMER.") else _UNKNOWN}
            case "CONSUMER.INFO":
                return consumer.told(self._streams[stream].messages)
            case "CONSUMER.DELETE":
                self._do(stream=stream, consumer=name)
                return {"success": True}
            case "CONSUMER.MSG.NEXT":
                consumer.ask(self._node.clock.monotonic(), reply, request)
                return None
        return {"error": _UNKNOWN}

    def _told(self, name: str) -> Answer:
        stream = self._streams[name]
        return {"config": stream.config, "state": stream.state(), "created": _moment(0.0)}

    def _message(self, name: str, request: dict[str, Any]) -> Answer:
        stream = self._streams[name]
        number = stream.message(request)
        if number is None:
            return {"error": _NO_MESSAGE}
        subject, data, time, headers = stream.messages[number - 1]
        text = b64encode(data).decode()
        told = {"subject": subject, "seq": number, "data": text, "time": _moment(time)}
        if headers:
            told["hdrs"] = b64encode(headers).decode()
        return {"message": told}

    # Consumers

    def acknowledge(self, subject: str, how: bytes) -> None:
        """A message that was given out is acknowledged, or is not."""
        stream, name, _, number, *_ = subject.removeprefix(ACK).split(".")
        found = self._streams.get(stream)
        consumer = None if found is None else found.consumers.get(name)
        if consumer is None:
            return
        if consumer.acknowledge(int(number), how, self._node.clock.monotonic()):
            self._do(stream=stream, consumer=name, acknowledged=int(number))

    def step(self, heard: Callable[[str], bool]) -> list[tuple[Sent, Kept | None]]:
        """What consumers send now, with the messages; `heard` says who has listeners."""
        now = self._node.clock.monotonic()
        return [
            (sent, stream.messages[sent.number - 1] if sent.number else None)
            for stream in self._streams.values()
            for consumer in stream.consumers.values()
            for sent in consumer.step(now, stream.messages, heard)
        ]

    def rest_s(self, heard: Callable[[str], bool]) -> float:
        """For how many seconds nothing happens by itself; inf: for ever."""
        due = min(
            (c.next_due(heard) for s in self._streams.values() for c in s.consumers.values()),
            default=inf,
        )
        return max(0.0, due - self._node.clock.monotonic())


def headers_of(headers: bytes) -> dict[str, str]:
    """A message's headers by their names in small letters."""
    lines = (line.partition(":") for line in headers.decode(errors="replace").splitlines()[1:])
    return {name.strip().lower(): value.strip() for name, _, value in lines if name}


def _overlaps(stream: Stream, subject: str) -> bool:
    patterns = stream.config.get("subjects") or ()
    return any(matches(pattern, subject) or matches(subject, pattern) for pattern in patterns)


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")
