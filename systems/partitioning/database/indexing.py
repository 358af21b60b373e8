"""A local secondary index: of the items that a server has, those of each color.

It is partitioned by document (DDIA chapter 6): each server indexes what it has, in memory, and
whoever looks for a color asks all of them. It follows the data at once, as they are of one server;
what is read from a log or arrives with a range is entered as it comes.

An item is a value that is a pair: its color, and a number that no other item has.

>>> index = LocalIndex()
>>> index.follow("cart", None, ("red", 1)), index.follow("cart", ("red", 1), ("blue", 2))
(None, None)
>>> index.keys("red"), index.keys("blue")
([], ['cart'])
"""

from __future__ import annotations

from typing import Any


class LocalIndex:
    """Keys by color."""

    def __init__(self) -> None:
        self._keys: dict[str, set[str]] = {}

    def follow(self, key: str, before: Any, after: Any) -> None:
        """A key had one value and has another; None for no value."""
        if (old := color_of(before)) is not None:
            self._keys[old].discard(key)
        if (new := color_of(after)) is not None:
            self._keys.setdefault(new, set()).add(key)

    def keys(self, color: str) -> list[str]:
        """The keys of items of a color, sorted."""
        return sorted(self._keys.get(color, ()))


def color_of(value: Any) -> str | None:
    """The color of an item; None if a value is no item."""
    is_item = isinstance(value, tuple) and len(value) == 2 and isinstance(value[0], str)
    return value[0] if is_item else None
