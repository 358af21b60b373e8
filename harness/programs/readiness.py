"""How one sees that a program serves: a port that accepts, a line that it writes, a page.

    command("./server", ready=line("listening on"))
    command("uvicorn app:app --port {port}", ready=http("/health"))

The run begins when all servers are ready. One that never is ends the run with an error.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

import trio

from splitbrain.harness.plan import InvalidPlan
from splitbrain.harness.programs.templates import PORT, Place

BETWEEN_S = 0.05
"""Pause between two questions."""

PATIENCE_S = 5.0
"""How long one question may take."""


class Seen(Protocol):
    """What watches one life of a program."""

    async def wait(self) -> None:
        """Return when it serves."""
        ...

    def line(self, text: str) -> None:
        """It wrote a line."""
        ...


class Ready(Protocol):
    """A way to see it."""

    def begin(self, place: Place) -> Seen:
        """Watch a life that begins."""
        ...


def line(pattern: str) -> Ready:
    """A line of its output matches a regular expression, anywhere in it.

    Raises:
        InvalidPlan: it is no regular expression.
    """
    try:
        return _Written(re.compile(pattern))
    except re.error as error:
        raise InvalidPlan(f"line({pattern!r}): {error}") from None


@dataclass(frozen=True, slots=True)
class _Written:
    pattern: re.Pattern[str]

    def begin(self, place: Place) -> Seen:
        """See `Ready.begin`."""
        return _Line(self.pattern)


class _Line:
    def __init__(self, pattern: re.Pattern[str]) -> None:
        self._pattern = pattern
        self._seen = trio.Event()

    async def wait(self) -> None:
        await self._seen.wait()

    def line(self, text: str) -> None:
        if self._pattern.search(text):
            self._seen.set()


@dataclass(frozen=True, slots=True)
class _Asked:
    """A port that is asked until it answers.

    Attributes:
        label: which port.
        answers: asks a connection whether all is well.
    """

    label: str
    answers: Callable[[trio.SocketStream], Awaitable[bool]]

    def begin(self, place: Place) -> Seen:
        """See `Ready.begin`."""
        return _Asking(place.address(place.name, self.label), self.answers)


class _Asking:
    def __init__(
        self,
        address: tuple[str, int],
        answers: Callable[[trio.SocketStream], Awaitable[bool]],
    ) -> None:
        self._address, self._answers = address, answers

    async def wait(self) -> None:
        while True:
            with trio.move_on_after(PATIENCE_S):
                try:
                    async with await trio.open_tcp_stream(*self._address) as stream:
                        if await self._answers(stream):
                            return
                except (OSError, trio.BrokenResourceError):
                    pass  # not yet
            await trio.sleep(BETWEEN_S)

    def line(self, text: str) -> None:
        pass


async def _accepts(stream: trio.SocketStream) -> bool:
    return True


def listening(port: int | str = PORT) -> Ready:
    """The port accepts connections."""
    return _Asked(str(port), _accepts)


def http(path: str = "/", *, port: int | str = PORT) -> Ready:
    """A GET of the path is answered, by a status below 500."""

    async def answered(stream: trio.SocketStream) -> bool:
        await stream.send_all(
            f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode()
        )
        found = await stream.receive_some(64)
        words = bytes(found).split()
        return len(words) > 1 and words[0].startswith(b"HTTP/") and words[1][:1] in b"1234"

    return _Asked(str(port), answered)
