"""The commands on streams of a stand-in for Redis, and on their groups of consumers."""

from __future__ import annotations

from typing import Any

from splitbrain.systems.standins.redis_groups import Group, Identity
from splitbrain.systems.standins.redis_keyspace import Keyspace, Words
from splitbrain.systems.standins.redis_streams import FIRST, LAST, Stream, stream_id, told_id
from splitbrain.systems.standins.resp import OK, Pairs, ReplyError


def _after(words: Words, option: bytes, otherwise: int) -> int:
    """The number that follows an option."""
    upper = [word.upper() for word in words]
    return int(words[upper.index(option) + 1]) if option in upper else otherwise


def _bounds(least: bytes, most: bytes) -> tuple[Identity, Identity]:
    """A range of ids as requests have it: ``-``, ``+``, ``5``, ``5-1``, ``(5-1``."""
    low = FIRST if least == b"-" else stream_id(least.removeprefix(b"("), 0)
    high = LAST if most == b"+" else stream_id(most.removeprefix(b"("), LAST[1])
    if least.startswith(b"("):
        low = (low[0], low[1] + 1)
    if most.startswith(b"("):
        high = (high[0], high[1] - 1) if high[1] else (high[0] - 1, LAST[1])
    return low, high


class Streams(Keyspace):
    """Entries by id."""

    def do_xadd(self, words: Words) -> Any:
        """XADD key [NOMKSTREAM] [MAXLEN | MINID [= | ~] limit] id field value..."""
        key, *rest = words
        if rest[0].upper() == b"NOMKSTREAM":
            rest = rest[1:]
            if not self._exists(key):
                return None
        trim, rest = self._trimming(rest)
        if len(rest) < 3 or len(rest) % 2 == 0:
            raise ReplyError("ERR wrong number of arguments for 'xadd' command")
        stream = self._get(key, Stream, make=True)
        added = stream.add(self.now, rest[0], rest[1:])
        stream.trim(*trim)
        return added

    def do_xtrim(self, words: Words) -> Any:
        """XTRIM key MAXLEN | MINID [= | ~] limit."""
        trim, _ = self._trimming(words[1:])
        gone: int = self._get(words[0], Stream).trim(*trim)
        return gone

    def _trimming(self, words: Words) -> tuple[tuple[int | None, Identity], Words]:
        """How many entries stay, and from which id on; and the words that follow."""
        how = words[0].upper()
        if how not in (b"MAXLEN", b"MINID"):
            return (None, FIRST), words
        at = 2 if words[1] in (b"=", b"~") else 1
        rest = words[at + 1 :]
        if rest and rest[0].upper() == b"LIMIT":
            rest = rest[2:]
        if how == b"MAXLEN":
            return (int(words[at]), FIRST), rest
        return (None, stream_id(words[at], 0)), rest

    def do_xlen(self, words: Words) -> Any:
        """XLEN key."""
        return len(self._get(words[0], Stream).entries)

    def do_xdel(self, words: Words) -> Any:
        """XDEL key id..."""
        stream = self._get(words[0], Stream)
        return sum(stream.entries.pop(stream_id(w, 0), None) is not None for w in words[1:])

    def do_xrange(self, words: Words) -> Any:
        """XRANGE key start end [COUNT n]."""
        found = self._get(words[0], Stream).between(*_bounds(words[1], words[2]))
        return found[: _after(words[3:], b"COUNT", len(found))]

    def do_xrevrange(self, words: Words) -> Any:
        """XREVRANGE key end start [COUNT n]."""
        found = self._get(words[0], Stream).between(*_bounds(words[2], words[1]))[::-1]
        return found[: _after(words[3:], b"COUNT", len(found))]

    def do_xread(self, words: Words) -> Any:
        """XREAD [COUNT n] STREAMS key... id..., without waiting."""
        found = Pairs()
        for key, after in self._asked(words):
            stream = self._get(key, Stream)
            last = stream.last if after == b"$" else stream_id(after, 0)
            entries = stream.after(last)
            if entries := entries[: _after(words, b"COUNT", len(entries))]:
                found[key] = entries
        return found or None

    def last_id(self, key: bytes) -> bytes:
        """The greatest id that a stream has had."""
        return told_id(self._get(key, Stream).last)

    def _asked(self, words: Words) -> list[tuple[bytes, bytes]]:
        """Streams with ids, after STREAMS."""
        names = words[[word.upper() for word in words].index(b"STREAMS") + 1 :]
        half = len(names) // 2
        return list(zip(names[:half], names[half:], strict=True))

    # Groups

    def do_xgroup(self, words: Words) -> Any:
        """XGROUP CREATE | SETID | DESTROY | CREATECONSUMER | DELCONSUMER key group ..."""
        how, key, name, *rest = words
        make = b"MKSTREAM" in [word.upper() for word in rest]
        if not make and not self._exists(key):
            raise ReplyError(
                "ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may "
                "want to use the MKSTREAM option to create an empty stream automatically."
            )
        stream = self._get(key, Stream, make=make)
        match how.upper():
            case b"CREATE":
                if name in stream.groups:
                    raise ReplyError("BUSYGROUP Consumer Group name already exists")
                stream.groups[name] = Group(self._id_in(stream, rest[0]))
                return OK
            case b"SETID":
                self._group(key, name).last = self._id_in(stream, rest[0])
                return OK
            case b"DESTROY":
                return int(stream.groups.pop(name, None) is not None)
            case b"CREATECONSUMER":
                consumers = self._group(key, name).consumers
                new = rest[0] not in consumers
                consumers.setdefault(rest[0], self.now)
                return int(new)
            case b"DELCONSUMER":
                return self._forget(self._group(key, name), rest[0])
        raise ReplyError(f"ERR unknown subcommand '{how.decode(errors='replace')}'")

    def _id_in(self, stream: Stream, word: bytes) -> Identity:
        return stream.last if word == b"$" else stream_id(word, 0)

    def _forget(self, group: Group, consumer: bytes) -> int:
        owned = group.owned(consumer, 0, self.now)
        for identity in owned:
            del group.pending[identity]
        group.consumers.pop(consumer, None)
        return len(owned)

    def _group(self, key: bytes, name: bytes) -> Group:
        group: Group | None = self._get(key, Stream).groups.get(name)
        if group is None:
            told = f"'{key.decode(errors='replace')}' or consumer group '{name.decode()}'"
            raise ReplyError(f"NOGROUP No such key {told}")
        return group

    def do_xreadgroup(self, words: Words) -> Any:
        """XREADGROUP GROUP group consumer [COUNT n] [NOACK] STREAMS key... id..., without waiting.

        ``>`` are entries that nobody was given; an id asks for those pending at the consumer.
        """
        name, consumer = words[1:3]
        found, keeps = Pairs(), b"NOACK" not in [word.upper() for word in words[3:]]
        for key, after in self._asked(words):
            group, stream = self._group(key, name), self._get(key, Stream)
            group.consumers[consumer] = self.now
            most = _after(words[3:], b"COUNT", len(stream.entries) + len(group.pending))
            if after != b">":
                found[key] = self._pending_at(stream, group, consumer, stream_id(after, 0))[:most]
                continue
            new = [i for i in stream.entries if i > group.last][:most]
            for identity in new:
                group.last = identity
                if keeps:
                    group.give(identity, consumer, self.now)
            if new:
                found[key] = [stream.told(identity) for identity in new]
        return found or None

    def _pending_at(
        self, stream: Stream, group: Group, consumer: bytes, after: Identity
    ) -> list[Any]:
        owned = group.owned(consumer, 0, self.now)
        return [stream.told(identity) for identity in owned if identity > after]

    def do_xack(self, words: Words) -> Any:
        """XACK key group id..."""
        group = self._get(words[0], Stream).groups.get(words[1])
        if group is None:
            return 0
        return sum(group.pending.pop(stream_id(w, 0), None) is not None for w in words[2:])

    def do_xpending(self, words: Words) -> Any:
        """XPENDING key group [[IDLE ms] start end count [consumer]]."""
        group, rest = self._group(words[0], words[1]), words[2:]
        if not rest:
            return self._summary(group)
        idle = 0
        if rest[0].upper() == b"IDLE":
            idle, rest = int(rest[1]), rest[2:]
        (low, high), count = _bounds(rest[0], rest[1]), int(rest[2])
        owned = group.owned(rest[3] if len(rest) > 3 else None, idle, self.now)
        told = [
            [told_id(identity), pending.consumer, self.now - pending.given, pending.times]
            for identity, pending in owned.items()
            if low <= identity <= high
        ]
        return told[:count]

    def _summary(self, group: Group) -> Any:
        if not group.pending:
            return [0, None, None, None]
        owners = [pending.consumer for pending in group.pending.values()]
        each = [[owner, b"%d" % owners.count(owner)] for owner in sorted(set(owners))]
        return [len(owners), told_id(min(group.pending)), told_id(max(group.pending)), each]

    def do_xclaim(self, words: Words) -> Any:
        """XCLAIM key group consumer idle-ms id... [JUSTID]; other options are not known."""
        key, name, consumer, idle, *identities = words
        justid = bool(identities) and identities[-1].upper() == b"JUSTID"
        wanted = [stream_id(word, 0) for word in (identities[:-1] if justid else identities)]
        group, stream = self._group(key, name), self._get(key, Stream)
        owned = group.owned(None, int(idle), self.now)
        return self._claimed(stream, group, consumer, [i for i in wanted if i in owned], justid)

    def do_xautoclaim(self, words: Words) -> Any:
        """XAUTOCLAIM key group consumer idle-ms start [COUNT n] [JUSTID]."""
        key, name, consumer, idle, start, *rest = words
        count = _after(rest, b"COUNT", 100)
        group, stream = self._group(key, name), self._get(key, Stream)
        low = _bounds(start, b"+")[0]
        idlers = [i for i in group.owned(None, int(idle), self.now) if i >= low]
        taken, rest_of = idlers[:count], idlers[count:]
        gone = [identity for identity in taken if identity not in stream.entries]
        justid = b"JUSTID" in [word.upper() for word in rest]
        claimed = self._claimed(stream, group, consumer, taken, justid)
        follows = told_id(rest_of[0]) if rest_of else b"0-0"
        return [follows, claimed, [told_id(identity) for identity in gone]]

    def _claimed(
        self, stream: Stream, group: Group, consumer: bytes, wanted: list[Identity], justid: bool
    ) -> list[Any]:
        """Entries that change their consumer; those that were deleted are pending no more."""
        group.consumers[consumer] = self.now
        found: list[Any] = []
        for identity in wanted:
            if identity not in stream.entries:
                del group.pending[identity]
                continue
            group.give(identity, consumer, self.now)
            found.append(told_id(identity) if justid else stream.told(identity))
        return found

    def do_xinfo(self, words: Words) -> Any:
        """XINFO STREAM key | GROUPS key | CONSUMERS key group."""
        how, key = words[0].upper(), words[1]
        if not self._exists(key):
            raise ReplyError("ERR no such key")
        stream = self._get(key, Stream)
        if how == b"STREAM":
            return {
                b"length": len(stream.entries),
                b"last-generated-id": told_id(stream.last),
                b"groups": len(stream.groups),
                b"first-entry": next(map(stream.told, stream.entries), None),
                b"last-entry": next(map(stream.told, reversed(stream.entries)), None),
            }
        if how == b"GROUPS":
            return [
                {
                    b"name": name,
                    b"consumers": len(group.consumers),
                    b"pending": len(group.pending),
                    b"last-delivered-id": told_id(group.last),
                    b"lag": sum(i > group.last for i in stream.entries),
                }
                for name, group in stream.groups.items()
            ]
        group = self._group(key, words[2])
        return [
            {
                b"name": consumer,
                b"pending": len(group.owned(consumer, 0, self.now)),
                b"idle": self.now - seen,
            }
            for consumer, seen in group.consumers.items()
        ]
