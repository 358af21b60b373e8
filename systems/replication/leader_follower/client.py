"""Clients of both forms: they look for the leader, and say honestly what became of a request.

    ("read", level, key) | ("read-all", level) | ("state",)        queries, answered without effect
    ("write", session, number, key, value) | ("add", session, number, element)
    ("cas", session, number, key, old, new)                        commands
    ("messages", "session", seen)                                  a query, see below
    ("aged", key)                                                  a query: value, and its age
    ("post", session, number, message, after) | ("generate", session, number)    commands, too
    -> ("ok", result, applied)   done, where so many entries of the log were applied
    -> ("redirect", server)      nothing done; ask that server (None: I don't know which)
    -> ("refused", reason)       nothing done, nor will it be
    -> ("deposed",)              I led when you asked; whether it was done will turn out elsewhere

A reader that goes to any replica sends along how much of the log it has seen; a replica that has
applied less sends it to the leader. So it reads its own writes and never goes back in time (DDIA
chapter 5, "Problems with Replication Lag"). It may ask for less: for what it has written alone, for
what it has read alone, or for nothing, and is then answered where it would have been sent on. A
prefix of the log, and so no answer without its question, it gets in any case. What it has seen is
in a file: a client that is killed and started again is still the same client.

A query may be sent again at will. A command of which it isn't known whether it was done may be sent
again only to servers that recognize it: the reference form's, not the summary's.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import trio

from splitbrain.harness.client import Definite, Indefinite, request
from splitbrain.harness.node import Message, Node

PATH = "seen"

ATTEMPT_S = 0.5
"""How long to wait for one server's answer."""

PATIENCE_S = 1.0
"""How long to go on looking for a leader when nobody has done anything yet."""

BACKOFF_S = 0.05
"""How long to wait, at least, before asking the next server; twice that at most."""

READ_YOUR_WRITES, MONOTONIC_READS = "read-your-writes", "monotonic-reads"
"""What a reader may ask for of what it has seen."""

ConsistencyLevel = Literal["eventual", "strong"]


class LeaderFollowerClient:
    """Reads and writes registers and a set, at servers of either form.

    Args:
        node: the host that the client runs on.
        server: the server to ask first, each time, until it is silent once: then the next one. That
            the client doesn't remember the leader makes sure that every server's view of who leads
            is put to the test.
    """

    _repeatable = False

    def __init__(self, node: Node, server: str) -> None:
        self._node = node
        self._home = server
        self._session = node.random.getrandbits(63)
        self._number = 0

    async def read(self, key: Any, consistency_level: ConsistencyLevel = "strong") -> Any:
        """The value of a register, None if it was never written.

        Args:
            key: the register's name. consistency_level: ``strong`` asks the leader, ``eventual``
            whichever replica comes first.
        """
        return await self._query("read", consistency_level, key)

    async def read_all(self, consistency_level: ConsistencyLevel = "strong") -> list[Any]:
        """The elements of the set."""
        return list(await self._query("read-all", consistency_level))

    async def write(self, key: Any, value: Any) -> None:
        """Set a register.

        Raises:
            Definite: it was refused; nothing was written.
            Indefinite: it may have been written: the server did not answer; or no server leads, and
                a copy of the request may reach one that leads later.
        """
        await self._command("write", key, value)

    async def add(self, element: Any) -> None:
        """Add an element to the set; raises as `write` does."""
        await self._command("add", element)

    async def replica_state(self, server: str) -> dict[str, Any]:
        """What that very server has, whatever its role, as JSON-able data in a fixed order."""
        _, (registers, elements, *rows), *_ = await request(self._node, server, "state")
        state = {
            "registers": dict(sorted((str(key), value) for key, value in registers)),
            "elements": sorted(elements, key=_order),
        }
        for table in rows:
            state["messages"] = [[message, *row] for message, row in table]
        return state

    async def _query(self, *query: Any) -> Any:
        result, *applied = await self._ask(query, repeatable=True)
        self._has_read(*applied)
        return result

    async def _command(self, f: str, *arguments: Any) -> Any:
        self._number += 1
        message = (f, self._session, self._number, *arguments)
        result, *applied = await self._ask(message, repeatable=self._repeatable)
        self._has_written(*applied)
        return result

    async def _ask(self, message: Message, *, repeatable: bool) -> Message:
        """Ask one server after another until one has done it: the result, and how much of the log
        that rested on, if the server says so."""
        give_up = trio.current_time() + PATIENCE_S
        server, doubt = self._home, False
        while True:
            answer = await self._attempt(server, message)
            hint = None
            match answer:
                case ("ok", *result):
                    return tuple(result)
                case ("refused", reason) if not doubt:
                    raise Definite(f"refused: {reason}")
                case ("redirect", hint):
                    pass
                case _:
                    doubt = True
            if doubt and not repeatable:
                raise Indefinite(f"{server} did not say what became of it")
            if not doubt and trio.current_time() >= give_up:
                said = f"no leader found within {PATIENCE_S} s"
                # A copy of a request that was turned away may come late, to who leads by then.
                raise Indefinite(said) if repeatable else Definite(said)
            if hint is not None and hint != server:
                server = hint
            else:
                await trio.sleep(BACKOFF_S * (1 + self._node.random.random()))
                server = self._after(server)

    def _has_read(self, applied: int = 0) -> None:
        """Remember how much of the log the answer to a query rested on."""

    def _has_written(self, applied: int = 0) -> None:
        """Remember how much of the log a command, and all before it, is."""

    async def _attempt(self, server: str, message: Message) -> Message | None:
        """A server's answer; None, and another home if it was that server, if there is none."""
        with trio.move_on_after(ATTEMPT_S):
            return await request(self._node, server, *message)
        if server == self._home:
            self._home = self._after(server)
        return None

    def _after(self, server: str) -> str:
        servers = self._node.peers
        return servers[(servers.index(server) + 1) % len(servers)]


