"""Clients of both forms: they look for the leader, and say honestly what became of a request.

    ("read", level, key) | ("read-all", level) | ("state",)        queries, answered without effect
    ("write", session, number, key, value) | ("add", session, number, element)
    ("cas", session, number, key, old, new)                        commands
    -> ("ok", result)            done
    -> ("redirect", server)      nothing done; ask that server (None: I don't know which)
    -> ("refused", reason)       nothing done, nor will it be
    -> ("deposed",)              I led when you asked; whether it was done will turn out elsewhere

A query may be sent again at will. A command of which it isn't known whether it was done may be sent
again only to servers that recognize it: the reference form's, not the summary's.
"""

from __future__ import annotations

from typing import Any, Literal

import trio

from harness.client import Definite, Indefinite, request
from harness.node import Message, Node

ATTEMPT_S = 0.5
"""How long to wait for one server's answer."""

PATIENCE_S = 1.0
"""How long to go on looking for a leader when nobody has done anything yet."""

BACKOFF_S = 0.05
"""How long to wait, at least, before asking the next server; twice that at most."""

ConsistencyLevel = Literal["eventual", "strong"]


class LeaderFollowerClient:
    """Reads and writes registers and a set, at servers of either form.

    Args:
        node: the host that the client runs on.
        server: the server to ask first; the client remembers who answered.
    """

    _repeatable = False

    def __init__(self, node: Node, server: str) -> None:
        self._node = node
        self._server = server
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
            Definite: no server leads; nothing was written.
            Indefinite: the server did not answer; it may have been written.
        """
        await self._command("write", key, value)

    async def add(self, element: Any) -> None:
        """Add an element to the set; raises as `write` does."""
        await self._command("add", element)

    async def replica_state(self, server: str) -> dict[str, Any]:
        """What that very server has, whatever its role, as JSON-able data in a fixed order."""
        _, (registers, elements) = await request(self._node, server, "state")
        return {
            "registers": dict(sorted((str(key), value) for key, value in registers)),
            "elements": sorted(elements, key=_order),
        }

    async def _query(self, *query: Any) -> Any:
        return await self._ask(query, repeatable=True)

    async def _command(self, f: str, *arguments: Any) -> Any:
        self._number += 1
        message = (f, self._session, self._number, *arguments)
        return await self._ask(message, repeatable=self._repeatable)

    async def _ask(self, message: Message, *, repeatable: bool) -> Any:
        """Ask one server after another until one has done it."""
        give_up = trio.current_time() + PATIENCE_S
        doubt = False
        while True:
            answer: Message | None = None
            with trio.move_on_after(ATTEMPT_S):
                answer = await request(self._node, self._server, *message)
            hint = None
            match answer:
                case ("ok", result):
                    return result
                case ("refused", reason) if not doubt:
                    raise Definite(f"refused: {reason}")
                case ("redirect", hint):
                    pass
                case _:
                    doubt = True
            silent = self._server
            backoff = self._turn_to(hint)
            if doubt and not repeatable:
                raise Indefinite(f"{silent} did not say what became of it")
            if not doubt and trio.current_time() >= give_up:
                raise Definite(f"no leader found within {PATIENCE_S} s")
            await trio.sleep(backoff)

    def _turn_to(self, hint: str | None) -> float:
        """Go on to the server named, at once, or to the next one; how long to wait before."""
        servers = self._node.peers
        if hint is not None and hint != self._server:
            self._server = hint
            return 0.0
        self._server = servers[(servers.index(self._server) + 1) % len(servers)]
        return BACKOFF_S * (1 + self._node.random.random())


class SummaryClient(LeaderFollowerClient):
    """For the summary form, which would do a command sent again twice: doubt is reported."""


class ReferenceClient(LeaderFollowerClient):
    """For the reference form, which does a command sent again only once, and has cas."""

    _repeatable = True

    async def cas(self, key: Any, old: Any, new: Any) -> bool:
        """Set a register to `new` if it is `old`; whether it was. Raises as `write` does."""
        return bool(await self._command("cas", key, old, new))


def _order(element: Any) -> tuple[int, str]:
    return (element if isinstance(element, int) else 0), str(element)
