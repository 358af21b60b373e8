"""The database of a stand-in for Redis: its commands by name, and which of them are logged."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from splitbrain.systems.standins.redis_collections import Collections
from splitbrain.systems.standins.redis_keyspace import Words
from splitbrain.systems.standins.redis_sorted_sets import SortedSets
from splitbrain.systems.standins.redis_stream_commands import Streams
from splitbrain.systems.standins.redis_strings import Strings
from splitbrain.systems.standins.resp import ReplyError

_NO_NUMBER = "ERR value is not an integer or out of range"

WRITES = frozenset(
    b"SET SETNX SETEX PSETEX GETSET GETDEL GETEX MSET MSETNX INCR INCRBY INCRBYFLOAT DECR "
    b"DECRBY APPEND SETRANGE DEL UNLINK RENAME EXPIRE PEXPIRE EXPIREAT PEXPIREAT PERSIST HSET "
    b"HDEL HINCRBY HSETNX LPUSH RPUSH LPOP RPOP LREM LTRIM LSET LMOVE RPOPLPUSH SADD SREM SPOP "
    b"XADD XDEL XTRIM XGROUP XREADGROUP XACK XCLAIM XAUTOCLAIM ZADD ZINCRBY ZREM "
    b"ZREMRANGEBYSCORE ZREMRANGEBYRANK ZPOPMIN ZPOPMAX FLUSHALL FLUSHDB".split()
)
"""The commands that change something, and so are logged."""


_TAKES = frozenset(
    b"LPOP RPOP LMOVE RPOPLPUSH SPOP ZPOPMIN ZPOPMAX GETDEL XREADGROUP XAUTOCLAIM".split()
)
"""Writes that change nothing if there is nothing to take."""

_MANY = frozenset(b"DEL UNLINK".split())
_TWO = frozenset(b"RENAME LMOVE RPOPLPUSH".split())


class Keys(Strings, Collections, SortedSets, Streams):
    """A database.

    Attributes:
        changed: whether the last command may have changed something, and so is logged.
    """

    def __init__(self) -> None:
        super().__init__()
        self.changed = False
        self._commands: dict[bytes, Callable[[Words], Any]] = {
            name[3:].upper().encode(): getattr(self, name)
            for name in dir(self)
            if name.startswith("do_")
        }

    def execute(self, words: Words) -> Any:
        """Do a command.

        Raises:
            ReplyError: it is refused.
        """
        name = words[0].upper()
        self.changed = False
        command = self._commands.get(name)
        if command is None:
            raise ReplyError(f"ERR unknown command '{name.decode(errors='replace')}'")
        try:
            reply = command(words[1:])
        except (IndexError, ValueError) as error:
            if isinstance(error, ValueError) and "int" in str(error):
                raise ReplyError(_NO_NUMBER) from None
            raise ReplyError(f"ERR wrong number of arguments for '{name.decode()}'") from None
        self.changed = name in WRITES and not (name in _TAKES and not reply)
        if self.changed:
            for key in _keys_of(name, words):
                self.versions[key] = self.versions.get(key, 0) + 1
        return reply


def _keys_of(name: bytes, words: Words) -> Words:
    """The keys that a write concerns."""
    if name in (b"MSET", b"MSETNX"):
        return words[1::2]
    if name == b"XGROUP":
        return words[2:3]
    if name == b"XREADGROUP":
        names = words[[word.upper() for word in words].index(b"STREAMS") + 1 :]
        return names[: len(names) // 2]
    return words[1:] if name in _MANY else words[1 : 3 if name in _TWO else 2]
