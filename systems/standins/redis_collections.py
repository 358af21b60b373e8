"""The commands on hashes, lists and sets of a stand-in for Redis."""

from __future__ import annotations

from typing import Any

from splitbrain.systems.standins.redis_keyspace import Keyspace, Words
from splitbrain.systems.standins.resp import OK, ReplyError


class Collections(Keyspace):
    """Values that have elements; one without any is no key."""

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
        """LPOP key [count]."""
        return self._pops(words, 0)

    def do_rpop(self, words: Words) -> Any:
        """RPOP key [count]."""
        return self._pops(words, -1)

    def _pops(self, words: Words, end: int) -> Any:
        if len(words) == 1:
            return self._pop(words[0], end)
        many = min(int(words[1]), len(self._get(words[0], list)))
        return [self._pop(words[0], end) for _ in range(many)] or None

    def do_lmove(self, words: Words) -> Any:
        """LMOVE source destination LEFT | RIGHT LEFT | RIGHT."""
        ends = [-1 if word.upper() == b"RIGHT" else 0 for word in words[2:4]]
        self._get(words[1], list)
        moved = self._pop(words[0], ends[0])
        if moved is not None:
            into = self._get(words[1], list, make=True)
            into.insert(len(into) if ends[1] else 0, moved)
        return moved

    def do_rpoplpush(self, words: Words) -> Any:
        """RPOPLPUSH source destination."""
        return self.do_lmove([*words, b"RIGHT", b"LEFT"])

    def do_lindex(self, words: Words) -> Any:
        """LINDEX key index."""
        elements, at = self._get(words[0], list), int(words[1])
        return elements[at] if -len(elements) <= at < len(elements) else None

    def do_lset(self, words: Words) -> Any:
        """LSET key index element."""
        elements, at = self._get(words[0], list), int(words[1])
        if not -len(elements) <= at < len(elements):
            raise ReplyError("ERR index out of range" if elements else "ERR no such key")
        elements[at] = words[2]
        return OK

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

    def do_smismember(self, words: Words) -> Any:
        """SMISMEMBER key member..."""
        members = self._get(words[0], set)
        return [int(member in members) for member in words[1:]]

    def do_sinter(self, words: Words) -> Any:
        """SINTER key..."""
        return set.intersection(*(self._get(key, set) for key in words))

    def do_sunion(self, words: Words) -> Any:
        """SUNION key..."""
        return set().union(*(self._get(key, set) for key in words))

    def do_sdiff(self, words: Words) -> Any:
        """SDIFF key..."""
        return self._get(words[0], set).difference(*(self._get(key, set) for key in words[1:]))

    def do_spop(self, words: Words) -> Any:
        """SPOP key: any member, which is the least one here."""
        members = self._get(words[0], set)
        found = min(members, default=None)
        members.discard(found)
        self._tidy(words[0])
        return found

    def do_scard(self, words: Words) -> Any:
        """SCARD key."""
        return len(self._get(words[0], set))
