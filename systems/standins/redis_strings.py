"""The commands on strings of a stand-in for Redis."""

from __future__ import annotations

from typing import Any

from splitbrain.systems.standins.redis_keyspace import Keyspace, Words
from splitbrain.systems.standins.redis_ranks import score_of
from splitbrain.systems.standins.resp import OK, decimal


class Strings(Keyspace):
    """Values that are bytes, or numbers in digits."""

    def do_get(self, words: Words) -> Any:
        """GET key."""
        return self._get(words[0], bytes) if self._exists(words[0]) else None

    def do_set(self, words: Words) -> Any:
        """SET key value [NX | XX] [GET] [EX s | PX ms | KEEPTTL]."""
        key, value, *options = words
        flags = [option.upper() for option in options]
        old = self.do_get([key]) if b"GET" in flags else None
        exists = self._exists(key)
        if (b"NX" in flags and exists) or (b"XX" in flags and not exists):
            return old
        if b"KEEPTTL" not in flags:
            self._expiry.pop(key, None)
        for unit, scale in ((b"EX", 1000), (b"PX", 1)):
            if unit in flags:
                self._expiry[key] = self.now + scale * int(options[flags.index(unit) + 1])
        self._values[key] = value
        return old if b"GET" in flags else OK

    def do_setnx(self, words: Words) -> Any:
        """SETNX key value."""
        return int(self.do_set([*words, b"NX"]) is OK)

    def do_setex(self, words: Words) -> Any:
        """SETEX key seconds value."""
        return self.do_set([words[0], words[2], b"EX", words[1]])

    def do_psetex(self, words: Words) -> Any:
        """PSETEX key milliseconds value."""
        return self.do_set([words[0], words[2], b"PX", words[1]])

    def do_getset(self, words: Words) -> Any:
        """GETSET key value."""
        return self.do_set([*words, b"GET"])

    def do_getdel(self, words: Words) -> Any:
        """GETDEL key."""
        value = self.do_get(words)
        self._drop(words[0])
        return value

    def do_getex(self, words: Words) -> Any:
        """GETEX key [EX s | PX ms | PERSIST]."""
        value = self.do_get(words)
        if value is None or len(words) < 2:
            return value
        if words[1].upper() == b"PERSIST":
            self._expiry.pop(words[0], None)
        else:
            self.do_set([words[0], value, *words[1:]])
        return value

    def do_getrange(self, words: Words) -> Any:
        """GETRANGE key start end."""
        value = self._get(words[0], bytes)
        start, end = (int(w) + len(value) * (int(w) < 0) for w in words[1:3])
        return value[max(0, start) : max(0, end + 1)]

    def do_setrange(self, words: Words) -> Any:
        """SETRANGE key offset value."""
        value, at = self._get(words[0], bytes), int(words[1])
        value = value.ljust(at, b"\0")[:at] + words[2] + value[at + len(words[2]) :]
        if value:
            self._values[words[0]] = value
        return len(value)

    def do_incrbyfloat(self, words: Words) -> Any:
        """INCRBYFLOAT key amount."""
        value = decimal(score_of(self._get(words[0], bytes) or b"0") + score_of(words[1]))
        self._values[words[0]] = value
        return value

    def do_msetnx(self, words: Words) -> Any:
        """MSETNX key value..."""
        if any(map(self._exists, words[::2])):
            return 0
        self.do_mset(words)
        return 1

    def do_mget(self, words: Words) -> Any:
        """MGET key..."""
        return [self.do_get([key]) for key in words]

    def do_mset(self, words: Words) -> Any:
        """MSET key value..."""
        for key, value in zip(words[::2], words[1::2], strict=True):
            self.do_set([key, value])
        return OK

    def do_incrby(self, words: Words) -> Any:
        """INCRBY key amount."""
        value = int(self._get(words[0], bytes) or b"0") + int(words[1])
        self._values[words[0]] = b"%d" % value
        return value

    def do_incr(self, words: Words) -> Any:
        """INCR key."""
        return self.do_incrby([words[0], b"1"])

    def do_decr(self, words: Words) -> Any:
        """DECR key."""
        return self.do_incrby([words[0], b"-1"])

    def do_decrby(self, words: Words) -> Any:
        """DECRBY key amount."""
        return self.do_incrby([words[0], b"%d" % -int(words[1])])

    def do_append(self, words: Words) -> Any:
        """APPEND key value."""
        value = self._get(words[0], bytes) + words[1]
        self._values[words[0]] = value
        return len(value)

    def do_strlen(self, words: Words) -> Any:
        """STRLEN key."""
        return len(self._get(words[0], bytes))
