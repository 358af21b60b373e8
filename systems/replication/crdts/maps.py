"""A map whose values are merged by a type of their own, key by key.

Source: Shapiro and others, INRIA RR-7506, 2011, section 3.1: a product of join semilattices is one.

>>> from splitbrain.systems.replication.crdts.counters import PNCounter
>>> one = GrowOnlyMap().changed("apples", PNCounter().changed("a", 2))
>>> other = GrowOnlyMap().changed("apples", PNCounter().changed("b", 1))
>>> one.merged(other).value("apples").value
3
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple, Protocol, Self


class Mergeable(Protocol):
    """A value of any type of this package."""

    def merged(self, other: Self) -> Self:
        """What both know."""
        ...


class GrowOnlyMap(NamedTuple):
    """By key, a value that is merged; sorted. Keys are never taken out, values may be emptied."""

    entries: tuple[tuple[str, Any], ...] = ()

    def value(self, key: str) -> Any:
        """The value under a key, None if there is none."""
        return dict(self.entries).get(key)

    def changed(self, key: str, value: Mergeable) -> Self:
        """The map with a later state of one of its values."""
        return type(self)(tuple(sorted({**dict(self.entries), key: value}.items(), key=_key)))

    def merged(self, other: Self) -> Self:
        """What both know, key by key."""
        entries = dict(self.entries)
        for key, value in other.entries:
            entries[key] = entries[key].merged(value) if key in entries else value
        return type(self)(tuple(sorted(entries.items(), key=_key)))

    def since(self, before: Self) -> Self:
        """The values that an earlier state had not, whole: merged with that, it is this one."""
        had = dict(before.entries)
        return type(self)(tuple(each for each in self.entries if had.get(each[0]) != each[1]))

    @classmethod
    def of(cls, raw: Iterable[Any], value_type: Any) -> Self:
        """A map from a message or a record, where it and its values are plain tuples."""
        (entries,) = raw
        return cls(tuple((key, value_type.of(value)) for key, value in entries))


def _key(entry: tuple[str, Any]) -> str:
    return entry[0]
