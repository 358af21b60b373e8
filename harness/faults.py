"""Faults as one writes them in a test.

    @simulate(nodes=3, faults=faults.swarm())
    @simulate(nodes=3, faults=faults.partition(shape="leader") | faults.kill(at=2.0, duration=0.5))

Every kind of fault has a function named after it (`of` says it for any kind), which gives a
`FaultSource`: it draws faults for a plan from a seed. With ``at`` it is that one fault, in every
run; without, faults of its kind come at random times, and what is given (target, duration, options)
is theirs. Times are virtual seconds.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Protocol

from splitbrain.harness.nemesis.catalogue import KINDS, check_fault, check_form, resolve
from splitbrain.harness.nemesis.claims import Claims
from splitbrain.harness.nemesis.schedule import DENSITY, Fixed, draw_faults, numbered
from splitbrain.harness.plan import Fault, InvalidPlan, Plan


class FaultSource(Protocol):
    """Something that draws faults for a plan."""

    def draw(self, seed: int | str, plan: Plan) -> tuple[Fault, ...]:
        """Faults for `plan`, by start, with ids; the same for the same seed and plan.

        Raises:
            InvalidPlan: they don't fit the plan's servers or time limit.
        """
        ...

    def __or__(self, other: FaultSource) -> FaultSource:
        """These faults and the other's."""
        ...


@dataclass(frozen=True, slots=True)
class Both:
    """The faults of several sources together; each draws from a seed of its own."""

    sources: tuple[FaultSource, ...] = ()

    def draw(self, seed: int | str, plan: Plan) -> tuple[Fault, ...]:
        """All sources' faults, by start, numbered anew."""
        return numbered(
            fault
            for number, source in enumerate(self.sources)
            for fault in source.draw(f"{seed}/{number}" if number else seed, plan)
        )

    def __or__(self, other: FaultSource) -> FaultSource:
        """These faults and the other's."""
        return Both((*self.sources, other))


@dataclass(frozen=True, slots=True)
class Drawn:
    """Faults at random times. The fields are `draw_faults`' arguments."""

    kinds: tuple[str, ...]
    density: float = DENSITY
    swarm: bool = True
    bursts: int = 0
    survivable: bool = False
    claims: Claims | None = None
    fixed: Fixed = field(default_factory=Fixed)

    def draw(self, seed: int | str, plan: Plan) -> tuple[Fault, ...]:
        """Faults of a random half of the kinds (or all), none lasting beyond the plan's load."""
        return draw_faults(
            self.kinds,
            seed=seed,
            time_limit=plan.time_limit,
            nodes=plan.nodes,
            density=self.density,
            swarm=self.swarm,
            bursts=self.bursts,
            survivable=self.survivable,
            claims=self.claims,
            fixed=self.fixed,
        )

    def __or__(self, other: FaultSource) -> FaultSource:
        """These faults and the other's."""
        return Both((self, other))


@dataclass(frozen=True, slots=True)
class Exactly:
    """The same given faults in every run."""

    faults: tuple[Fault, ...]

    def draw(self, seed: int | str, plan: Plan) -> tuple[Fault, ...]:
        """The faults, whatever the seed."""
        for fault in self.faults:
            check_fault(fault, plan.servers)
            if fault.at > plan.time_limit:
                raise InvalidPlan(
                    f"fault {fault.kind} starts at {fault.at} s, after the {plan.time_limit:g} s "
                    "of load: start it earlier or raise time_limit"
                )
        return numbered(self.faults)

    def __or__(self, other: FaultSource) -> FaultSource:
        """These faults and the other's."""
        return Both((self, other))


def none() -> FaultSource:
    """No faults."""
    return Both()


def swarm(
    kinds: str = "all",
    *,
    density: float = DENSITY,
    bursts: int = 0,
    survivable: bool = False,
    claims: Claims | None = None,
) -> FaultSource:
    """Many faults of a random half of the kinds in each run
    (`splitbrain.harness.nemesis.schedule`).

    Args:
        kinds: ids, aliases or families with commas in between, or ``all``.
        density: most faults a virtual second.
        bursts: if positive, faults come in that many bursts.
        survivable: stay within what the system claims to tolerate.
        claims: these claims.

    Raises:
        InvalidPlan: a kind is unknown.
    """
    ids = tuple(kind.id for kind in resolve(kinds))
    return Drawn(ids, density, bursts=bursts, survivable=survivable, claims=claims)


def of(
    kind: str,
    *,
    at: float | None = None,
    duration: float | None = None,
    target: str | None = None,
    **options: Any,
) -> FaultSource:
    """Faults of one kind, by id or alias; one fault if `at` is given (for a second, by default).

    Options that are None count as not given.

    Raises:
        InvalidPlan: the kind is unknown, or doesn't take such a target, duration or options.
    """
    kinds = resolve(kind)
    if len(kinds) != 1:
        raise InvalidPlan(f"{kind!r} is not one kind of fault: swarm({kind!r}) draws from several")
    options = {name: value for name, value in options.items() if value is not None}
    given = Fault(
        kind=kinds[0].id,
        at=0.0 if at is None else at,
        duration=1.0 if duration is None else duration,
        target=target or kinds[0].targets[0],
        options=options,
    )
    check_form(given)
    if at is not None:
        return Exactly((given,))
    return Drawn((kinds[0].id,), swarm=False, fixed=Fixed(target, duration, options))


@dataclass(frozen=True, slots=True)
class Short:
    """`of` for one kind: ``faults.kill(at=2.0)`` is ``faults.of("process.kill", at=2.0)``.

    Attributes:
        kind: the kind's id.
    """

    kind: str

    def __call__(
        self,
        *,
        at: float | None = None,
        duration: float | None = None,
        target: str | None = None,
        **options: Any,
    ) -> FaultSource:
        """See `of`."""
        return of(self.kind, at=at, duration=duration, target=target, **options)


def __getattr__(name: str) -> Short:
    """Every kind has a function named after it: an alias, or ``family_verb``."""
    short = {spelled: kind.id for kind in KINDS for spelled in kind.short_names}
    if name not in short:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return Short(short[name])


def __dir__() -> list[str]:
    return sorted([*globals(), *(name for kind in KINDS for name in kind.short_names)])
