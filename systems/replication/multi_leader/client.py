"""The client: one leader at a time, which answers by itself.

    ("read", seen, key)                     -> ("ok", seen, values)
    ("write", seen, key, over, value)       -> ("ok", seen)
    ("remove", seen, key, over)             -> ("ok", seen)
    ("post", seen, message, text)           -> ("ok", seen)
    ("messages", seen)                      -> ("ok", seen, messages)
    ("book", seen, room, start, end, guest) -> ("ok", seen, whether) | ("elsewhere", leader)
    ("bookings", seen, room)                -> ("ok", seen, bookings)
    ("generate", seen)                      -> ("ok", seen, id)
    ("add" | "discard", seen, element)      -> ("ok", seen)
    ("increment", seen, by)                 -> ("ok", seen)
    ("assign", seen, value)                 -> ("ok", seen)
    ("types", seen)                         -> ("ok", seen, elements, counter, register)
    ("state", seen)                         -> ("ok", seen, cells)
                                            -> ("refused", why)

The client remembers what it has seen, a version vector, and sends it with each request: a leader
that has not heard of all that yet waits until it has, or refuses. So the client reads what it
wrote, never goes back in time, and writes after what it read, at whichever leader (Terry and
others, "Session Guarantees for Weakly Consistent Replicated Data", PDIS 1994). A read of messages
may ask for less: what it has written alone, what it has read alone, or nothing. The vectors are in
a file, so that a client that is killed and started again is still the same client.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import trio

from splitbrain.harness.client import Definite, Indefinite, request
from splitbrain.harness.node import Message, Node
from splitbrain.systems.clocks.vectors import Vector, joined
from splitbrain.systems.frames import frozen
from splitbrain.systems.replication.carts import EMPTY, Cart, items, put_in, take_out
from splitbrain.systems.replication.leader_follower.client import MONOTONIC_READS, READ_YOUR_WRITES

PATH = "seen"

QUERIES = ("read", "messages", "bookings", "types")
"""The requests that only read."""

ATTEMPT_S = 1.2
"""How long to wait for a leader's answer before another one is asked."""


class LeaderClient:
    """Asks one leader; after one that was silent, the next.

    Args:
        node: the host that the client runs on.
        server: the leader to begin with.
    """

    def __init__(self, node: Node, server: str) -> None:
        self._node = node
        self._server = server
        self._wrote, self._read_so_far = self._recall()

    async def replica_state(self, server: str) -> dict[str, Any]:
        """What that very leader has, as JSON-able data in a fixed order."""
        _, _, cells = await request(self._node, server, "state", ())
        values = {"/".join(key): [sibling[2] for sibling in found] for key, found in cells}
        return dict(sorted(values.items()))

    @property
    def _seen(self) -> Vector:
        """All that it has written and read."""
        return joined(self._wrote, self._read_so_far)

    def _recall(self) -> tuple[Vector, Vector]:
        disk = self._node.disk
        if not disk.exists(PATH):
            return (), ()
        wrote, read = frozen(msgspec.msgpack.decode(disk.read(PATH)))
        return wrote, read

    def _remember(self, f: str, seen: Vector) -> None:
        if f in QUERIES:
            self._read_so_far = joined(self._read_so_far, seen)
        else:
            self._wrote = joined(self._wrote, seen)
        disk = self._node.disk
        if disk.exists(PATH):
            disk.remove(PATH)
        disk.write(PATH, 0, msgspec.msgpack.encode((self._wrote, self._read_so_far)))

    async def _ask(self, f: str, *arguments: Any, least: Vector | None = None) -> Message:
        """Ask a leader that has heard of all that this client has seen, or of so much of it."""
        due = self._seen if least is None else least
        with trio.move_on_after(ATTEMPT_S):
            answer = await request(self._node, self._server, f, due, *arguments)
            if answer[0] == "elsewhere":
                answer = await request(self._node, answer[1], f, due, *arguments)
            match answer:
                case ("ok", seen, *result):
                    self._remember(f, seen)
                    return tuple(result)
                case ("refused", reason):
                    raise Definite(f"refused: {reason}")
            raise AssertionError(f"{self._server} gave an answer of another form")
        servers = self._node.peers
        silent, self._server = self._server, servers[servers.index(self._server) - 1]
        raise Indefinite(f"{silent} did not say what became of it")


