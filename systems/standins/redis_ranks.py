"""What a sorted set of a stand-in for Redis is: members with scores, and bounds of these."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import isnan

from splitbrain.systems.standins.resp import ReplyError

Ranked = Sequence[tuple[bytes, float]]


@dataclass(slots=True)
class SortedSet:
    """Members with their scores."""

    scores: dict[bytes, float] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.scores)

    def ranked(self) -> list[tuple[bytes, float]]:
        """Members and scores, least first, equal ones by their bytes."""
        return sorted(self.scores.items(), key=lambda pair: (pair[1], pair[0]))


def bound(word: bytes, beyond: Callable[[float, float], bool]) -> Callable[[float], bool]:
    """Whether a score is on the right side of a bound: ``5``, ``(5`` (without 5), ``-inf``.

    Raises:
        ReplyError: it is none.
    """
    limit = score_of(word.removeprefix(b"("), "ERR min or max is not a float")
    without = word.startswith(b"(")
    return lambda score: beyond(score, limit) or (score == limit and not without)


def score_of(word: bytes, refusal: str = "ERR value is not a valid float") -> float:
    """A score as a request has it.

    Raises:
        ReplyError: it is none, as `refusal` says.
    """
    try:
        score = float(word)
    except ValueError:
        raise ReplyError(refusal) from None
    if isnan(score):
        raise ReplyError(refusal)
    return score
