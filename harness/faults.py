"""Faults as one writes them in a test.

    @simulate(nodes=3, faults=faults.swarm())
    @simulate(nodes=3, faults=faults.partition(shape="leader") | faults.kill(at=2.0, duration=0.5))

Every kind of fault has a function named after it (`of` says it for any kind), which gives a
`FaultSource`: it draws faults for a plan from a seed. With ``at`` it is that one fault, in every
run; without, faults of its kind come at random times, and what is given (target, duration, options)
is theirs. Times are virtual seconds.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from splitbrain.harness.nemesis.catalogue import (
    check_fault,
    check_form,
    every_kind,
    plan_name,
    resolve,
)
from splitbrain.harness.nemesis.claims import Claims
from splitbrain.harness.nemesis.kind import Kind
from splitbrain.harness.nemesis.schedule import DENSITY, Fixed, by_start, draw_faults
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
        """All sources' faults, by start; the second source's ids end in ``.2``, and so on."""
        faults = list(self.sources[0].draw(seed, plan)) if self.sources else []
        for number, source in enumerate(self.sources[1:], start=2):
            drawn = source.draw(f"{seed}/{number - 1}", plan)
            faults += [replace(fault, id=f"{fault.id}.{number}") for fault in drawn]
        return by_start(faults)

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
            clients=plan.clients,
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
            check_fault(fault, plan.servers, plan.client_hosts)
            if fault.at > plan.time_limit:
                raise InvalidPlan(
                    f"fault {fault.kind} starts at {fault.at} s, after the {plan.time_limit:g} s "
                    "of load: start it earlier or raise time_limit"
                )
        return by_start(self.faults)

    def __or__(self, other: FaultSource) -> FaultSource:
        """These faults and the other's."""
        return Both((self, other))


def none() -> FaultSource:
    """No faults."""
    return Both()


def swarm(
    kinds: str | Iterable[str | Kind] = "all",
    *,
    density: float = DENSITY,
    bursts: int = 0,
    survivable: bool = False,
    claims: Claims | None = None,
) -> FaultSource:
    """Many faults of a random half of the kinds in each run
    (`splitbrain.harness.nemesis.schedule`).

    Args:
        kinds: ids, aliases, families or import paths with commas in between, ``all``, or kinds.
        density: most faults of a kind a virtual second.
        bursts: if positive, faults come in that many bursts.
        survivable: stay within what the system claims to tolerate.
        claims: these claims.

    Raises:
        InvalidPlan: a kind is unknown.
    """
    names = tuple(map(plan_name, resolve(kinds)))
    return Drawn(names, density, bursts=bursts, survivable=survivable, claims=claims)


def of(
    kind: str | Kind,
    *,
    at: float | None = None,
    duration: float | None = None,
    target: str | None = None,
    **options: Any,
) -> FaultSource:
    """Faults of one kind; one fault if `at` is given (for a second, by default).

    The kind is given by id, alias or ``package.module:NAME``, or as itself. Options that are None
    count as not given.

    Raises:
        InvalidPlan: the kind is unknown, or doesn't take such a target, duration or options.
    """
    kinds = resolve(kind if isinstance(kind, str) else (kind,))
    if len(kinds) != 1:
        raise InvalidPlan(f"{kind!r} is not one kind of fault: swarm({kind!r}) draws from several")
    name = plan_name(kinds[0])
    options = {name: value for name, value in options.items() if value is not None}
    given = Fault(
        kind=name,
        at=0.0 if at is None else at,
        duration=1.0 if duration is None else duration,
        target=target or kinds[0].targets[0],
        options=options,
        id=f"{kinds[0].short_names[0]}-1",
    )
    check_form(given)
    if at is not None:
        return Exactly((given,))
    return Drawn((name,), swarm=False, fixed=Fixed(target, duration, options))


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
    short = {spelled: plan_name(kind) for kind in every_kind() for spelled in kind.short_names}
    if name not in short:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return Short(short[name])


def __dir__() -> list[str]:
    return sorted([*globals(), *(name for kind in every_kind() for name in kind.short_names)])
