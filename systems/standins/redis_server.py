"""A stand-in for Redis: one server that unmodified clients (redis-py) talk to.

It has strings, hashes, lists, sets, sorted sets and streams with groups of consumers, expiry, MULTI
with WATCH, blocking pops, and publish and subscribe; no scripts, no cluster; replicas are hosts of
their own (`splitbrain.systems.standins.redis_replicas`). What it forgets when it fails is what
Redis forgets, by its setting `persistence`, Redis' own ``appendfsync``:

==============  ===========================================================================
``always``      nothing that was acknowledged: each write is synced before its reply
``everysec``    a power loss takes up to the last second (Redis' default where a log is kept)
``no``          a power loss takes whatever the disk had not written by itself
``off``         everything, at each restart: no log is kept (Redis' default without ``appendonly``)
``failover``    any restart takes up to the last second: a replica takes over, and writes reach it
                a second late (Redis' replication is asynchronous, whatever its log does)
==============  ===========================================================================
"""

from __future__ import annotations

import itertools
import math
from collections import deque
from collections.abc import Callable
from typing import Any, Literal, get_args

import trio
from trio import SocketStream

from splitbrain.harness.node import Node
from splitbrain.harness.plan import InvalidPlan
from splitbrain.harness.programs.surroundings.surrounding import surround, surround_clients
from splitbrain.harness.simulation.incarnation import Incarnation
from splitbrain.systems.standins.redis_channels import SUBSCRIBING, Channels, Subscriptions
from splitbrain.systems.standins.redis_keys import Keys
from splitbrain.systems.standins.redis_keyspace import Words
from splitbrain.systems.standins.resp import (
    INCOMPLETE,
    OK,
    ReplyError,
    Simple,
    encoded,
    parse,
    request,
)

PORT = 6379

Persistence = Literal["always", "everysec", "no", "off", "failover"]

LAG_MS = 1000
"""How late writes reach the replica that takes over after a failure."""

_REPLICATED_EACH_S = 0.1

FULL = b"full"
"""What a replica is told first, with the number of writes that all there is consists of."""

_LOG = "appendonly.aof"
_BLOCKING = {b"BLPOP": b"LPOP", b"BRPOP": b"RPOP"}
_MOVING = {b"BLMOVE": b"LMOVE", b"BRPOPLPUSH": b"RPOPLPUSH"}


class Redis:
    """The server of one node."""

    def __init__(self, node: Node, persistence: Persistence) -> None:
        if not isinstance(node, Incarnation):
            raise InvalidPlan("a stand-in runs in simulation only: leave out the ground")
        self.node, self.persistence = node, persistence
        self.keys = Keys()
        self.channels = Channels()
        self.replicas: dict[Session, None] = {}
        self.numbers = itertools.count(1)  # of its clients
        self._written: list[bytes] = []
        self.changed = trio.Event()
        self._lock = trio.Lock()
        self._on_their_way: deque[tuple[int, bytes]] = deque()  # to the replica, with their times

    async def run(self) -> None:
        """Recover from the log, then serve."""
        assert isinstance(self.node, Incarnation)
        surround(self.node)
        surround_clients(self.node)
        self._replay()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self.background)
            await trio.serve_tcp(lambda stream: Session(self, stream).run(), PORT)

    async def background(self) -> None:
        """What it does besides answering."""
        if self.persistence == "everysec":
            await self._sync_each_second()
        elif self.persistence == "failover":
            await self._replicate()

    def follow(self, session: Session) -> None:
        """A replica wants all that there is, and then each write."""
        session.push_raw(request(FULL, b"%d" % len(self._written)) + b"".join(self._written))
        self.replicas[session] = None

    def _replay(self) -> None:
        disk = self.node.disk
        if self.persistence == "off" or not disk.exists(_LOG):
            return
        log, at = disk.read(_LOG), 0
        while at < len(log):
            words, end = parse(log, at)
            if end == INCOMPLETE:
                break  # a crash has torn it
            self.keys.now, at = int(words[0]), end
            self.keys.execute(words[1:])
            self._written.append(request(*words))
        disk.truncate(_LOG, at)

    async def _sync_each_second(self) -> None:
        while True:
            await trio.sleep(1.0)
            if self.node.disk.exists(_LOG):
                await self.node.disk.fsync(_LOG)

    async def _replicate(self) -> None:
        """What is on the disk is what the replica has that will take over."""
        while True:
            await trio.sleep(_REPLICATED_EACH_S)
            until = int(self.node.clock.time() * 1000) - LAG_MS
            arrived = b""
            while self._on_their_way and self._on_their_way[0][0] <= until:
                arrived += self._on_their_way.popleft()[1]
            if arrived:
                self.node.disk.append(_LOG, arrived)
                await self.node.disk.fsync(_LOG)

    async def do(self, commands: list[Words], watched: dict[bytes, int]) -> list[Any] | None:
        """Execute commands as one, and answer when they last as promised.

        Returns:
            Their replies; None if a watched key was changed since.
        """
        async with self._lock:  # Redis has one thread, which waits for the disk, too
            versions = self.keys.versions
            if any(versions.get(key, 0) != version for key, version in watched.items()):
                return None
            self.keys.now = int(self.node.clock.time() * 1000)
            replies: list[Any] = []
            wrote = False
            for words in commands:
                try:
                    replies.append(self.keys.execute(words))
                except ReplyError as error:
                    replies.append(error)
                    continue
                if self.keys.changed:
                    wrote = True
                    self._log(words)
            if wrote:
                if self.persistence == "always":
                    await self.node.disk.fsync(_LOG)
                self.changed.set()
                self.changed = trio.Event()
            return replies

    def _log(self, words: Words) -> None:
        entry = request(b"%d" % self.keys.now, *words)
        self._written.append(entry)
        for session in self.replicas:
            session.push_raw(entry)
        if self.persistence == "failover":
            self._on_their_way.append((self.keys.now, entry))
        elif self.persistence != "off":
            self.node.disk.append(_LOG, entry)


