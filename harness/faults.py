"""Faults as one writes them in a test.

    @simulate(nodes=3, faults=faults.swarm())
    @simulate(nodes=3, faults=faults.partition(shape="leader") | faults.kill(at=2.0, duration=0.5))

Each function gives a `FaultSource`: it draws faults for a plan from a seed. With ``at`` it is that
one fault, in every run; without, faults of its kind come at random times, and what is given
(target, duration, options) is theirs. Times are virtual seconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from splitbrain.harness.nemesis.catalogue import check_fault, check_form, resolve
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


def fault(
    kind: str,
    *,
    at: float | None = None,
    duration: float | None = None,
    target: str | None = None,
    **options: Any,
) -> FaultSource:
    """Faults of one kind, by id or alias; one fault if `at` is given (for a second, by default).

    Raises:
        InvalidPlan: the kind is unknown, or doesn't take such a target, duration or options.
    """
    kinds = resolve(kind)
    if len(kinds) != 1:
        raise InvalidPlan(f"{kind!r} is not one kind of fault: swarm({kind!r}) draws from several")
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


def kill(
    *, at: float | None = None, duration: float | None = None, target: str | None = None
) -> FaultSource:
    """Processes die and start again; what they wrote to the page cache survives."""
    return fault("process.kill", at=at, duration=duration, target=target)


def power_loss(
    *,
    at: float | None = None,
    duration: float | None = None,
    target: str | None = None,
    policy: str | None = None,
) -> FaultSource:
    """Machines lose power and what was not fsynced (`policy`: what is left of that)."""
    options = _given(policy=policy)
    return fault("process.power_loss", at=at, duration=duration, target=target, **options)


def pause(
    *, at: float | None = None, duration: float | None = None, target: str | None = None
) -> FaultSource:
    """Processes stand still for a while."""
    return fault("process.pause", at=at, duration=duration, target=target)


def partition(
    *,
    at: float | None = None,
    duration: float | None = None,
    target: str | None = None,
    shape: str | None = None,
) -> FaultSource:
    """Servers are parted: ``halves``, ``one``, ``leader`` or ``majorities-ring``."""
    options = _given(shape=shape)
    return fault("net.partition", at=at, duration=duration, target=target, **options)


def partition_oneway(
    *,
    at: float | None = None,
    duration: float | None = None,
    target: str | None = None,
    direction: str | None = None,
) -> FaultSource:
    """Messages between servers get through in one direction only; `direction` (out, in) is lost."""
    options = _given(direction=direction)
    return fault("net.partition_oneway", at=at, duration=duration, target=target, **options)


def latency(
    *,
    at: float | None = None,
    duration: float | None = None,
    target: str | None = None,
    delay: float | None = None,
) -> FaultSource:
    """Messages take longer, by `delay` seconds on average."""
    options = _given(delay=delay)
    return fault("net.latency", at=at, duration=duration, target=target, **options)


def loss(
    *,
    at: float | None = None,
    duration: float | None = None,
    target: str | None = None,
    probability: float | None = None,
) -> FaultSource:
    """Messages get lost."""
    options = _given(probability=probability)
    return fault("net.loss", at=at, duration=duration, target=target, **options)


def duplicate(
    *,
    at: float | None = None,
    duration: float | None = None,
    target: str | None = None,
    probability: float | None = None,
) -> FaultSource:
    """Messages arrive twice."""
    options = _given(probability=probability)
    return fault("net.duplicate", at=at, duration=duration, target=target, **options)


def clock_bump(
    *,
    at: float | None = None,
    duration: float | None = None,
    target: str | None = None,
    offset: float | None = None,
) -> FaultSource:
    """Wall clocks jump by `offset` seconds, and later back."""
    options = _given(offset=offset)
    return fault("clock.bump", at=at, duration=duration, target=target, **options)


def clock_drift(
    *,
    at: float | None = None,
    duration: float | None = None,
    target: str | None = None,
    rate: float | None = None,
) -> FaultSource:
    """Clocks run at a wrong rate."""
    options = _given(rate=rate)
    return fault("clock.drift", at=at, duration=duration, target=target, **options)


def figure8(*, at: float | None = None, duration: float | None = None) -> FaultSource:
    """The play of the Raft paper's figure 8, over and over."""
    return fault("scenario.figure8", at=at, duration=duration)


def rollback(*, at: float | None = None, duration: float | None = None) -> FaultSource:
    """Leaders are cut off while they take in writes, and return."""
    return fault("scenario.rollback", at=at, duration=duration)


def split_vote_storm(*, at: float | None = None, duration: float | None = None) -> FaultSource:
    """Elections are slow and contested, and voters restart in the middle of them."""
    return fault("scenario.split_vote_storm", at=at, duration=duration)


def _given(**options: Any) -> Mapping[str, Any]:
    return {name: value for name, value in options.items() if value is not None}
