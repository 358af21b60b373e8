"""The coordinator: the one that decides which server has which range.

    client -> coordinator   ("request", id, "split", key)          -> ("ok",) or ("refused", why)
                            ("request", id, "merge", key)
                            ("request", id, "move", key, server)   answered when it is over
    server -> coordinator   ("status", version, arrived, sizes, busiest)    see the server
    coordinator -> server   ("map", map)                            to whoever is behind

A client says how things are to be: that a range begins with a key, that none does, that a server
has the range of a key. So it may say it again and again.

All that it decides is a version of the map, in a log of its own, and durable before anyone hears of
it. So it may die at any moment: what it finds in its log is what was decided, moves that are under
way among it, and it goes on from there.

Invariants:

1. Versions are decided one after the other, and none twice.
2. A move is done only if its target has said that all of the range is there, which is durable then;
   its source serves the range no more. A range has one move at a time.
3. Of its own accord it moves a range only from a server to one that has at least two fewer.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from functools import partial
from itertools import pairwise
from typing import Any, NamedTuple

import trio

from splitbrain.checkers.vocabulary import REBALANCE
from splitbrain.harness.node import Message, Node
from splitbrain.systems.log_file import LogFile
from splitbrain.systems.partitioning.database.keymap import KeyMap, map_of

PATH = "maps"
_START = 0x4D415053  # what the first frame's checksum continues

TICK_S = 0.05
"""How often it looks at what is under way."""


class Size(NamedTuple):
    """What a server says of one of its ranges.

    Attributes:
        low: its first key.
        keys: how many there are.
        middle: the one in the middle.
    """

    low: str
    keys: int
    middle: str


def next_key(key: str) -> str:
    """The first key that comes after a key."""
    return f"{key}\0"


class Refused(Exception):
    """What was asked for is not done; says why."""


class Coordinator:
    """See the module.

    Attributes:
        split_at: a range of more keys than that is split.
        merge_at: two ranges of one server that are neighbours and have no more keys than that
            together, nor more than `split_at`, are made one; 0: never.
        hot_at: a key of which a server is asked more often than that between two reports gets a
            range of its own, so that its neighbours can be moved away from it; 0: never.
        at_once: most moves under way.
        patience_s: a move that takes longer is called off, in seconds.
        balance_s: time between looks at how even things are, in seconds.
    """

    split_at = 4
    merge_at = 0
    hot_at = 0
    at_once = 2
    patience_s = 1.0
    balance_s = 0.3

    def __init__(self, node: Node, servers: tuple[str, ...]) -> None:
        self.node = node
        self.servers = servers
        self.map = self.first_map(servers)
        self.heard: dict[str, float] = {}
        self.sizes: dict[str, tuple[Size, ...]] = {}
        self.hot: dict[str, None] = {}
        self._log = LogFile(node.disk, PATH, _START)
        self._deciding = trio.Lock()
        self._arrived: set[int] = set()
        self._since: dict[int, float] = {}

    @classmethod
    def first_map(cls, servers: tuple[str, ...]) -> KeyMap:
        """The map before any decision."""
        return KeyMap.first(servers[0])

    async def open(self) -> None:
        """Read what was decided."""
        for _, raw in await self._log.open():
            self.map = map_of(raw)

    async def run(self) -> None:
        """Go on with what is under way, and keep things even."""
        balanced_at = trio.current_time()
        while True:
            await trio.sleep(TICK_S)
            for number in sorted(self.map.numbers()):
                await self._go_on(number)
            if trio.current_time() > balanced_at + self.balance_s:
                balanced_at = trio.current_time()
                await self.balance()

    # Servers

    def status(
        self,
        server: str,
        version: int,
        arrived: tuple[int, ...],
        sizes: tuple[Message, ...],
        busiest: tuple[str, int],
    ) -> None:
        """What a server says of itself, again and again."""
        self.heard[server] = trio.current_time()
        self.sizes[server] = tuple(Size(*size) for size in sizes)
        self._arrived.update(arrived)
        key, requests = busiest
        if 0 < self.hot_at < requests:
            self.hot[key] = None
        if version < self.map.version:
            self.node.network.send(server, ("map", self.map))

    async def _go_on(self, number: int) -> None:
        """End a move that has arrived, or that takes too long."""
        since = self._since.setdefault(number, trio.current_time())
        if number in self._arrived:
            await self.end(number, done=True)
        elif trio.current_time() > since + self.patience_s:
            await self.end(number, done=False)

    async def end(self, number: int, *, done: bool) -> None:
        """Decide what becomes of a move."""

        def ended(known: KeyMap) -> KeyMap:
            if number not in known.numbers():
                raise Refused("it is over")
            return known.ended(number, done=done)

        await self.decide(ended)
        self._since.pop(number, None)
        self._arrived.discard(number)

    # Decisions

    async def decide(self, change: Callable[[KeyMap], KeyMap]) -> KeyMap:
        """Make the next version of the map, durably, and tell everybody.

        Raises:
            Refused: by `change`.
        """
        async with self._deciding:
            after = change(self.map)
            await self.record(after)
            self.map = after
        for server in self.servers:
            self.node.network.send(server, ("map", after))
        return after

    async def record(self, decided: KeyMap) -> None:
        """Make a decision durable."""
        self._log.append([("map", decided)])
        await self._log.sync()

    async def answer(self, f: str, *arguments: Any) -> Message:
        """What a client asks for."""
        try:
            match f, arguments:
                case "split", (str() as key,):
                    if not self.map.begins(key):
                        await self.decide(lambda known: self.split(known, key))
                case "merge", (str() as key,):
                    await self._merge(key)
                case "move", (str() as key, str() as target):
                    await self._move(key, target)
                case _:
                    raise Refused(f"{f} is nothing that this server does")
        except Refused as refused:
            return "refused", str(refused)
        return ("ok",)

    def split(self, known: KeyMap, key: str) -> KeyMap:
        """The map with a range more.

        Raises:
            Refused: the range is on its way, or begins there.
        """
        if known.move_of(key) is not None:
            raise Refused("the range is on its way")
        if known.begins(key):
            raise Refused("a range begins there")
        return known.split(key)

    def merge(self, known: KeyMap, key: str) -> KeyMap:
        """The map with a range less: what begins with the key belongs to the range before it.

        Raises:
            Refused: none begins there, the one before is another server's, or either is on its way.
        """
        position = known.position(key)
        if position == 0 or not known.begins(key):
            raise Refused("no range begins there")
        before = known.ranges[position - 1]
        if known.move_of(key) is not None or known.move_of(before[0]) is not None:
            raise Refused("a range is on its way")
        if known.owner(key) != before[1]:
            raise Refused("the range before it is of another server")
        return known.merged(position - 1)

    def start(self, known: KeyMap, key: str, target: str) -> KeyMap:
        """The map with a move more.

        Raises:
            Refused: the range is there or on its way, or too much is under way.
        """
        if target not in self.servers:
            raise Refused(f"no server is called {target}")
        if known.move_of(key) is not None or known.owner(key) == target:
            raise Refused("the range is there, or on its way")
        if len(known.moves) >= self.at_once:
            raise Refused("too much is under way")
        return known.moving(key, target)

    async def _merge(self, key: str) -> None:
        """Bring a range to whoever has the one before it, and make them one."""
        position = self.map.position(key)
        if position == 0 or not self.map.begins(key):
            return
        await self._move(key, self.map.ranges[position - 1][1])
        await self.decide(lambda known: self.merge(known, key))

    async def _move(self, key: str, target: str) -> None:
        """Move a range, unless it is there, and wait until that is over."""
        move = self.map.move_of(key)
        if move is None and self.map.owner(key) == target:
            return
        if move is None or move.target != target:
            started = await self.decide(lambda known: self.start(known, key, target))
            move = started.moves[-1]
        while move in self.map.moves:
            await trio.sleep(TICK_S)
        if self.map.owner(move.low) != target:
            raise Refused("it was called off")

    # Of its own accord

    async def balance(self) -> None:
        """Split what has grown large, and move a range from who has most to who has fewest."""
        for size in [size for sizes in self.sizes.values() for size in sizes]:
            if size.keys > self.split_at:
                await self._try(partial(self.split, key=size.middle))
        await self._isolate()
        await self._join()
        source, target = self.uneven(self.loads())
        if source == target:
            return
        loads: dict[str, int] = {}

        def evened(known: KeyMap) -> KeyMap:
            loads.update(self.loads())
            if self.uneven(loads) != (source, target):
                raise Refused("things have changed")
            lows = [low for low, owner in known.ranges if owner == source]
            still = [low for low in lows if known.move_of(low) is None]
            if not still:
                raise Refused("all that it has is on its way")
            return self.start(known, still[-1], target)

        started = await self._try(evened)
        if started is not None:
            told = {"move": started.version, "from": source, "to": target, "ranges": loads}
            self.node.announce(REBALANCE, told)

    async def _isolate(self) -> None:
        """Give the keys that are hot ranges of their own (DDIA chapter 6, "Skewed Workloads and
        Relieving Hot Spots"); the key's own load stays with one server, as its order does."""
        for key in tuple(self.hot):
            for low in (key, next_key(key)):
                if not self.map.begins(low):
                    await self._try(partial(self.split, key=low))

    async def _join(self) -> None:
        """Merge two neighbours of one server that have become small, unless one is hot."""
        keys = {size.low: size.keys for sizes in self.sizes.values() for size in sizes}
        for (one, owner), (low, other) in pairwise(self.map.ranges):
            few = keys.get(one, 0) + keys.get(low, 0) <= self.few()
            if self.merge_at and owner == other and few and not {one, low} & {*self.hot}:
                await self._try(partial(self.merge, key=low))
                return

    def few(self) -> int:
        """The most keys of a range that two are merged to: never one that would be split again."""
        return min(self.merge_at, self.split_at)

    async def _try(self, change: Callable[[KeyMap], KeyMap]) -> KeyMap | None:
        try:
            return await self.decide(change)
        except Refused:
            return None

    def loads(self) -> dict[str, int]:
        """How many ranges each server has once all that is under way is done."""
        owners = dict(self.map.ranges) | {move.low: move.target for move in self.map.moves}
        return {**dict.fromkeys(self.servers, 0), **Counter(owners.values())}

    def uneven(self, loads: Mapping[str, int]) -> tuple[str, str]:
        """From whom to whom a range should go; twice the same server if things are even."""
        most, fewest = max(loads, key=loads.__getitem__), min(loads, key=loads.__getitem__)
        return (most, fewest) if loads[most] >= loads[fewest] + 2 else (most, most)
