"""What a system claims to tolerate, and whether a plan's faults stay within it.

Within its claims a system must keep every promise; beyond them only "no wrong answer" may be asked
of it (the distinction is TigerBeetle's and FoundationDB's). Every run of a system that claims
something says which regime applied.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import inf
from typing import Literal

from splitbrain.harness.nemesis.catalogue import named, resolve
from splitbrain.harness.nemesis.kind import Kind
from splitbrain.harness.nemesis.targets import GROUPS, majority, minority
from splitbrain.harness.plan import ITSELF, Fault, InvalidPlan

Regime = Literal["survivable", "beyond"]


@dataclass(frozen=True, slots=True)
class Claims:
    """What a system claims to tolerate.

    Attributes:
        kinds: faults tolerated: families (``process``, ``net``), ids or aliases. Not ``all``: a
            family that the harness learns later would be claimed by systems that never saw it.
        max_down: how many servers may be down (killed or without power) at once: ``minority``,
            ``all``, or a number. Paused and partitioned servers are not down: to an asynchronous
            system they are slow.
        notices: faults that it does not survive but never gives a wrong answer under: families, ids
            or aliases. They are beyond its claims; hunts draw them all the same.
        assumes: faults that it assumes not to happen, and gives wrong answers under: clocks that
            drift, to who trusts their rates. Hunts leave them out, unless they are asked for.

    Raises:
        InvalidPlan: a kind is unknown, or `max_down` makes no sense.
    """

    kinds: tuple[str, ...]
    max_down: int | str = "minority"
    notices: tuple[str, ...] = ()
    assumes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        resolve((*self.notices, *self.assumes))
        if "all" in self.kinds:
            raise InvalidPlan("claims name families of faults: write process, net, ... for 'all'")
        resolve(self.kinds)
        known = self.max_down in ("minority", "all")
        if not known and (not isinstance(self.max_down, int) or self.max_down < 0):
            raise InvalidPlan(
                f"max_down is {self.max_down!r}: give 'minority', 'all' or a number of servers"
            )

    def limit(self, nodes: int) -> int:
        """How many of `nodes` servers may be down at once."""
        if self.max_down == "minority":
            return minority(nodes)
        return nodes if self.max_down == "all" else int(self.max_down)

    def tolerates(self, kind: str) -> bool:
        """Whether a kind of fault, as a plan names it, is among those claimed."""
        return _survived(named(kind), resolve(self.kinds))

    def __str__(self) -> str:
        what = ", ".join(self.kinds)
        who = f"{self.max_down} of the servers" if isinstance(self.max_down, str) else self.max_down
        return f"tolerates {what or 'no faults'}, with at most {who} down at once"


def regime(faults: Iterable[Fault], nodes: int, claims: Claims | None) -> Regime | None:
    """Whether the faults stay within the claims: ``survivable``, else ``beyond``; None if nothing
    was claimed.

    Counts the worst that may happen: groups drawn at the start of a fault are taken to be disjoint.
    """
    if claims is None:
        return None
    faults = tuple(faults)
    tolerated = resolve(claims.kinds)
    if not all(_survived(named(fault.kind), tolerated) for fault in faults):
        return "beyond"
    dead = [fault for fault in faults if named(fault.kind).permanent]
    # Whoever survives that all are down at once does so because they come back.
    within = most_down(dead, nodes) <= min(minority(nodes), claims.limit(nodes))
    return "survivable" if within and most_down(faults, nodes) <= claims.limit(nodes) else "beyond"


def mourns(faults: Iterable[Fault], claims: Claims | None) -> bool:
    """Whether a server dies for good of a system that does not claim to go on without it."""
    if claims is None:
        return False
    tolerated = resolve(claims.kinds)
    kinds = [named(fault.kind) for fault in faults]
    return any(kind.permanent and not _survived(kind, tolerated) for kind in kinds)


def _survived(kind: Kind, tolerated: Sequence[Kind]) -> bool:
    return kind in tolerated or kind.like in [other.id for other in tolerated]


def most_down(faults: Sequence[Fault], nodes: int) -> int:
    """The most servers of `nodes` that the faults may keep down at one time."""
    downs = [fault for fault in faults if named(fault.kind).nodes_down]
    return max((_down_at(fault.at, downs, nodes) for fault in downs), default=0)


def _down_at(time: float, downs: Sequence[Fault], nodes: int) -> int:
    by_name: dict[str, None] = {}
    others = 0
    for fault in downs:
        # A fault that waits may start at any time.
        unbounded = named(fault.kind).permanent or fault.when is not None
        end = inf if unbounded else fault.at + fault.duration
        if fault.at <= time <= end:
            if fault.target in (*GROUPS, ITSELF):
                others += victims(fault, nodes)
            else:
                by_name.update(dict.fromkeys(fault.target.split(",")))
    return min(nodes, others + len(by_name))


def victims(fault: Fault, nodes: int) -> int:
    """How many of `nodes` servers a fault strikes at a time."""
    if fault.target not in GROUPS:
        return len(fault.target.split(","))
    return {
        "one": 1,
        "leader": 1,
        "followers": nodes - 1,
        "minority": minority(nodes),
        "majority": majority(nodes),
        "all": nodes,
    }[fault.target]
