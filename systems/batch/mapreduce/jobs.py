"""What jobs do: splits of the input, the map, combine and reduce functions, and who reduces what.

All of it is pure, and gives the same for the same input, whoever runs it and however often: that is
what makes it safe to run a task again (DDIA chapter 10, "Fault tolerance").
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from random import Random
from typing import Any, NamedTuple
from zlib import crc32

Pair = tuple[str, Any]


class Split(NamedTuple):
    """A part of the input: characters from `start` to `end`, which need not be at a line's end."""

    start: int
    end: int


def splits(text: str, size: int) -> list[Split]:
    """The input in parts of `size` characters."""
    return [Split(start, min(start + size, len(text))) for start in range(0, len(text), size)]


class Job:
    """The functions of a job. Bugs put others in their place.

    A line belongs to the split in which it begins. A value is combined as ``(sum, count)``, which
    can be added up in any order and any grouping.
    """

    def records(self, text: str, split: Split) -> Iterator[str]:
        """The lines of a split: those that begin in it, to their end, wherever that is."""
        position = split.start
        if position and text[position - 1] != "\n":
            position = text.find("\n", position) + 1 or len(text)
        while position < split.end:
            end = text.find("\n", position)
            end = len(text) if end < 0 else end
            yield text[position:end]
            position = end + 1

    def mapped(self, line: str) -> Pair:
        """A line's key and value."""
        key, number = line.split(" ")
        return key, (int(number), 1)

    def combined(self, values: Iterable[Any]) -> Any:
        """Some values of one key, as one; of combined ones, too."""
        values = list(values)
        return sum(value[0] for value in values), sum(value[1] for value in values)

    def combined_tree(self, tree: Any) -> Any:
        """Numbers combined in the groups of a tree; see `splitbrain.checkers.batch.combiners`."""
        if isinstance(tree, int):
            return tree, 1
        return self.combined(self.combined_tree(part) for part in tree)

    def reduced(self, function: str, value: Any) -> Any:
        """A key's output, from all its values combined."""
        return value[1] if function == "count" else value

    def partition(self, key: str, reducers: int, random: Random) -> int:
        """Which reducer a key belongs to: the same for every map task and every attempt."""
        return crc32(key.encode()) % reducers