class MultiLeaderClient(LeaderClient):
    """Values of which concurrent ones stay, messages, bookings, and numbers."""

    def __init__(self, node: Node, server: str) -> None:
        super().__init__(node, server)
        self._read: dict[str, tuple[list[Any], Vector]] = {}

    async def read(self, key: str) -> list[Any]:
        """The values of a key that nobody has overwritten."""
        (values,) = await self._ask("read", key)
        self._read[key] = sorted(values), self._seen
        return sorted(values)

    async def write(self, key: str, value: Any, over: Sequence[Any]) -> None:
        """Write a value that replaces what was read.

        Raises:
            Definite: that is not what this client read last; or the leader is behind it.
            Indefinite: nobody said that it was written; it may have been.
        """
        await self._ask("write", key, self._context(key, over), value)

    async def remove(self, key: str, over: Sequence[Any]) -> None:
        """Remove what was read; raises as `write` does."""
        await self._ask("remove", key, self._context(key, over))

    async def homes(self, key: str) -> dict[str, list[Any]]:
        """What each leader that answers has of the key, by its name."""
        found: dict[str, list[Any]] = {}
        for server in self._node.peers:
            with trio.move_on_after(ATTEMPT_S / 3):
                _, _, values = await request(self._node, server, "read", (), key)
                found[server] = sorted(values)
        return found

    async def post(self, message: int, after: int | None) -> None:
        """Post a message, which may answer another; raises as `write` does."""
        await self._ask("post", message, after)

    async def messages(self, asked: Sequence[str] | None = None) -> list[int]:
        """The numbers of all messages, by a leader that has what this client asks for: of what it
        has seen itself, all unless it says otherwise."""
        seen = {READ_YOUR_WRITES: self._wrote, MONOTONIC_READS: self._read_so_far}
        least: Vector = ()
        for kind in seen if asked is None else asked:
            least = joined(least, seen[kind])
        (found,) = await self._ask("messages", least=least)
        return sorted(found)

    async def book(self, room: str, start: int, end: int, guest: int) -> bool:
        """Book hours [start, end) if no booking of the room overlaps; whether it was. Raises as
        `write` does."""
        (booked,) = await self._ask("book", room, start, end, guest)
        return bool(booked)

    async def bookings(self, room: str) -> list[list[int]]:
        """All bookings of a room that the leader has heard of."""
        (found,) = await self._ask("bookings", room)
        return [list(booking) for booking in found]

    async def generate(self) -> int:
        """A number that was never given out before."""
        (identifier,) = await self._ask("generate")
        return int(identifier)

    def _context(self, key: str, over: Sequence[Any]) -> Vector:
        if not over:
            return ()
        values, context = self._read.get(key, ([], ()))
        if sorted(over) != values:
            raise Definite(f"{list(over)} is not what was read last of {key}")
        return context


class CartClient(LeaderClient):
    """Shopping carts, which leaders merge by a function of the user's."""

    async def put_in(self, cart: str, item: int) -> None:
        """Put an item into a cart.

        Raises:
            Definite: the leader is behind what this client has seen.
            Indefinite: nobody said that it was done; it may have been.
        """
        await self._change(cart, put_in, item)

    async def take_out(self, cart: str, item: int) -> None:
        """Take an item out of a cart; raises as `put_in` does."""
        await self._change(cart, take_out, item)

    async def items(self, cart: str) -> list[int]:
        """The items in a cart."""
        return list(items(await self._read(cart)))

    async def _read(self, cart: str) -> Cart:
        (found,) = await self._ask("read", cart)
        return Cart(*found[0]) if found else EMPTY

    async def _change(self, cart: str, change: Callable[[Cart, Any], Cart], item: int) -> None:
        """Write what a change makes of the cart in place of all that it was read from."""
        before = await self._read(cart)
        await self._ask("write", cart, self._seen, change(before, item))


class MergingClient(LeaderClient):
    """For what leaders resolve themselves: a set, a counter, and a register."""

    async def add(self, element: int) -> None:
        """Add an element to the set."""
        await self._ask("add", element)

    async def remove(self, element: int) -> None:
        """Remove an element that the leader has.

        Raises:
            Definite: it doesn't have it.
        """
        await self._ask("discard", element)

    async def increment(self, by: int) -> None:
        """Add to the counter, or take away from it."""
        await self._ask("increment", by)

    async def assign(self, value: int) -> None:
        """Set the register."""
        await self._ask("assign", value)

    async def read(self) -> dict[str, Any]:
        """What the leader has, and which changes it has seen."""
        elements, counter, register = await self._ask("types")
        return {
            "seen": dict(self._seen),
            "elements": sorted(elements),
            "counter": counter,
            "register": register,
        }
