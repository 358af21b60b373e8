"""Draws a plan's faults from its seed.

By default a *swarm* with many faults: each run takes a random half of the kinds and no others
(Groce et al., "Swarm Testing", ISSTA 2012), and draws many faults of these. On two planted Raft
bugs a prototype found two to four times as many failures in the same time that way as with few
faults of all kinds alike, and more still than with bursts. Leaders are struck more often than
others, since most goes wrong where most is decided.

Whether, how often and when faults of a kind come is drawn from a stream of that kind's own, and
their ids count within the kind. A kind more in the catalogue therefore changes no plan in which it
doesn't occur, and adds its faults to the others. (One exception: where no coin of a small selection
comes up, one kind is taken all the same, and which one depends on all of them.)
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from splitbrain.harness.nemesis.catalogue import check_fault, plan_name, resolve
from splitbrain.harness.nemesis.claims import Claims, most_down, victims
from splitbrain.harness.nemesis.kind import Kind, log_uniform, weighted
from splitbrain.harness.nemesis.targets import minority
from splitbrain.harness.plan import MOST_CLIENTS, Fault, InvalidPlan
from splitbrain.harness.streams import stream

DENSITY = 1.5
"""Most faults of a kind a virtual second (their number is uniform from one up to that)."""

MOST_FAULTS = 200
"""However long the run is, no more faults of a kind than that."""

SHORTEST_MS = 20
"""Faults last at least that long, in milliseconds."""


@dataclass(frozen=True, slots=True)
class Fixed:
    """What is not drawn, if given: the same for every fault.

    Attributes:
        target: whom they strike.
        duration: how long each lasts, in seconds.
        options: options that replace drawn ones.
    """

    target: str | None = None
    duration: float | None = None
    options: Mapping[str, Any] = field(default_factory=dict)


def draw_faults(
    kinds: str | Iterable[str | Kind],
    *,
    seed: int | str,
    time_limit: float,
    nodes: int,
    clients: int = MOST_CLIENTS,
    density: float = DENSITY,
    swarm: bool = True,
    bursts: int = 0,
    survivable: bool = False,
    claims: Claims | None = None,
    fixed: Fixed | None = None,
) -> tuple[Fault, ...]:
    """Faults for one run, by start, with ids such as ``kill-1``; the same for the same arguments.

    Args:
        kinds: what to draw from, as for `resolve`.
        seed: the plan's seed.
        time_limit: virtual seconds of load; every fault ends by then.
        nodes: how many servers there are.
        clients: how many clients there are.
        density: most faults of a kind a virtual second.
        swarm: take a random half of the kinds only.
        bursts: if positive, faults come in that many bursts rather than evenly.
        survivable: stay within the claims: only kinds claimed, and no more servers down at once.
        claims: what the system claims to tolerate; None: any kind, with a minority down.
        fixed: what isn't to be drawn.

    Raises:
        InvalidPlan: a kind is unknown, or what is fixed doesn't fit the kinds or the time limit.
    """
    fixed = fixed or Fixed()
    limit_ms = int(time_limit * 1000)
    _check_numbers(limit_ms, density, bursts, fixed)
    pool = resolve(kinds)
    if survivable and claims is not None:
        claimed = resolve(claims.kinds)
        pool = tuple(kind for kind in pool if kind in claimed)
    limit = minority(nodes) if claims is None else claims.limit(nodes)
    window = _Window(limit_ms, _burst_times(stream(seed, "faults"), bursts, limit_ms))
    most = max(1, min(MOST_FAULTS, int(density * time_limit)))
    faults: list[Fault] = []
    # In the catalogue's order, so that a kind further down it takes nothing from one above.
    for kind, rng in _chosen(pool, seed, swarm):
        if kind.permanent and not minority(nodes):
            continue  # whoever is left could show nothing any more
        for fault in _draw_all(rng, kind, window, most, fixed):
            kept = _survivable(fault, kind, faults, nodes, limit) if survivable else fault
            if kept is not None:
                faults.append(kept)
    servers = [f"n{i + 1}" for i in range(nodes)]
    hosts = [f"c{i + 1}" for i in range(clients)]
    for fault in faults:
        check_fault(fault, servers, hosts)
    return by_start(faults)


def by_start(faults: Iterable[Fault]) -> tuple[Fault, ...]:
    """The faults in the order in which they start."""
    return tuple(sorted(faults, key=lambda fault: fault.at))


@dataclass(frozen=True, slots=True)
class _Window:
    """When faults may start, in milliseconds: after a moment in which a leader is elected."""

    limit: int
    bursts: Sequence[int]

    @property
    def earliest(self) -> int:
        return min(300, self.limit // 10)

    def duration(self, rng: random.Random, kind: Kind) -> int:
        if kind.composite or kind.long:
            # What goes in rounds needs time for several.
            return int(rng.uniform(0.4, 0.8) * self.limit)
        longest = max(2 * SHORTEST_MS, min(4000, self.limit // 5))
        return int(log_uniform(rng, SHORTEST_MS, longest))

    def start(self, rng: random.Random, duration: int) -> int:
        latest = max(self.earliest, self.limit - duration)
        if not self.bursts:
            return rng.randint(self.earliest, latest)
        start = rng.choice(self.bursts) + int(rng.expovariate(1 / 150))
        return min(max(start, self.earliest), latest)


def _burst_times(rng: random.Random, bursts: int, limit_ms: int) -> list[int]:
    return [rng.randint(0, limit_ms) for _ in range(bursts)]


def _chosen(pool: Sequence[Kind], seed: int | str, swarm: bool) -> list[tuple[Kind, random.Random]]:
    """The kinds of this run, each with its own stream, from which everything about it is drawn.

    A swarm tosses a coin for each kind. If none comes up, the one that came nearest is taken: a run
    without any fault would be wasted.
    """
    streams = [(kind, stream(seed, "faults", kind.id)) for kind in pool]
    if not swarm or not pool:
        return streams
    tosses = [rng.random() for _, rng in streams]
    heads = [drawn for drawn, toss in zip(streams, tosses, strict=True) if toss < 0.5]
    return heads or [streams[tosses.index(min(tosses))]]


def _draw_all(
    rng: random.Random, kind: Kind, window: _Window, most: int, fixed: Fixed
) -> list[Fault]:
    """A kind's faults, in the order in which they start."""
    # Two of a composite at a time would get into each other's way; one that is never undone,
    # drawn again and again, would leave nobody.
    most = min(most, kind.most or most)
    count = 1 if kind.composite or kind.long or kind.permanent else rng.randint(1, most)
    drawn = by_start(_draw(rng, kind, window, fixed) for _ in range(count))
    return [replace(fault, id=f"{kind.short_names[0]}-{i}") for i, fault in enumerate(drawn, 1)]