class Session:
    """One client's connection."""

    def __init__(self, server: Redis, stream: SocketStream) -> None:
        self._server, self._stream = server, stream
        self._version = 2
        self._number = next(server.numbers)
        self._queued: list[Words] | None = None
        self._watched: dict[bytes, int] = {}
        self._subscriptions = Subscriptions(server.channels, self.push)
        self._out, self._to_send = trio.open_memory_channel[bytes](math.inf)
        self._own: dict[bytes, Callable[[Words], Any]] = {
            b"HELLO": self._hello,
            b"PING": lambda words: words[0] if words else Simple("PONG"),
            b"ECHO": lambda words: words[0],
            b"CLIENT": lambda words: self._number if words[0].upper() == b"ID" else OK,
            b"CONFIG": lambda words: {} if words[0].upper() == b"GET" else OK,
            b"SELECT": lambda words: OK,
            b"AUTH": lambda words: OK,
            b"INFO": lambda words: b"redis_version:7.2.0\r\nrole:master\r\n",
            b"WATCH": self._watch,
            b"UNWATCH": self._unwatch,
            b"MULTI": self._multi,
            b"DISCARD": self._discard,
            b"PUBLISH": lambda words: server.channels.publish(words[0], words[1]),
            b"PUBSUB": server.channels.asked,
        }

    async def run(self) -> None:
        """Answer requests until the client goes."""
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._write)
                await self._read()
                nursery.cancel_scope.cancel()
        except* trio.BrokenResourceError:
            pass
        finally:
            self._subscriptions.end()
            self._server.replicas.pop(self, None)

    async def _write(self) -> None:
        async for reply in self._to_send:
            await self._stream.send_all(reply)

    async def _read(self) -> None:
        data = b""
        async for chunk in self._stream:
            data += chunk
            while data:
                words, end = parse(data)
                if end == INCOMPLETE:
                    break
                data = data[end:]
                for reply in await self._answers(words):
                    self.push(reply)

    def push(self, reply: Any) -> None:
        """Send something."""
        self._out.send_nowait(encoded(reply, self._version))

    def push_raw(self, data: bytes) -> None:
        """Send something as it is."""
        self._out.send_nowait(data)

    async def _answers(self, words: Words) -> list[Any]:
        """The replies to a request; SUBSCRIBE has several."""
        name = words[0].upper()
        if name == b"SYNC":
            self._server.follow(self)
            return []
        if name == b"REPLCONF":
            return []
        if name == b"EXEC":
            return [await self._exec()]
        if self._queued is not None and name not in (b"DISCARD", b"MULTI", b"WATCH"):
            self._queued.append(words)
            return [Simple("QUEUED")]
        if name in SUBSCRIBING:
            return self._subscriptions.replies(name, words[1:])
        if name in _BLOCKING:
            return [await self._blocking(_BLOCKING[name], words[1:-1], float(words[-1]))]
        if name in _MOVING:
            return [await self._repeated([_MOVING[name], *words[1:-1]], float(words[-1]))]
        if name in (b"XREAD", b"XREADGROUP") and b"BLOCK" in [word.upper() for word in words]:
            return [await self._blocking_read(words)]
        if name in self._own:
            try:
                return [self._own[name](words[1:])]
            except ReplyError as error:
                return [error]
        replies = await self._server.do([words], {})
        assert replies is not None
        return replies

    def _hello(self, words: Words) -> Any:
        if words and words[0] not in (b"2", b"3"):
            raise ReplyError("NOPROTO unsupported protocol version")
        self._version = int(words[0]) if words else self._version
        return {
            b"server": b"redis",
            b"version": b"7.2.0",
            b"proto": self._version,
            b"mode": b"standalone",
            b"role": b"master",
            b"id": self._number,
        }

    # Transactions

    def _watch(self, words: Words) -> Any:
        if self._queued is not None:
            raise ReplyError("ERR WATCH inside MULTI is not allowed")
        versions = self._server.keys.versions
        self._watched.update((key, versions.get(key, 0)) for key in words)
        return OK

    def _unwatch(self, words: Words) -> Any:
        self._watched.clear()
        return OK

    def _multi(self, words: Words) -> Any:
        if self._queued is not None:
            raise ReplyError("ERR MULTI calls can not be nested")
        self._queued = []
        return OK

    def _discard(self, words: Words) -> Any:
        if self._queued is None:
            raise ReplyError("ERR DISCARD without MULTI")
        self._queued = None
        return self._unwatch(words)

    async def _exec(self) -> Any:
        if self._queued is None:
            return ReplyError("ERR EXEC without MULTI")
        commands, self._queued = self._queued, None
        watched, self._watched = self._watched, {}
        return await self._server.do(commands, watched)

    # Waiting

    async def _until(self, seconds: float, look: Callable[[], Any]) -> Any:
        """What `look` finds, waiting for it so long (0: for ever)."""
        with trio.move_on_after(seconds or math.inf):
            while True:
                changed = self._server.changed
                if (found := await look()) is not None:
                    return found
                await changed.wait()
        return None

    async def _blocking(self, pop: bytes, names: Words, seconds: float) -> Any:
        async def look() -> Any:
            for name in names:
                (reply,) = await self._server.do([[pop, name]], {}) or [None]
                if reply is not None:
                    return reply if isinstance(reply, ReplyError) else [name, reply]
            return None

        return await self._until(seconds, look)

    async def _blocking_read(self, words: Words) -> Any:
        at = [word.upper() for word in words].index(b"BLOCK")
        seconds = int(words[at + 1]) / 1000
        rest = [*words[:at], *words[at + 2 :]]
        names = rest[[word.upper() for word in rest].index(b"STREAMS") + 1 :]
        for position, key in enumerate(names[: len(names) // 2], len(rest) - len(names) // 2):
            if rest[position] == b"$":  # what comes after now, and not after each look
                rest[position] = self._server.keys.last_id(key)
        return await self._repeated(rest, seconds)

    async def _repeated(self, words: Words, seconds: float) -> Any:
        """The reply to a command, once it has one."""

        async def look() -> Any:
            (reply,) = await self._server.do([words], {}) or [None]
            return reply

        return await self._until(seconds, look)


def redis(persistence: Persistence = "everysec") -> Callable[[Node], Redis]:
    """A server factory: a Redis that listens on port 6379.

    Args:
        persistence: what it keeps; see the module.

    Raises:
        InvalidPlan: there is no such setting.
    """
    if persistence not in get_args(Persistence):
        raise InvalidPlan(
            f"persistence is {persistence!r}: give one of {', '.join(get_args(Persistence))}"
        )

    def server(node: Node) -> Redis:
        return Redis(node, persistence)

    return server
