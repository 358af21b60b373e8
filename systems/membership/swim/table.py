"""What a member knows of the members: a table that is merged, whatever comes, in whatever order.

Of each member it has the greatest *record* that it has heard of: first by incarnation, which the
member itself alone increases, then by rank: it is alive, suspected, or declared dead. So a rumour
of a death beats older signs of life, and only the member itself can refute it, by a greater
incarnation (Das, Gupta and Motivala, "SWIM", DSN 2002, section 4.2; that a death can be refuted,
too, is memberlist's).

>>> suspected = Record("n2", 3, SUSPECT, None)
>>> merged((Record("n2", 3, ALIVE, None),), (suspected,)) == (suspected,)
True
>>> merged((suspected,), (Record("n2", 4, ALIVE, "new"),))
(Record(name='n2', incarnation=4, rank=0, tag='new'),)
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

ALIVE, SUSPECT, DEAD = range(3)

STATUSES = ("alive", "suspect", "dead")
"""Ranks in words."""


class Record(NamedTuple):
    """What is said of a member.

    Attributes:
        name: the member.
        incarnation: which of its announcements this is about.
        rank: alive, suspected or dead.
        tag: what it announced of itself then.
    """

    name: str
    incarnation: int
    rank: int
    tag: Any


Table = tuple[Record, ...]
"""A record of each member that is known, by name."""


def merged(one: Iterable[Record], other: Iterable[Record]) -> Table:
    """What both know: of each member the greater record."""
    best: dict[str, Record] = {}
    for record in (*one, *other):
        known = best.get(record.name)
        if known is None or _age(known) < _age(record):
            best[record.name] = record
    return tuple(best[name] for name in sorted(best))


def table_of(raw: Iterable[Iterable[Any]]) -> Table:
    """A table from a message, where records are plain tuples."""
    return tuple(Record(*record) for record in raw)


def _age(record: Record) -> tuple[int, int]:
    return record.incarnation, record.rank
