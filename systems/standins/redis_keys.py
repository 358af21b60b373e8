"""The keys of a stand-in for Redis, and the commands on strings, hashes, lists, sets, streams.

Each command is a method that is given its words and returns its reply (`resp.encoded`). Expired
keys are gone when somebody looks.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from splitbrain.systems.standins.redis_streams import Stream, stream_id
from splitbrain.systems.standins.resp import OK, Pairs, ReplyError, Simple

Words = list[bytes]

_WRONG_TYPE = "WRONGTYPE Operation against a key holding the wrong kind of value"
_NO_NUMBER = "ERR value is not an integer or out of range"
_SYNTAX = "ERR syntax error"

WRITES = frozenset(
    b"SET SETNX SETEX PSETEX GETSET GETDEL MSET INCR INCRBY DECR DECRBY APPEND DEL UNLINK EXPIRE "
    b"PEXPIRE PERSIST HSET HDEL HINCRBY HSETNX LPUSH RPUSH LPOP RPOP LREM LTRIM SADD SREM XADD "
    b"XDEL FLUSHALL FLUSHDB".split()
)
"""The commands that change something, and so are logged."""


class Keys:
    """A database.

    Attributes:
        now: milliseconds since 1970; set before each command.
        versions: how often each key was changed, for WATCH.
    """

    def __init__(self) -> None:
        self.now = 0
        self.versions: dict[bytes, int] = {}
        self._values: dict[bytes, Any] = {}
        self._expiry: dict[bytes, int] = {}
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

    # Strings

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

    # Keys

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
        names = {bytes: "string", dict: "hash", list: "list", set: "set", Stream: "stream"}
        found = self._values[words[0]] if self._exists(words[0]) else None
        return Simple(names.get(type(found), "none"))

    def do_keys(self, words: Words) -> Any:
        """KEYS pattern, of ``*`` and prefixes alone."""
        prefix = words[0].partition(b"*")[0]
        return sorted(k for k in list(self._values) if self._exists(k) and k.startswith(prefix))

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

    # Hashes

    def do_hset(self, words: Words) -> Any:
        """HSET key field value..."""
        fields = self._get(words[0], dict, make=True)
        before = len(fields)
        fields.update(zip(words[1::2], words[2::2], strict=True))
        return len(fields) - before

    def do_hsetnx(self, words: Words) -> Any:
        """HSETNX key field value."""
        if words[1] in self._get(words[0], dict):
            return 0
        return self.do_hset(words)

    def do_hget(self, words: Words) -> Any:
        """HGET key field."""
        return self._get(words[0], dict).get(words[1])

    def do_hmget(self, words: Words) -> Any:
        """HMGET key field..."""
        fields = self._get(words[0], dict)
        return [fields.get(field) for field in words[1:]]

    def do_hgetall(self, words: Words) -> Any:
        """HGETALL key."""
        return dict(self._get(words[0], dict))

    def do_hkeys(self, words: Words) -> Any:
        """HKEYS key."""
        return list(self._get(words[0], dict))

    def do_hvals(self, words: Words) -> Any:
        """HVALS key."""
        return list(self._get(words[0], dict).values())

    def do_hlen(self, words: Words) -> Any:
        """HLEN key."""
        return len(self._get(words[0], dict))

    def do_hexists(self, words: Words) -> Any:
        """HEXISTS key field."""
        return int(words[1] in self._get(words[0], dict))

    def do_hdel(self, words: Words) -> Any:
        """HDEL key field..."""
        fields = self._get(words[0], dict)
        gone = sum(fields.pop(field, None) is not None for field in words[1:])
        self._tidy(words[0])
        return gone

    def do_hincrby(self, words: Words) -> Any:
        """HINCRBY key field amount."""
        fields = self._get(words[0], dict, make=True)
        value = int(fields.get(words[1], b"0")) + int(words[2])
        fields[words[1]] = b"%d" % value
        return value

    # Lists

    def do_rpush(self, words: Words) -> Any:
        """RPUSH key element..."""
        elements = self._get(words[0], list, make=True)
        elements.extend(words[1:])
        return len(elements)

    def do_lpush(self, words: Words) -> Any:
        """LPUSH key element..."""
        elements = self._get(words[0], list, make=True)
        elements[:0] = reversed(words[1:])
        return len(elements)

    def do_lpop(self, words: Words) -> Any:
        """LPOP key."""
        return self._pop(words[0], 0)

    def do_rpop(self, words: Words) -> Any:
        """RPOP key."""
        return self._pop(words[0], -1)

    def _pop(self, key: bytes, end: int) -> Any:
        elements = self._get(key, list)
        value = elements.pop(end) if elements else None
        self._tidy(key)
        return value

    def do_llen(self, words: Words) -> Any:
        """LLEN key."""
        return len(self._get(words[0], list))

    def do_lrange(self, words: Words) -> Any:
        """LRANGE key start stop."""
        elements = self._get(words[0], list)
        start, stop = (int(w) + len(elements) * (int(w) < 0) for w in words[1:3])
        return elements[max(0, start) : stop + 1]

    def do_ltrim(self, words: Words) -> Any:
        """LTRIM key start stop."""
        self._get(words[0], list)[:] = self.do_lrange(words)
        self._tidy(words[0])
        return OK

    def do_lrem(self, words: Words) -> Any:
        """LREM key count element, from the head."""
        elements = self._get(words[0], list)
        most, gone = int(words[1]) or len(elements), 0
        while gone < most and words[2] in elements:
            elements.remove(words[2])
            gone += 1
        self._tidy(words[0])
        return gone

    # Sets

    def do_sadd(self, words: Words) -> Any:
        """SADD key member..."""
        members = self._get(words[0], set, make=True)
        before = len(members)
        members.update(words[1:])
        return len(members) - before

    def do_srem(self, words: Words) -> Any:
        """SREM key member..."""
        members = self._get(words[0], set)
        before = len(members)
        members.difference_update(words[1:])
        after = len(members)
        self._tidy(words[0])
        return before - after

    def do_smembers(self, words: Words) -> Any:
        """SMEMBERS key."""
        return set(self._get(words[0], set))

    def do_sismember(self, words: Words) -> Any:
        """SISMEMBER key member."""
        return int(words[1] in self._get(words[0], set))

    def do_scard(self, words: Words) -> Any:
        """SCARD key."""
        return len(self._get(words[0], set))

    # Streams

    def do_xadd(self, words: Words) -> Any:
        """XADD key * field value..."""
        stream = self._get(words[0], Stream, make=True)
        return stream.add(self.now, words[1], words[2:])

    def do_xlen(self, words: Words) -> Any:
        """XLEN key."""
        return len(self._get(words[0], Stream).entries)

    def do_xdel(self, words: Words) -> Any:
        """XDEL key id..."""
        stream = self._get(words[0], Stream)
        return sum(stream.entries.pop(stream_id(w, 0), None) is not None for w in words[1:])

    def do_xrange(self, words: Words) -> Any:
        """XRANGE key start end [COUNT n]."""
        least = (0, 0) if words[1] == b"-" else stream_id(words[1], 0)
        most = (1 << 64, 0) if words[2] == b"+" else stream_id(words[2], 1 << 64)
        found = self._get(words[0], Stream).between(least, most)
        return found[: int(words[4])] if len(words) > 4 else found

    def do_xread(self, words: Words) -> Any:
        """XREAD [COUNT n] STREAMS key... id..., without waiting."""
        at = [word.upper() for word in words].index(b"STREAMS")
        names = words[at + 1 :]
        half = len(names) // 2
        found = Pairs()
        for key, after in zip(names[:half], names[half:], strict=True):
            milliseconds, sequence = stream_id(after, 0)
            stream = self._get(key, Stream)
            if entries := stream.between((milliseconds, sequence + 1), (1 << 64, 0)):
                found[key] = entries
        return found or None
