"""The law of combiners: values may be combined in any order and grouping, or not at all.

*Property.* A combiner makes one value of several of the same key, where they are made; whoever
reduces them combines what is left. A job's output must not tell how often and where that was done:
on each partition of the values, in each order, combining parts and then what they gave is what
combining all at once gives.

*Source.* Dean and Ghemawat, "MapReduce", OSDI 2004, section 4.3 (a combiner is partial merging, and
needs a commutative and associative function); DDIA chapter 10, "MapReduce workflows".

*Algorithm.* Each pair and triple of the values in each order and grouping: O(n³) combinations of n
values. Commutative and associative on triples is commutative and associative on all that are made
of these values, as long as what the combiner gives is among them, too, so that is tried a second
time with what the first gave.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Any

from splitbrain.checkers.models.model import shown

Combine = Callable[[Iterable[Any]], Any]


def combiner_law(combine: Combine, values: Sequence[Any]) -> list[str]:
    """How a combiner breaks the law on these values, a sentence each; none if it doesn't."""
    given = list(values)
    made = [combine([one, other]) for one, other in pairwise(given)]
    return list(dict.fromkeys([*_broken(combine, given), *_broken(combine, given + made)]))


def _broken(combine: Combine, values: Sequence[Any]) -> Iterator[str]:
    """Each way, once, with the first values that show it."""
    for a in values:
        if combine([a]) != a:
            yield f"of {_told(a)} alone it makes {_told(combine([a]))}"
            break
    pairs = ((a, b) for at, a in enumerate(values) for b in values[at + 1 :])
    for a, b in pairs:
        if combine([a, b]) != combine([b, a]):
            yield f"not commutative: {_told(a)} and {_told(b)}"
            break
    for a, b, c in ((a, b, c) for a in values for b in values for c in values):
        ways = [combine([a, b, c]), combine([combine([a, b]), c]), combine([a, combine([b, c])])]
        if any(way != ways[0] for way in ways):
            yield f"not associative: {_told(a)}, {_told(b)} and {_told(c)}"
            break


def _told(value: Any) -> str:
    return shown(value)[:50]
