"""A stand-in for a service behind HTTP: one server that any HTTP client talks to.

    stub = http_stub({
        "GET /rates": {"usd": 1.1},
        "POST /charges": charge,
    }, trouble=Trouble(lost_answer=0.05))

A route is a method and a path; ``*`` at the end of a path stands for any rest. What it answers is a
JSON-like value (status 200), an `Answer`, or what a function of the `Request` returns. A function
that keeps something keeps it in ``request.state``, a dictionary of this server's life.

Its `Trouble` is what such services were seen to do to those who call them: to be slow, to fail
before or after they did what they were asked, to never answer, to stop in the middle of an answer.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

import trio
from trio import SocketStream

from splitbrain.harness.node import Node
from splitbrain.harness.plan import InvalidPlan
from splitbrain.harness.programs.surroundings.surrounding import surround, surround_clients
from splitbrain.harness.simulation.incarnation import Incarnation

PORT = 80

_MOST_BYTES = 1 << 20
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
_REASONS = {200: "OK", 404: "Not Found", 500: "Internal Server Error", 503: "Service Unavailable"}


@dataclass(frozen=True, slots=True)
class Request:
    """What a client asked.

    Attributes:
        method, path: as they came, with what is behind the question mark.
        headers: by name in small letters.
        body: as it came.
        state: what the routes keep, for this life of the server.
    """

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    state: dict[str, Any]

    @property
    def json(self) -> Any:
        """The body as JSON.

        Raises:
            ValueError: it is none.
        """
        return json.loads(self.body)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a route answers: a JSON-like value, or bytes."""

    body: Any = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


Route = Callable[[Request], Any]


@dataclass(frozen=True, slots=True)
class Trouble:
    """What goes wrong, each with its probability for a request.

    Attributes:
        refused: it answers 503 and does nothing.
        failed: it does what it is asked and answers 500.
        lost_answer: it does it and closes the connection without an answer.
        silent: it does it and never answers.
        cut_short: it does it, and closes the connection in the middle of the answer.
        slow: the answer comes late.
        slow_s: by at most so many seconds.
    """

    refused: float = 0.0
    failed: float = 0.0
    lost_answer: float = 0.0
    silent: float = 0.0
    cut_short: float = 0.0
    slow: float = 0.0
    slow_s: float = 5.0

    def __post_init__(self) -> None:
        for each in fields(self):
            value = getattr(self, each.name)
            if value < 0 or (value > 1 and each.name != "slow_s"):
                raise InvalidPlan(f"trouble {each.name} is {value!r}: a probability is 0 to 1")


class HttpStub:
    """The server of one node."""

    def __init__(self, node: Node, routes: Mapping[str, Any], trouble: Trouble) -> None:
        if not isinstance(node, Incarnation):
            raise InvalidPlan("a stand-in runs in simulation only: leave out the ground")
        self._node = node
        self._routes = routes
        self._trouble = trouble
        self._state: dict[str, Any] = {}

    async def run(self) -> None:
        """Serve until the process ends."""
        assert isinstance(self._node, Incarnation)
        surround(self._node)
        surround_clients(self._node)
        await trio.serve_tcp(self._serve, PORT)

    async def _serve(self, stream: SocketStream) -> None:
        """One connection: requests and answers in turn, until either side closes it."""
        unread = b""
        try:
            while True:
                found, unread = await self._request(stream, unread)
                if found is None or not await self._answered(stream, found):
                    return
        except trio.BrokenResourceError:
            return

    async def _request(self, stream: SocketStream, unread: bytes) -> tuple[Request | None, bytes]:
        """The next request, and what was read behind it; None where there is no more."""
        while b"\r\n\r\n" not in unread and len(unread) < _MOST_BYTES:
            more = await stream.receive_some()
            if not more:
                return None, b""
            unread += more
        head, _, rest = unread.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        words = first.split(" ")
        headers = {
            name.strip().lower(): value.strip()
            for name, _, value in (line.partition(":") for line in lines)
        }
        length = headers.get("content-length", "0")
        if len(words) != 3 or not length.isdecimal() or "transfer-encoding" in headers:
            await stream.send_all(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
            return None, b""
        while len(rest) < int(length):
            more = await stream.receive_some()
            if not more:
                return None, b""
            rest += more
        body, rest = rest[: int(length)], rest[int(length) :]
        return Request(words[0], words[1], headers, body, self._state), rest

    async def _answered(self, stream: SocketStream, request: Request) -> bool:
        """Do what is asked, and answer unless something goes wrong; whether to go on."""
        random, trouble = self._node.random, self._trouble
        if random.random() < trouble.refused:
            await stream.send_all(_encoded(request, Answer("not now", 503)))
            return True
        answer = self._done(request)
        if random.random() < trouble.slow:
            await trio.sleep(random.random() * trouble.slow_s)
        if random.random() < trouble.silent:
            await trio.sleep_forever()
        if random.random() < trouble.lost_answer:
            return False
        if random.random() < trouble.failed:
            answer = Answer("something went wrong", 500)
        encoded = _encoded(request, answer)
        if random.random() < trouble.cut_short:
            await stream.send_all(encoded[: random.randrange(1, len(encoded))])
            return False
        await stream.send_all(encoded)
        return request.headers.get("connection", "").lower() != "close"

    def _done(self, request: Request) -> Answer:
        path = request.path.partition("?")[0]
        for place, route in self._routes.items():
            method, _, wanted = place.partition(" ")
            fits = path.startswith(wanted[:-1]) if wanted.endswith("*") else path == wanted
            if fits and method == request.method:
                found = route(request) if callable(route) else route
                return found if isinstance(found, Answer) else Answer(found)
        return Answer(f"there is no {request.method} {path}", 404)


def _encoded(request: Request, answer: Answer) -> bytes:
    body = answer.body
    is_bytes = isinstance(body, bytes)
    data = body if is_bytes else json.dumps(body).encode()
    headers = {
        "Content-Type": "application/octet-stream" if is_bytes else "application/json",
        "Content-Length": str(len(data)),
        **answer.headers,
    }
    lines = [f"HTTP/1.1 {answer.status} {_REASONS.get(answer.status, 'Other')}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    head = "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n"
    return head if request.method == "HEAD" else head + data


def http_stub(
    routes: Mapping[str, Any], *, trouble: Trouble | None = None
) -> Callable[[Node], HttpStub]:
    """A server factory: a service that listens on port 80.

    Args:
        routes: what it answers, by method and path; see the module.
        trouble: what goes wrong.

    Raises:
        InvalidPlan: a route is no method and path.
    """
    for place in routes:
        method, space, path = place.partition(" ")
        if method not in _METHODS or not space or not path.startswith("/"):
            raise InvalidPlan(f"route {place!r}: give a method and a path, as in 'GET /rates'")
    chosen = dict(routes)

    def server(node: Node) -> HttpStub:
        return HttpStub(node, chosen, trouble or Trouble())

    return server
