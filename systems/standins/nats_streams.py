"""JetStream of a stand-in for NATS: streams that keep messages, and the requests that they answer.

What is kept is in a log on the host's disk, a line of JSON for each event, and read at the start.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from datetime import UTC, datetime
from typing import Any

from splitbrain.harness.node import Node

API = "$JS.API."

_LOG = "jetstream.log"
_NOT_FOUND = {"code": 404, "err_code": 10059, "description": "stream not found"}
_NO_MESSAGE = {"code": 404, "err_code": 10037, "description": "no message found"}
_UNKNOWN = {
    "code": 503,
    "err_code": 10008,
    "description": "the stand-in does not know this request",
}


class Stream:
    """A stream's settings and messages; each message is a subject and data, numbered from 1."""

    def __init__(self, config: dict[str, Any]) -> None:
        self.config = config
        self.messages: list[tuple[str, bytes, float]] = []

    def takes(self, subject: str) -> bool:
        """Whether a message with this subject is kept here."""
        return any(matches(pattern, subject) for pattern in self.config.get("subjects") or ())

    def state(self) -> dict[str, int]:
        """How much there is."""
        size = sum(len(data) for _, data, _ in self.messages)
        last = len(self.messages)
        return {
            "messages": last,
            "bytes": size,
            "first_seq": 1 if last else 0,
            "last_seq": last,
            "consumer_count": 0,
        }

    def message(self, request: dict[str, Any]) -> int | None:
        """The number of the message that is asked for, if there is one."""
        wanted = request.get("last_by_subj")
        if wanted is None:
            number = int(request.get("seq") or 0)
            return number if 1 <= number <= len(self.messages) else None
        numbers = range(len(self.messages), 0, -1)
        return next((n for n in numbers if matches(wanted, self.messages[n - 1][0])), None)


class JetStream:
    """The streams of one server."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._streams: dict[str, Stream] = {}
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
            if "config" in event:
                self._streams[event["stream"]] = Stream(event["config"])
            else:
                kept = (event["subject"], b64decode(event["data"]), event["time"])
                self._streams[event["stream"]].messages.append(kept)
        self._node.disk.truncate(_LOG, whole)

    def _log(self, **event: Any) -> None:
        self._node.disk.append(_LOG, json.dumps(event).encode() + b"\n")

    async def sync(self) -> None:
        """Make what was kept durable."""
        if self._node.disk.exists(_LOG):
            await self._node.disk.fsync(_LOG)

    def keep(self, subject: str, data: bytes) -> dict[str, Any] | None:
        """Keep a message, if a stream takes it; returns the acknowledgement."""
        for name, stream in self._streams.items():
            if stream.takes(subject):
                now = self._node.clock.time()
                text = b64encode(data).decode()
                self._log(stream=name, subject=subject, data=text, time=now)
                stream.messages.append((subject, data, now))
                return {"stream": name, "seq": len(stream.messages)}
        return None

    def answer(self, subject: str, data: bytes) -> dict[str, Any]:
        """The answer to a request of the API."""
        *words, name = subject.removeprefix(API).split(".")
        request = json.loads(data) if data else {}
        match ".".join(words):
            case "STREAM.CREATE" | "STREAM.UPDATE":
                if name not in self._streams:
                    self._log(stream=name, config=request)
                    self._streams[name] = Stream(request)
                return self._told(name)
            case "STREAM.INFO":
                return self._told(name) if name in self._streams else {"error": _NOT_FOUND}
            case "STREAM.MSG.GET":
                return self._message(name, request)
        return {"error": _UNKNOWN}

    def _told(self, name: str) -> dict[str, Any]:
        stream = self._streams[name]
        return {"config": stream.config, "state": stream.state(), "created": _moment(0.0)}

    def _message(self, name: str, request: dict[str, Any]) -> dict[str, Any]:
        if name not in self._streams:
            return {"error": _NOT_FOUND}
        stream = self._streams[name]
        number = stream.message(request)
        if number is None:
            return {"error": _NO_MESSAGE}
        subject, data, time = stream.messages[number - 1]
        text = b64encode(data).decode()
        told = {"subject": subject, "seq": number, "data": text, "time": _moment(time)}
        return {"message": told}


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")


def matches(pattern: str, subject: str) -> bool:
    """Whether a subject fits a pattern: ``*`` is one word, ``>`` the rest."""
    wanted, words = pattern.split("."), subject.split(".")
    for i, word in enumerate(wanted):
        if word == ">":
            return len(words) > i
        if i >= len(words) or word not in ("*", words[i]):
            return False
    return len(wanted) == len(words)
