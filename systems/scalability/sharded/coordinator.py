"""The coordinator: who is a member, and which shard moves next.

    client -> coordinator   ("request", id, "members")     -> ("ok", (version, members))
                            ("request", id, "change", version, server)
                                the same, with the server in or out; once for a version
                            ("request", id, "move", key, server)
                                -> ("ok",): the key's shard is to be there

A change of the members is durable before anybody hears of it; what has to move follows from it, and
goes on after any crash, a few shards at a time.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from splitbrain.checkers.vocabulary import PLACEMENT
from splitbrain.harness.node import Message, Node
from splitbrain.systems.log_file import LogFile
from splitbrain.systems.partitioning.database.coordinator import Coordinator
from splitbrain.systems.partitioning.database.keymap import KeyMap
from splitbrain.systems.roles import by_number
from splitbrain.systems.scalability.sharded.shards import LOWS, first_map, homes

MEMBERS = "members"
"""The file that says who is a member."""

_START = 0x53485244  # what the first frame's checksum continues


class ShardCoordinator(Coordinator):
    """See the module.

    Invariant: of its own accord it moves a shard only to where the members say, or an operator.

    Attributes:
        lows: where each shard begins.
        members: who is to have shards.
        version: how often they changed, or an operator moved a shard.
        pinned: by shard, where an operator wants it, as long as that is a member.
    """

    lows = LOWS

    def __init__(self, node: Node, servers: tuple[str, ...]) -> None:
        super().__init__(node, servers)
        self.members = servers
        self.version = 0
        self.pinned: dict[str, str] = {}
        self._members_log = LogFile(node.disk, MEMBERS, _START)

    @classmethod
    def first_map(cls, servers: tuple[str, ...]) -> KeyMap:
        """See `Coordinator.first_map`."""
        return first_map(servers, cls.lows)

    async def open(self) -> None:
        """Read what was decided."""
        await super().open()
        for record in await self._members_log.open():
            self._apply(record)
        self._announce()

    async def answer(self, f: str, *arguments: Any) -> Message:
        """What a client asks for."""
        match f, arguments:
            case "members", ():
                return "ok", (self.version, self.members)
            case "change", (int() as version, str() as server) if server in self.servers:
                return await self._change(version, server)
            case "move", (str() as key, str() as target) if target in self.members:
                await self._write("pinned", self.lows[self.map.position(key)], target)
                return ("ok",)
        return "refused", f"{f} {', '.join(map(str, arguments))}: that is no change to be made here"

    async def _change(self, version: int, server: str) -> Message:
        """Have a server be a member that is none, or the other way round."""
        if version == self.version:
            after = by_number({*self.members} ^ {server})
            if not after:
                return "refused", "somebody has to have the shards"
            await self._write(MEMBERS, after)
            self._announce()
        return "ok", (self.version, self.members)

    async def _write(self, *record: Any) -> None:
        """Decide, durably."""
        self._members_log.append([record])
        self._apply(record)
        await self._members_log.sync()

    def _apply(self, record: tuple[Any, ...]) -> None:
        self.version += 1
        match record:
            case ("members", members):
                self.members = tuple(members)
            case ("pinned", low, server):
                self.pinned[low] = server

    def homes(self) -> dict[str, str]:
        """By shard, the member that is to have it, unless an operator says otherwise."""
        return homes(self.members, self.lows)

    def _announce(self) -> None:
        owners = {low: (home,) for low, home in self.homes().items()}
        self.node.announce(PLACEMENT, {"members": self.members, "copies": 1, "owners": owners})

    async def balance(self) -> None:
        """Start to move what is not where it should be, a few shards at a time, others first than
        the last time: some may have to wait for a server that is down."""
        wanted = self.homes()
        wanted |= {low: name for low, name in self.pinned.items() if name in self.members}
        first = self.map.version % len(self.lows)
        for low in (*self.lows[first:], *self.lows[:first]):
            if len(self.map.moves) < self.at_once and self.map.owner(low) != wanted[low]:
                await self._try(partial(self.start, key=low, target=wanted[low]))
