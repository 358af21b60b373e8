"""The keys of a stand-in for Redis, whatever stands under them: looking them up, and their expiry.

Each command, here and in the classes above, is a method that is given its words and returns its
reply (`resp.encoded`). Expired keys are gone when somebody looks.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from itertools import pairwise
from typing import Any

from splitbrain.systems.standins.redis_ranks import SortedSet
from splitbrain.systems.standins.redis_streams import Stream
from splitbrain.systems.standins.resp import OK, ReplyError, Simple

Words = list[bytes]

_WRONG_TYPE = "WRONGTYPE Operation against a key holding the wrong kind of value"


class Keyspace:
    """Values by key, and when they expire.

    Attributes:
        now: milliseconds since 1970; set before each command.
        versions: how often each key was changed, for WATCH.
    """

    def __init__(self) -> None:
        self.now = 0
        self.versions: dict[bytes, int] = {}
        self._values: dict[bytes, Any] = {}
        self._expiry: dict[bytes, int] = {}

    # Looking a key up

    def _get(self, key: bytes, kind: type, make: bool = False) -> Any:
        if key in self._expiry and self._expiry[key] <= self.now:
            self._drop(key)
        value = self._values.get(key)
        if value is None:
            value = kind()
            if make:
                self._values[key] = value
        elif not isinstance(value, kind):
            raise ReplyError(_WRONG_TYPE)
        return value

    def _drop(self, key: bytes) -> bool:
        self._expiry.pop(key, None)
        return self._values.pop(key, None) is not None

    def _tidy(self, key: bytes) -> None:
        """A collection without elements is no key."""
        if not self._values.get(key, True):
            self._drop(key)

    def _exists(self, key: bytes) -> bool:
        if key in self._expiry and self._expiry[key] <= self.now:
            self._drop(key)
        return key in self._values

    # Commands on keys of any kind

    def do_exists(self, words: Words) -> Any:
        """EXISTS key..."""
        return sum(map(self._exists, words))

    def do_del(self, words: Words) -> Any:
        """DEL key..."""
        return sum(self._exists(key) and self._drop(key) for key in words)

    do_unlink = do_del

    def do_expire(self, words: Words) -> Any:
        """EXPIRE key seconds."""
        return self.do_pexpire([words[0], b"%d" % (1000 * int(words[1]))])

    def do_pexpire(self, words: Words) -> Any:
        """PEXPIRE key milliseconds."""
        if not self._exists(words[0]):
            return 0
        self._expiry[words[0]] = self.now + int(words[1])
        return 1

    def do_persist(self, words: Words) -> Any:
        """PERSIST key."""
        return int(self._exists(words[0]) and self._expiry.pop(words[0], None) is not None)

    def do_pttl(self, words: Words) -> Any:
        """PTTL key."""
        if not self._exists(words[0]):
            return -2
        return self._expiry[words[0]] - self.now if words[0] in self._expiry else -1

    def do_ttl(self, words: Words) -> Any:
        """TTL key."""
        left = self.do_pttl(words)
        return left if left < 0 else (left + 500) // 1000

    def do_type(self, words: Words) -> Any:
        """TYPE key."""
        names: dict[type, str] = {bytes: "string", dict: "hash", list: "list", set: "set"}
        names |= {Stream: "stream", SortedSet: "zset"}
        found = self._values[words[0]] if self._exists(words[0]) else None
        return Simple(names.get(type(found), "none"))

    def do_keys(self, words: Words) -> Any:
        """KEYS pattern: ``*``, ``?``, ``[ab]``."""
        return sorted(k for k in list(self._values) if self._exists(k) and fnmatchcase(k, words[0]))

    def do_scan(self, words: Words) -> Any:
        """SCAN cursor [MATCH pattern] [COUNT n] [TYPE name]: all at once."""
        options = {option.upper(): value for option, value in pairwise(words[1:])}
        kind = options.get(b"TYPE")
        found = self.do_keys([options.get(b"MATCH", b"*")])
        return [b"0", [k for k in found if kind in (None, self.do_type([k]).encode())]]

    def do_rename(self, words: Words) -> Any:
        """RENAME key new."""
        if not self._exists(words[0]):
            raise ReplyError("ERR no such key")
        value, expiry = self._values[words[0]], self._expiry.get(words[0])
        self._drop(words[0])
        self._drop(words[1])
        self._values[words[1]] = value
        if expiry is not None:
            self._expiry[words[1]] = expiry
        return OK

    def do_expireat(self, words: Words) -> Any:
        """EXPIREAT key seconds since 1970."""
        return self.do_pexpire([words[0], b"%d" % (1000 * int(words[1]) - self.now)])

    def do_pexpireat(self, words: Words) -> Any:
        """PEXPIREAT key milliseconds since 1970."""
        return self.do_pexpire([words[0], b"%d" % (int(words[1]) - self.now)])

    def do_time(self, words: Words) -> Any:
        """TIME."""
        return [b"%d" % (self.now // 1000), b"%d" % (self.now % 1000 * 1000)]

    def do_dbsize(self, words: Words) -> Any:
        """DBSIZE."""
        return len(self.do_keys([b"*"]))

    def do_flushall(self, words: Words) -> Any:
        """FLUSHALL."""
        for key in list(self._values):
            self.versions[key] = self.versions.get(key, 0) + 1
            self._drop(key)
        return OK

    do_flushdb = do_flushall
