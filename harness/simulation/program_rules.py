"""What goes on within the programs of a host, as long as rules of the nemesis say so."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from random import Random
from typing import TYPE_CHECKING, Any

from splitbrain.harness.nemesis.rules import ProgramRule
from splitbrain.harness.simulation.strategies import Strategy, strategy_for

if TYPE_CHECKING:
    from splitbrain.harness.simulation.world import World

_DECISIONS = 300
"""About so many decisions a fault sees: by priorities, these change at some of them."""


class ProgramRules:
    """The rules in force on one host, and their dice.

    Attributes:
        any: whether there are any, so that an undisturbed program costs nothing.
    """

    def __init__(self, world: World, name: str) -> None:
        self.any = False
        self._world = world
        self._name = name
        self._rules: dict[ProgramRule, _Dice] = {}

    def add(self, rule: ProgramRule) -> None:
        """Let `rule` act."""
        self._rules[rule] = _Dice(rule, lambda *name: self._world.stream(*name, self._name))
        self.any = True

    def remove(self, rule: ProgramRule) -> None:
        """Lift a rule."""
        del self._rules[rule]
        self.any = bool(self._rules)

    def reorder(self, ready: list[Any], owner: Callable[[Any], Any]) -> list[Any]:
        """Put what is ready into another order, if a rule says so; returns what is held back."""
        dice = self._ordering()
        return [] if dice is None else dice.reorder(ready, owner)

    def pause(self) -> float:
        """For how many seconds the next one that is held back waits."""
        dice = self._ordering()
        return 0.0 if dice is None else dice.pause()

    def _ordering(self) -> _Dice | None:
        """The dice of the first rule about the order of tasks."""
        return next((dice for rule, dice in self._rules.items() if rule.order), None)

    def takes(self, place: str) -> bool:
        """Whether the program takes a rare branch that it comes by."""
        if not any(dice.takes(place) for dice in self._rules.values()):
            return False
        self._world.trace_event("buggify", self._name, place)
        return True


class _Dice:
    """The dice of one rule on one host."""

    def __init__(self, rule: ProgramRule, stream: Callable[..., Random]) -> None:
        self._rule = rule
        self._stream = stream
        self._decisions = 0
        self._places: dict[str, Random | None] = {}

    @cached_property
    def _strategy(self) -> Strategy:
        seed = self._stream("order", self._rule.name).randrange(1, 1 << 62)
        return strategy_for(seed, self._rule.order, _DECISIONS)

    @cached_property
    def _pauses(self) -> Random:
        return self._stream("pauses", self._rule.name)

    def reorder(self, ready: list[Any], owner: Callable[[Any], Any]) -> list[Any]:
        """See `ProgramRules.reorder`."""
        number, self._decisions = self._decisions, self._decisions + 1
        if not self._strategy.departs():
            return []
        order, going = self._strategy.order(number, list(map(owner, ready)))
        entries = [ready[at] for at in order]
        ready[:], held = entries[:going], entries[going:]
        if held or order != sorted(order):
            self._rule.affected += 1
        return held

    def pause(self) -> float:
        """See `ProgramRules.pause`."""
        return self._rule.pause * self._pauses.random()

    def takes(self, place: str) -> bool:
        """See `ProgramRules.takes`."""
        if not self._rule.places:
            return False
        if place not in self._places:
            dice = self._stream("branch", self._rule.name, place)
            self._places[place] = dice if dice.random() < self._rule.places else None
        draws = self._places[place]
        if draws is None or draws.random() >= self._rule.share:
            return False
        self._rule.taken.add(place)
        return True
