"""A long sequence in which nearly everything is None."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Generic, TypeVar, overload

Item = TypeVar("Item")


class Few(Sequence[Item | None], Generic[Item]):
    """The items that are there, by position; None everywhere else.

    Args:
        length: of the sequence.
        items: those that are not None.
    """

    def __init__(self, length: int, items: Mapping[int, Item]) -> None:
        self._length = length
        self._items = items

    def __len__(self) -> int:
        return self._length

    @overload
    def __getitem__(self, position: int) -> Item | None: ...
    @overload
    def __getitem__(self, position: slice) -> list[Item | None]: ...
    def __getitem__(self, position: int | slice) -> Item | list[Item | None] | None:
        """One item, or a list of them."""
        places = range(self._length)[position]
        if isinstance(places, range):
            return [self._items.get(place) for place in places]
        return self._items.get(places)

    def __iter__(self) -> Iterator[Item | None]:
        return map(self._items.get, range(self._length))