def _draw(rng: random.Random, kind: Kind, window: _Window, fixed: Fixed) -> Fault:
    target = weighted(rng, kind.weights)
    options = kind.draw(rng)
    duration = min(window.duration(rng, kind), window.limit - window.earliest)
    if kind.permanent:
        duration = 0
    if fixed.duration is not None:
        duration = int(fixed.duration * 1000)
    return Fault(
        kind=plan_name(kind),
        at=window.start(rng, duration) / 1000,
        duration=duration / 1000,
        target=fixed.target or target,
        options={**options, **fixed.options},
    )


def _survivable(
    fault: Fault, kind: Kind, others: Sequence[Fault], nodes: int, limit: int
) -> Fault | None:
    """The fault, or a milder one of its kind, or None if even that takes too many servers down."""
    if not kind.nodes_down:
        return fault
    if victims(fault, nodes) > limit:
        fault = replace(fault, target="one")
    return fault if most_down([*others, fault], nodes) <= limit else None


def _check_numbers(limit_ms: int, density: float, bursts: int, fixed: Fixed) -> None:
    if not density > 0:
        raise InvalidPlan(f"density is {density}: give a positive number of faults a second")
    if bursts < 0:
        raise InvalidPlan(f"bursts is {bursts}: give 0 for none, or how many")
    if fixed.duration is not None and not 0 <= fixed.duration * 1000 <= limit_ms:
        raise InvalidPlan(
            f"duration is {fixed.duration}: faults last from 0 to the {limit_ms / 1000:g} s of load"
        )
