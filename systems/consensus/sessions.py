"""Client sessions: a command that is sent again is applied once (thesis 6.3).

A client that hears nothing sends its command again, perhaps to another leader, so the same command
can be in the log twice. Each carries its client's session and a sequence number; the state machine
remembers, as part of its own state, the last sequence number of each session and its result. The
second copy changes nothing and gets the first one's result.

A session is opened by a command of its own, and its number is that entry's log index: unique, with
no coordination. Only the `MAX_SESSIONS` that were active last are kept, by log order, hence the
same ones on every replica. A client has one operation open at a time, so one result a session is
enough.
"""

from __future__ import annotations

from typing import Any, Protocol

import msgspec

from splitbrain.systems.consensus.asking import EXPIRED, OK

MAX_SESSIONS = 4096


def immutable(value: Any) -> Any:
    """The value with every list in it turned into a tuple: what was decoded becomes sendable."""
    if isinstance(value, list | tuple):
        return tuple(immutable(item) for item in value)
    return value


class Application(Protocol):
    """The state machine proper. Results are (status, value)."""

    def apply(self, operation: Any) -> tuple[str, Any]:
        """Change the state; deterministic, and never raises for a bad operation."""
        ...

    def query(self, operation: Any) -> tuple[str, Any]:
        """Read the state."""
        ...

    def state(self) -> Any:
        """All of the state: scalars and tuples of them, in a canonical order."""
        ...

    def restore(self, state: Any) -> None:
        """Become the state that `state` described."""
        ...


class Sessions:
    """A replicated state machine: an application, and the sessions of its clients.

    Attributes:
        queries: how many queries it has answered, since it was made.
    """

    def __init__(self, application: Application) -> None:
        self.application = application
        self.queries = 0
        self.sessions: dict[int, tuple[int, str, Any]] = {}  # least recently active first

    def apply(self, index: int, command: Any) -> tuple[str, Any]:
        """Apply one log entry."""
        if command is None:
            return OK, None
        if command[0] == "register":
            self.sessions[index] = (0, OK, None)
            if len(self.sessions) > MAX_SESSIONS:
                del self.sessions[next(iter(self.sessions))]
            return OK, index
        _, session, sequence, operation = command
        return self.apply_once(session, sequence, operation)

    def apply_once(self, session: int, sequence: int, operation: Any) -> tuple[str, Any]:
        """Apply a command unless its session has seen it."""
        last = self.sessions.pop(session, None)
        if last is None:
            return EXPIRED, session
        # An older sequence number than the last: its client has given it up and listens no more.
        if sequence > last[0]:
            last = (sequence, *self.application.apply(operation))
        self.sessions[session] = last
        return last[1], last[2]

    def query(self, operation: Any) -> tuple[str, Any]:
        """Read the application's state."""
        self.queries += 1
        return self.application.query(operation)

    def state(self) -> Any:
        """The application's state."""
        return self.application.state()

    def snapshot(self) -> bytes:
        """The application's state and all sessions, in order of activity."""
        return msgspec.msgpack.encode((self.application.state(), list(self.sessions.items())))

    def restore(self, data: bytes) -> None:
        """Become what `snapshot` described."""
        state, sessions = immutable(msgspec.msgpack.decode(data))
        self.application.restore(state)
        self.sessions = dict(sessions)


class Sessionless(Sessions):
    """A replicated machine that knows by itself what comes again."""

    def apply_once(self, session: int, sequence: int, operation: Any) -> tuple[str, Any]:
        """Whoever asks has no session."""
        return self.application.apply(operation)
