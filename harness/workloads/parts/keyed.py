"""Operations on a few independent keys, for workloads whose values are ``[key, value]``.

What to write and what to compare with depends on what went before, so the generator keeps for each
key a number that was never written and the value last seen in an ``ok`` completion. A cas that
compares with what was last seen has a fair chance to match, however many values there are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import accumulate
from random import Random
from typing import Any

from splitbrain.checkers.history.operation import Operation
from splitbrain.harness.generators import PENDING, Context, Generator, Invocation, Step
from splitbrain.harness.plan import InvalidPlan, Plan
from splitbrain.harness.workloads.parts.options import Option
from splitbrain.harness.workloads.workload import FinalRead


@dataclass(frozen=True, slots=True)
class KeyState:
    """What the generator knows of a key.

    Attributes:
        fresh: the next number to write; numbers below it may have been written.
        seen: the value of the latest completion that showed one.
    """

    fresh: int = 0
    seen: Any = None


CAS_WITH_SEEN = 0.8
"""How often a cas compares with the value last seen, rather than with one that may be long gone."""

Argument = Callable[[str, KeyState, Random], tuple[Any, KeyState]]
"""The argument for an operation f on a key, and what is known of the key afterwards."""

Seen = Callable[[str, Any, KeyState], KeyState]
"""What is known of a key after an ok completion of f with this value (without the key)."""


def key_names(count: int) -> tuple[str, ...]:
    """Names for keys: x, y, z, k4, k5, ..."""
    return tuple("xyz"[i] if i < 3 else f"k{i + 1}" for i in range(count))


SKEW = Option(
    "skew",
    0.0,
    "how unevenly keys are taken: the n-th in proportion to n to the power of minus this (0: all "
    "alike; 1: Zipf's law; 10: one key takes nearly all)",
    most=10,
)


TURNOVER = Option(
    "turnover",
    0.0,
    "how many keys a second clients leave for good and take others for; a third of all is in use "
    "then (0: all are, all the time)",
    most=1000,
)


def any_of(count: int, skew: float, random: Random) -> int:
    """One of so many keys, by position; see `SKEW`."""
    if skew == 0:
        return random.randrange(count)
    weights = [(position + 1) ** -skew for position in range(count)]
    return random.choices(range(count), weights)[0]


@dataclass(frozen=True, slots=True)
class Choice:
    """Which keys are taken how often, and when.

    Attributes:
        count: how many keys there are.
        skew: see `SKEW`.
        turnover: see `TURNOVER`. What is wrong with a key that is written again and again is soon
            mended by the next write; what is left alone stays as it is.
    """

    count: int
    skew: float = 0.0
    turnover: float = 0.0

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> Choice:
        """What a workload's options say."""
        return cls(options["keys"], options["skew"], options["turnover"])

    def any(self, context: Context) -> int:
        """A key, by position."""
        if not self.turnover:
            return any_of(self.count, self.skew, context.random)
        used = max(1, self.count // 3)
        left = min(int(self.turnover * context.time / 1e9), self.count - used)
        return left + any_of(used, self.skew, context.random)


def keyed_operations(
    keys: tuple[str, ...],
    weights: Mapping[str, float],
    argument: Argument,
    seen: Seen,
    choice: Choice | None = None,
) -> Generator:
    """Endless operations, each on a random key, by a random free client.

    Args:
        keys: the keys.
        weights: how often each f is drawn, in proportion.
        argument: makes the argument.
        seen: learns from completions.
        choice: which keys are taken; all alike, unless given.
    """
    functions = tuple(f for f, weight in weights.items() if weight > 0)
    bounds = tuple(accumulate(weights[f] for f in functions))
    states = tuple(KeyState() for _ in keys)
    chosen = choice or Choice(len(keys))
    return KeyedOperations(keys, functions, bounds, argument, seen, states, chosen)


@dataclass(frozen=True, slots=True)
class KeyedOperations:
    """See `keyed_operations`."""

    keys: tuple[str, ...]
    functions: tuple[str, ...]
    bounds: tuple[float, ...]
    argument: Argument
    seen: Seen
    states: tuple[KeyState, ...]
    choice: Choice

    def next(self, context: Context) -> Step | None:
        """An operation if any client is free."""
        if not context.free:
            return PENDING, self
        draw = context.random
        position = self.choice.any(context)
        f = draw.choices(self.functions, cum_weights=self.bounds)[0]
        argument, state = self.argument(f, self.states[position], draw)
        client = draw.choice(context.free)
        invocation = Invocation(context.time, client, f, [self.keys[position], argument])
        return invocation, self._with(position, state)

    def update(self, context: Context, event: Operation) -> Generator:
        """Learns from an ok completion."""
        match event:
            case Operation(type="ok", f=f, value=[key, value]) if key in self.keys:
                position = self.keys.index(key)
                return self._with(position, self.seen(f, value, self.states[position]))
            case _:
                return self

    def _with(self, position: int, state: KeyState) -> KeyedOperations:
        if state == self.states[position]:
            return self
        states = (*self.states[:position], state, *self.states[position + 1 :])
        keys, functions, bounds = self.keys, self.functions, self.bounds
        argument, seen, choice = self.argument, self.seen, self.choice
        return KeyedOperations(keys, functions, bounds, argument, seen, states, choice)


def matched(answer: Any) -> bool:
    """A cas method's answer.

    Raises:
        TypeError: it is not a bool: a method that forgets to return must not count as a mismatch.
    """
    if not isinstance(answer, bool):
        raise TypeError(f"the client's cas returned {answer!r}: return True or False")
    return answer


def key_reads(f: str, plan: Plan, keys: int) -> list[FinalRead]:
    """A final read of every key, the servers taking turns."""
    names = key_names(keys)
    return [FinalRead(f, [key, None], plan.servers[i % plan.nodes]) for i, key in enumerate(names)]


def remainder(workload: str, shares: Mapping[str, float], rest: str) -> dict[str, float]:
    """The shares of all operations, where `rest` gets what the others leave of 1.

    Raises:
        InvalidPlan: they are more than 1 together.
    """
    total = sum(shares.values())
    if total > 1 + 1e-9:
        given = ", ".join(f"{name}={share:g}" for name, share in shares.items())
        raise InvalidPlan(
            f"options {given} of workload {workload} are shares of the operations, and make "
            f"{total:g} together: give at most 1, what is left is for {rest}"
        )
    return {**shares, rest: max(0.0, 1 - total)}
