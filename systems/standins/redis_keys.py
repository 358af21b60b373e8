"""The database of a stand-in for Redis: its commands by name, and which of them are logged."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from splitbrain.systems.standins.redis_collections import Collections
from splitbrain.systems.standins.redis_keyspace import Words
from splitbrain.systems.standins.redis_sorted_sets import SortedSets
from splitbrain.systems.standins.redis_strings import Strings
from splitbrain.systems.standins.resp import ReplyError

_NO_NUMBER = "ERR value is not an integer or out of range"

WRITES = frozenset(
    b"SET SETNX SETEX PSETEX GETSET GETDEL MSET INCR INCRBY DECR DECRBY APPEND DEL UNLINK EXPIRE "
    b"PEXPIRE PERSIST HSET HDEL HINCRBY HSETNX LPUSH RPUSH LPOP RPOP LREM LTRIM SADD SREM XADD "
    b"XDEL ZADD ZINCRBY ZREM ZREMRANGEBYSCORE ZREMRANGEBYRANK ZPOPMIN ZPOPMAX "
    b"FLUSHALL FLUSHDB".split()
)
"""The commands that change something, and so are logged."""


class Keys(Strings, Collections, SortedSets):
    """A database."""

    def __init__(self) -> None:
        super().__init__()
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
        command = self._commands.get(name)
        if command is None:
            raise ReplyError(f"ERR unknown command '{name.decode(errors='replace')}'")
        try:
            reply = command(words[1:])
        except (IndexError, ValueError) as error:
            if isinstance(error, ValueError) and "int" in str(error):
                raise ReplyError(_NO_NUMBER) from None
            raise ReplyError(f"ERR wrong number of arguments for '{name.decode()}'") from None
        if name in WRITES:
            for key in words[1:2] if name not in (b"DEL", b"UNLINK", b"MSET") else words[1:]:
                self.versions[key] = self.versions.get(key, 0) + 1
        return reply
