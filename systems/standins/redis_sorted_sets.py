"""The commands on sorted sets of a stand-in for Redis: members in the order of their scores."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from splitbrain.systems.standins.redis_keyspace import Keyspace, Words
from splitbrain.systems.standins.redis_ranks import Ranked, SortedSet, bound, score_of
from splitbrain.systems.standins.resp import ReplyError, Scored

_SYNTAX = "ERR syntax error"


class SortedSets(Keyspace):
    """Values whose members have scores; one without any is no key."""

    def do_zadd(self, words: Words) -> Any:
        """ZADD key [NX | XX] [GT | LT] [CH] [INCR] score member..."""
        options, pairs = _options(words[1:], (b"NX", b"XX", b"GT", b"LT", b"CH", b"INCR"))
        if not pairs or len(pairs) % 2 or {b"NX", b"XX"} <= options:
            raise ReplyError(_SYNTAX)
        asked = [
            (member, score_of(score)) for score, member in zip(*[iter(pairs)] * 2, strict=True)
        ]
        scores = self._get(words[0], SortedSet, make=True).scores
        added = changed = 0
        answer: float | None = None
        for member, score in asked:
            old = scores.get(member)
            new = score + (old or 0.0) if b"INCR" in options else score
            if _may_set(options, old, new):
                added, changed = added + (old is None), changed + (old != new)
                scores[member] = answer = new
        self._tidy(words[0])
        if b"INCR" in options:
            return answer
        return changed if b"CH" in options else added

    def do_zincrby(self, words: Words) -> Any:
        """ZINCRBY key amount member."""
        return self.do_zadd([words[0], b"INCR", words[1], words[2]])

    def do_zrem(self, words: Words) -> Any:
        """ZREM key member..."""
        return self._without(words[0], words[1:])

    def do_zscore(self, words: Words) -> Any:
        """ZSCORE key member."""
        return self._scores(words[0]).get(words[1])

    def do_zmscore(self, words: Words) -> Any:
        """ZMSCORE key member..."""
        scores = self._scores(words[0])
        return [scores.get(member) for member in words[1:]]

    def do_zcard(self, words: Words) -> Any:
        """ZCARD key."""
        return len(self._scores(words[0]))

    def do_zcount(self, words: Words) -> Any:
        """ZCOUNT key min max."""
        return len(self._by_score(words[0], words[1], words[2]))

    def do_zrank(self, words: Words) -> Any:
        """ZRANK key member."""
        return self._rank(words[0], words[1], self._ranked(words[0]))

    def do_zrevrank(self, words: Words) -> Any:
        """ZREVRANK key member."""
        return self._rank(words[0], words[1], self._ranked(words[0])[::-1])

    def do_zrange(self, words: Words) -> Any:
        """ZRANGE key start stop [BYSCORE] [REV] [LIMIT offset count] [WITHSCORES]."""
        upper = [word.upper() for word in words[3:]]
        backwards = b"REV" in upper
        if b"BYSCORE" in upper:
            least, most = (words[2], words[1]) if backwards else (words[1], words[2])
            found = self._by_score(words[0], least, most)
            found = found[::-1] if backwards else found
        else:
            found = self._by_rank(words[0], words[1], words[2], backwards)
        return _told(found, words[3:])

    def do_zrevrange(self, words: Words) -> Any:
        """ZREVRANGE key start stop [WITHSCORES]."""
        return self.do_zrange([*words, b"REV"])

    def do_zrangebyscore(self, words: Words) -> Any:
        """ZRANGEBYSCORE key min max [WITHSCORES] [LIMIT offset count]."""
        return self.do_zrange([*words, b"BYSCORE"])

    def do_zrevrangebyscore(self, words: Words) -> Any:
        """ZREVRANGEBYSCORE key max min [WITHSCORES] [LIMIT offset count]."""
        return self.do_zrange([*words, b"BYSCORE", b"REV"])

    def do_zremrangebyscore(self, words: Words) -> Any:
        """ZREMRANGEBYSCORE key min max."""
        gone = self._by_score(words[0], words[1], words[2])
        return self._without(words[0], [member for member, _ in gone])

    def do_zremrangebyrank(self, words: Words) -> Any:
        """ZREMRANGEBYRANK key start stop."""
        gone = self._by_rank(words[0], words[1], words[2])
        return self._without(words[0], [member for member, _ in gone])

    def do_zpopmin(self, words: Words) -> Any:
        """ZPOPMIN key [count]."""
        return self._popped(words, self._ranked(words[0]))

    def do_zpopmax(self, words: Words) -> Any:
        """ZPOPMAX key [count]."""
        return self._popped(words, self._ranked(words[0])[::-1])

    def _scores(self, key: bytes) -> dict[bytes, float]:
        found: SortedSet = self._get(key, SortedSet)
        return found.scores

    def _ranked(self, key: bytes) -> list[tuple[bytes, float]]:
        found: SortedSet = self._get(key, SortedSet)
        return found.ranked()

    def _by_score(self, key: bytes, least: bytes, most: bytes) -> Ranked:
        above, below = bound(least, lambda s, b: s > b), bound(most, lambda s, b: s < b)
        return [(m, score) for m, score in self._ranked(key) if above(score) and below(score)]

    def _by_rank(self, key: bytes, start: bytes, stop: bytes, backwards: bool = False) -> Ranked:
        ranked = self._ranked(key)
        first, last = (int(word) + len(ranked) * (int(word) < 0) for word in (start, stop))
        return (ranked[::-1] if backwards else ranked)[max(0, first) : max(0, last + 1)]

    def _rank(self, key: bytes, member: bytes, ranked: Ranked) -> int | None:
        return next((rank for rank, (found, _) in enumerate(ranked) if found == member), None)

    def _popped(self, words: Words, ranked: Ranked) -> Any:
        gone = ranked[: int(words[1]) if len(words) > 1 else 1]
        self._without(words[0], [member for member, _ in gone])
        return Scored(gone) if len(words) > 1 else [part for pair in gone for part in pair]

    def _without(self, key: bytes, members: Sequence[bytes]) -> int:
        scores = self._scores(key)
        gone = sum(scores.pop(member, None) is not None for member in members)
        self._tidy(key)
        return gone


def _may_set(options: set[bytes], old: float | None, new: float) -> bool:
    if old is None:
        return b"XX" not in options
    if b"NX" in options:
        return False
    return not ((b"GT" in options and new <= old) or (b"LT" in options and new >= old))


def _options(words: Words, known: Sequence[bytes]) -> tuple[set[bytes], Words]:
    """The options that words begin with, and the rest."""
    count = next((i for i, word in enumerate(words) if word.upper() not in known), len(words))
    return {word.upper() for word in words[:count]}, words[count:]


def _told(found: Ranked, words: Words) -> Any:
    """The reply to a range: what LIMIT leaves of it, with scores if they are asked for."""
    rest, scored = list(words), False
    while rest:
        match rest.pop(0).upper():
            case b"LIMIT":
                offset, count = int(rest.pop(0)), int(rest.pop(0))
                found = found[offset:] if count < 0 else found[offset : offset + count]
            case b"WITHSCORES":
                scored = True
            case b"BYSCORE" | b"REV":
                pass
            case _:
                raise ReplyError(_SYNTAX)
    return Scored(found) if scored else [member for member, _ in found]
