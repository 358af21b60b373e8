"""The law of combiners: values may be combined in any order and grouping, or not at all.

*Property.* A combiner makes one value of several of the same key, where they are made; whoever
reduces them combines what is left. A job's output must not tell how often and where that was done.
``combine`` of a tree, a list of numbers and of such trees, gives what comes of combining each part
and then what they gave: ``[[1, 2], 4]`` combines 1 and 2, and that with 4. All trees of the same
numbers give the same.

====================  ==============================================================================
grouping-dependent    a tree gives something else than the first one of the same numbers, which had
                      them in the same order
order-dependent       likewise, and it had them in another order
====================  ==============================================================================

*Source.* Dean and Ghemawat, "MapReduce", OSDI 2004, section 4.3 (a combiner is partial merging, and
needs a commutative and associative function); DDIA chapter 10, "MapReduce workflows".

*Algorithm.* Each result is compared with the first one of the same numbers. O(n log n) in the
numbers of all trees.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from splitbrain.checkers.batch.recheck import verify_combined
from splitbrain.checkers.entry import CheckerEntry
from splitbrain.checkers.findings import verdict_of
from splitbrain.checkers.history import OK, Call, History
from splitbrain.checkers.models.model import ModelError, shown
from splitbrain.checkers.verdict import Anomaly, Checker, Verdict

NAME, COMBINE = "combiner-law", "combine"

Combine = Callable[[Iterable[Any]], Any]


def combiner_law() -> Checker:
    """A checker: what is combined does not tell how. See the module."""
    return _CombinerLaw()


@dataclass(frozen=True, slots=True)
class _CombinerLaw:
    name: str = NAME

    def check(self, history: History) -> Verdict:
        """See `splitbrain.checkers.verdict.Checker`.

        Raises:
            ModelError: what is combined is no tree of whole numbers.
        """
        first: dict[tuple[int, ...], tuple[list[int], Call]] = {}
        anomalies, compared = [], 0
        for call in history.calls():
            if call.f != COMBINE:
                continue
            numbers = list(_numbers(call, call.argument))
            if call.outcome != OK:
                continue
            order, before = first.setdefault(tuple(sorted(numbers)), (numbers, call))
            compared += before.argument != call.argument
            if before.result != call.result:
                kind = "grouping-dependent" if order == numbers else "order-dependent"
                said = (
                    f"{shown(before.argument)} combined gives {shown(before.result)}, and "
                    f"{shown(call.argument)} gives {shown(call.result)}"
                )
                at = [each.complete_index or each.invoke_index for each in (before, call)]
                anomalies.append(Anomaly(kind, said, tuple(at)))
        holds = f"{compared} other orders and groupings of the same numbers gave the same"
        vain = None if compared else "no numbers were combined in two ways: nothing was exercised"
        return verdict_of(NAME, anomalies, {"other ways": compared}, holds=holds, vain=vain)


def _numbers(call: Call, tree: Any) -> Iterator[int]:
    """The leaves of a tree, in order."""
    if not isinstance(tree, list) or not tree:
        said = f"{shown(call.argument)} is no tree: give a list of numbers and of such lists"
        raise ModelError(call.invoke_index, said)
    for part in tree:
        if type(part) is int:
            yield part
        else:
            yield from _numbers(call, part)


# A combiner by itself


def broken_law(combine: Combine, values: Sequence[Any]) -> list[str]:
    """How a combiner breaks the law on these values, a sentence each; none if it doesn't.

    Each pair and triple in each order and grouping: O(n³) combinations of n values. What is
    commutative and associative on triples is that on all that are made of these values, as long as
    what the combiner gives is among them, too; so what it gives is tried a second time.
    """
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


ENTRY = CheckerEntry(
    NAME, combiner_law, "values combined in any order and grouping", verify=verify_combined
)
