"""Shopping carts: what was put in is there in the end, and what was taken out stays out.

*Property.* Operations name a cart and an item: ``put`` puts an item in, each item once; ``take``
takes one out that was in it; ``look`` gives the items of a cart. A final look (one after the phase
event ``final``) shows each item whose put was acknowledged before it began and that nobody tried to
take out; it shows none whose taking out was acknowledged before it began. No look shows an item
that nobody had put into that cart by then.

==============  ====================================================================================
lost            a final look lacks an item that was put in, and that nobody tried to take out
returned        a final look shows an item that was taken out
unexpected      a look shows an item that was never put into this cart, or only later, or twice
diverged        two final looks differ in an item of which nothing is in doubt
==============  ====================================================================================

Where a server was dead for good in the end (event ``answers``) it took with it what it alone had:
then what the others show must be the same, and is not judged for what is lost or returned.

*Source.* DeCandia and others, "Dynamo", SOSP 2007, section 4.4: carts that are merged never lose
what was added, but "deleted items can resurface"; Kleppmann, "Designing Data-Intensive
Applications", chapter 5, "Merging concurrently written values".

*Algorithm.* Each look against the puts and takes of its cart: one pass over its items, and over the
items of the cart for final looks, which are compared with the first of their cart.

*Left out.* Whether an earlier look is behind another one: replicas may be.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from splitbrain.checkers.convergence.recheck.carts import verify
from splitbrain.checkers.entry import CheckerEntry
from splitbrain.checkers.history import FAIL, NEMESIS, OK, Call, History
from splitbrain.checkers.models.model import ModelError, frozen, shown
from splitbrain.checkers.verdict import INVALID, UNKNOWN, VALID, Anomaly, Checker, Verdict
from splitbrain.checkers.vocabulary import ANSWERS, FINAL, GONE, PHASE

NAME = "shopping-carts"
PUT, TAKE, LOOK = "put", "take", "look"
LOST, RETURNED, UNEXPECTED, DIVERGED = "lost", "returned", "unexpected", "diverged"

_SHOWN = 100


def shopping_carts() -> Checker:
    """A checker: carts keep what was put in, and nothing that was taken out. See the module."""
    return _ShoppingCarts()


@dataclass(slots=True)
class _Cart:
    """What was done to a cart, by item."""

    puts: dict[Hashable, Call] = field(default_factory=dict)
    takes: dict[Hashable, list[Call]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _ShoppingCarts:
    name: str = NAME

    def check(self, history: History) -> Verdict:
        """See `splitbrain.checkers.verdict.Checker`.

        Raises:
            ModelError: an operation names no cart; a look gives no list; an item is put in twice.
        """
        calls = [call for call in history.calls() if call.f in (PUT, TAKE, LOOK)]
        carts = _carts(calls)
        looks = [call for call in calls if call.f == LOOK and call.outcome == OK]
        final = next((e.index for e in history.events(PHASE) if e.value == FINAL), None)
        whole = not any(GONE in e.value.values() for e in history.events(ANSWERS, NEMESIS))
        finals = {
            look.invoke_index for look in looks if final is not None and look.invoke_index > final
        }
        wrong: list[Anomaly] = []
        judged = 0
        first: dict[Hashable, Call] = {}
        for look in looks:
            cart = carts.get(frozen(look.argument[0]), _Cart())
            wrong += _unexpected(look, cart)
            if whole and look.invoke_index in finals:
                wrong += _incomplete(look, cart)
                judged += sum(_ended_before(put, look) for put in cart.puts.values())
            elif look.invoke_index in finals:
                before = first.setdefault(frozen(look.argument[0]), look)
                sure = [] if before is look else _undoubted(cart, before)
                wrong += _differing(before, look, sure)
                judged += len(sure)
        coverage = {"looks": len(looks), "final looks": len(finals), "items to show": judged}
        if wrong:
            counts = Counter(anomaly.kind for anomaly in wrong)
            told = ", ".join(f"{n} {kind}" for kind, n in counts.items())
            reason = f"{told}; {wrong[0].message}"
            return Verdict(
                self.name, INVALID, reason, tuple(wrong[:_SHOWN]), None, coverage=coverage
            )
        if not judged:
            reason = "no final look could show what was put in, so nothing was exercised"
            return Verdict(self.name, UNKNOWN, reason, coverage=coverage)
        reason = (
            f"{len(finals)} final looks show what was put in and not taken out"
            if whole
            else f"{len(finals)} final looks show the same; what the dead alone had is not judged"
        )
        return Verdict(self.name, VALID, reason, coverage=coverage)


def _carts(calls: Sequence[Call]) -> Mapping[Hashable, _Cart]:
    carts: dict[Hashable, _Cart] = {}
    for call in calls:
        cart, item = _argument(call)
        if call.f == LOOK or call.outcome == FAIL:
            continue
        found = carts.setdefault(cart, _Cart())
        if call.f == TAKE:
            found.takes.setdefault(item, []).append(call)
        elif item in found.puts:
            raise ModelError(call.invoke_index, f"{shown(item)} is put in twice: give each a name")
        else:
            found.puts[item] = call
    return carts


def _argument(call: Call) -> tuple[Hashable, Hashable]:
    """The cart and the item."""
    if not (isinstance(call.argument, list) and len(call.argument) == 2):
        raise ModelError(
            call.invoke_index, f"{call.f} of {shown(call.argument)[:80]}: give [cart, item]"
        )
    if call.f == LOOK and call.outcome == OK and not _is_look(call.result):
        raise ModelError(
            call.invoke_index, f"look gives {shown(call.result)[:80]}: give [cart, items]"
        )
    return frozen(call.argument[0]), frozen(call.argument[1])


def _is_look(result: Any) -> bool:
    return isinstance(result, list) and len(result) == 2 and isinstance(result[1], list)


def _end(call: Call) -> int:
    """Where an operation that succeeded was completed."""
    assert call.complete_index is not None
    return call.complete_index


def _ended_before(call: Call, look: Call) -> bool:
    return call.outcome == OK and _end(call) < look.invoke_index


def _unexpected(look: Call, cart: _Cart) -> Iterator[Anomaly]:
    counts = Counter(map(frozen, look.result[1]))
    for item, count in counts.items():
        put = cart.puts.get(item)
        if count > 1 or put is None or put.invoke_index > _end(look):
            which = "twice" if count > 1 else "which nobody had put in"
            yield _anomaly(UNEXPECTED, look, f"shows {shown(item)}, {which}", item)


def _incomplete(look: Call, cart: _Cart) -> Iterator[Anomaly]:
    there = set(map(frozen, look.result[1]))
    for item, put in cart.puts.items():
        takes = cart.takes.get(item, [])
        if item not in there:
            if not takes and _ended_before(put, look):
                said = f"lacks {shown(item)}, which process {put.process} had put in"
                yield _anomaly(LOST, look, said, item, put)
            continue
        for take in takes:
            if _ended_before(take, look):
                said = f"shows {shown(item)}, which process {take.process} had taken out"
                yield _anomaly(RETURNED, look, said, item, put, take)
                break


def _undoubted(cart: _Cart, look: Call) -> list[Call]:
    """The puts of the items of which all that was asked had been acknowledged before a look."""
    return [
        put
        for item, put in cart.puts.items()
        if all(_ended_before(call, look) for call in (put, *cart.takes.get(item, [])))
    ]


def _differing(before: Call, look: Call, puts: Sequence[Call]) -> Iterator[Anomaly]:
    earlier, later = (set(map(frozen, each.result[1])) for each in (before, look))
    for put in puts:
        item = frozen(put.argument[1])
        if (item in earlier) != (item in later):
            said = f"{'shows' if item in later else 'lacks'} {shown(item)}, and another does not"
            yield _anomaly(DIVERGED, look, said, item, put, before)


def _anomaly(kind: str, look: Call, said: str, item: Hashable, *causes: Call) -> Anomaly:
    where = f"process {look.process}'s look into {shown(look.argument[0])} "
    ends = (call.complete_index for call in causes if call.complete_index is not None)
    indices = sorted({*(call.invoke_index for call in causes), *ends})
    details = {"cart": look.argument[0], "item": item}
    return Anomaly(kind, where + said, (*indices, look.invoke_index, _end(look)), details)


ENTRY = CheckerEntry(
    NAME, shopping_carts, "carts keep what was put in, and nothing taken out", verify=verify
)
"""By name."""
