"""A kind of fault, complete: what people may ask of it, how it is drawn, performed and told.

A kind is one value, in a file of its family (`splitbrain.harness.nemesis.kinds`) or in anybody's
own package; nothing else in the harness or the reports knows it by name.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import exp, isfinite, log
from typing import Any, Literal

from splitbrain.harness.nemesis.injection import Prepare
from splitbrain.harness.nemesis.targets import GROUPS

WHOEVER_LEADS = ("one", "leader")
"""What may stand as the target of a scenario, which chooses its victims itself."""

Weights = Mapping[str, int]
"""Words with the weights to choose them by."""

SERVERS: Weights = {"leader": 4, "one": 3, "minority": 1, "followers": 1, "all": 1}
"""Leaders are struck more often than others, since most goes wrong where most is decided."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """An option of a kind of fault: a number between two bounds, or one of several words.

    Attributes:
        name: the option's name in ``Fault.options``.
        default: its value if the fault doesn't give it.
        description: what it means, with its unit.
        low: least value of a number.
        high: greatest value of a number.
        choices: the words allowed; empty for a number.
    """

    name: str
    default: float | str
    description: str
    low: float = 0.0
    high: float = float("inf")
    choices: tuple[str, ...] = ()

    def problem(self, value: Any) -> str | None:
        """What is wrong with `value`, or None."""
        if self.choices:
            return None if value in self.choices else f"it is one of {', '.join(self.choices)}"
        if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
            return "it is a number"
        if not self.low <= value <= self.high:
            return f"it lies between {self.low:g} and {self.high:g}"
        return None


Clause = str | Callable[[Sequence[str], Sequence[str], Mapping[str, Any]], str]
"""What a report says of a fault: a text with ``{targets}`` in it, or made from the targets, the
names of all servers and the recorded detail."""


@dataclass(frozen=True, slots=True)
class Words:
    """What a report says when the fault starts and when it stops, as clauses."""

    start: Clause
    stop: Clause


@dataclass(frozen=True, slots=True, eq=False)
class Kind:
    """A kind of fault.

    Attributes:
        id: its name, ``family.verb``.
        description: what happens, in a sentence or two.
        prepare: how it is performed (`splitbrain.harness.nemesis.injection`).
        words: what a report says of it; without any, its name.
        aliases: shorter names that people may write.
        parameters: its options.
        targets: the groups it can strike (`GROUPS`).
        weights: whom a drawn fault strikes, by weight.
        draw: the options of a drawn fault; those left out have their defaults.
        nodes_down: True if processes that it strikes end, and stay away until the fault ends.
        permanent: True if what it does is never undone, not even by healing: drawn once in a run.
        lasting: True if, with a duration of 0, it stays until everything is healed.
        composite: True if it goes in rounds and takes its victims as they come, rather than from
            the fault's target: drawn once in a run, and for long.
        long: True if it takes most of a run: drawn once in a run, and for long.
        most: the most faults of the kind that are drawn in a run, if it is rare.
        by_name: True if `all` leaves it out: it is drawn where it is named (or its family is), and
            for systems whose claims speak of it.
        real: True if only real processes can have it: it is drawn where it is named by itself.
        inside: True if it strikes what only some programs have (connections, tasks of asyncio, rare
            branches); drawn likewise.
        like: the kind that is no gentler: who claims to survive that one survives this one.
        strikes: whom its targets mean: servers, or clients (``one``, ``all``, or ``c1,c2``).
        module: the module whose code made it, so that a plan can name it.
    """

    id: str
    description: str
    prepare: Prepare
    words: Words | None = None
    aliases: tuple[str, ...] = ()
    parameters: tuple[Parameter, ...] = ()
    targets: tuple[str, ...] = GROUPS
    weights: Weights = field(default_factory=lambda: SERVERS)
    draw: Callable[[random.Random], dict[str, Any]] = lambda rng: {}
    nodes_down: bool = False
    permanent: bool = False
    lasting: bool = False
    composite: bool = False
    long: bool = False
    most: int | None = None
    by_name: bool = False
    real: bool = False
    inside: bool = False
    like: str = ""
    strikes: Literal["servers", "clients"] = "servers"
    module: str = field(default="", init=False)

    def __post_init__(self) -> None:
        # As namedtuple does: the caller of the __init__ that called this.
        made_in = sys._getframe(2).f_globals.get("__name__", "")
        object.__setattr__(self, "module", made_in)

    @property
    def family(self) -> str:
        """What it disturbs: ``process``, ``net``, ``clock``; or ``scenario`` for a composite."""
        return self.id.partition(".")[0]

    @property
    def apart(self) -> bool:
        """Whether it is drawn only where it is named by itself: its family does not mean it,
        if it has others."""
        return self.real or self.inside

    @property
    def short_names(self) -> tuple[str, ...]:
        """The names that it has in Python: aliases, and ``family_verb``; the first names its faults
        in plans."""
        names = (*self.aliases, self.id.replace(".", "_"))
        return tuple(dict.fromkeys(name.replace("-", "_") for name in names))


def log_uniform(rng: random.Random, low: float, high: float) -> float:
    """A number between `low` and `high`, uniform in its logarithm."""
    return exp(rng.uniform(log(low), log(high)))


def weighted(rng: random.Random, weights: Weights) -> str:
    """One of the words, by weight."""
    return rng.choices(tuple(weights), tuple(weights.values()))[0]