class SummaryClient(LeaderFollowerClient):
    """For the summary form, which would do a command sent again twice: doubt is reported."""


class ReferenceClient(LeaderFollowerClient):
    """For the reference form, which does a command sent again only once, and has cas.

    Attributes:
        wrote: how much of the log this client's commands are in.
        read_so_far: how much of it what it has read rested on.
    """

    _repeatable = True

    def __init__(self, node: Node, server: str) -> None:
        super().__init__(node, server)
        disk = node.disk
        kept = disk.read(PATH).split() if disk.exists(PATH) else (0, 0)
        self.wrote, self.read_so_far = map(int, kept)

    async def aged(self, key: Any) -> tuple[Any, float]:
        """A register's value at any replica, and how old that is at most, in seconds."""
        value, age = await self._query("aged", key)
        return value, age

    async def messages(self, asked: Sequence[str] | None = None) -> list[int]:
        """The numbers of all messages, by any replica that has what this client asks for: of what
        it has seen itself, all unless it says otherwise."""
        seen = {READ_YOUR_WRITES: self.wrote, MONOTONIC_READS: self.read_so_far}
        least = max((seen[kind] for kind in (seen if asked is None else asked)), default=0)
        return sorted(await self._query("messages", "session", least))

    async def post(self, message: int, after: int | None) -> None:
        """Post a message, which may answer another; raises as `write` does."""
        await self._command("post", message, after)

    async def generate(self) -> int:
        """A number that was never given out before; raises as `write` does."""
        return int(await self._command("generate"))

    def _has_read(self, applied: int = 0) -> None:
        if applied > self.read_so_far:
            self.read_so_far = applied
            self._keep()

    def _has_written(self, applied: int = 0) -> None:
        if applied > self.wrote:
            self.wrote = applied
            self._keep()

    def _keep(self) -> None:
        disk = self._node.disk
        if disk.exists(PATH):
            disk.truncate(PATH, 0)
        disk.write(PATH, 0, f"{self.wrote} {self.read_so_far}".encode())

    async def cas(self, key: Any, old: Any, new: Any) -> bool:
        """Set a register to `new` if it is `old`; whether it was. Raises as `write` does."""
        return bool(await self._command("cas", key, old, new))


def _order(element: Any) -> tuple[int, str]:
    return (element if isinstance(element, int) else 0), str(element)
