"""Servers place keys alike, on different members, evenly, and move few when members change.

*Properties.* Each of what servers say of the placement of a sample of keys:

* *agreement*: two that know the same members place every key alike;
* *distinct*: the copies of a key are on as many different members as there can be;
* *minimal movement*: when members come or go, the first owner of a key changes only if it went, or
  to one that came;
* *balance*: no member is the first owner of more than `MOST` times the mean. Of a sample of `FEW`
  keys or fewer, nothing is said. Where a bound on loads is announced, no member is the first owner
  of more than so many times the mean, rounded up, however few the keys; and a key is elsewhere than
  at its home only if that one has as many. Movement is then that of homes.

*Source.* Karger et al., "Consistent Hashing and Random Trees", STOC 1997, section 2 (monotonicity
and balance); DeCandia et al., "Dynamo", SOSP 2007, section 4.3 (distinct nodes); Kleppmann,
"Designing Data-Intensive Applications", chapter 6; Mirrokni, Thorup and Zadimoghaddam, "Consistent
Hashing with Bounded Loads", SODA 2018, section 2. A server announces ``placement`` with
``{"members": names, "copies": n, "owners": {key: [owners]}}`` whenever it knows other members; with
a bound, ``"bound": factor, "homes": {key: member}`` of keys that are elsewhere than at home, too.

*Algorithm.* Each announcement by itself, with the first that has the same members, and with the
server's one before; linear. `splitbrain.checkers.invariants.placement` is the arithmetic.

*Left out.* Whether data are where they should be; how many of the keys that full members passed on
move.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import ceil, isfinite
from typing import Any, NamedTuple

from splitbrain.checkers.entry import CheckerEntry
from splitbrain.checkers.history import History, Operation
from splitbrain.checkers.invariants.placement import imbalance, needless_moves
from splitbrain.checkers.invariants.rechecking.placements import verify_placement
from splitbrain.checkers.models.model import ModelError, shown
from splitbrain.checkers.verdict import INVALID, UNKNOWN, VALID, Anomaly, Checker, Verdict
from splitbrain.checkers.vocabulary import PLACEMENT

MOST = 2.5
"""The greatest load, in times of the mean: of 64 keys on five members with loads that differ by a
tenth, one has more than twice its share less often than once in a thousand times."""

FEW = 40


class Placed(NamedTuple):
    """One announcement."""

    event: Operation
    members: tuple[str, ...]
    copies: int
    owners: Mapping[str, Sequence[str]]
    bound: float | None
    homes: Mapping[str, str]

    @property
    def first(self) -> dict[str, str]:
        """By key, its first owner."""
        return {key: owners[0] for key, owners in self.owners.items()}

    @property
    def home(self) -> dict[str, str]:
        """By key, who would be its first owner if there were no bound."""
        return {**self.first, **self.homes}


def placement() -> Checker:
    """A checker of what servers say of where keys are. See the module."""
    return _Placement()


@dataclass(frozen=True, slots=True)
class _Placement:
    name: str = "placement"
    needs_events: str = PLACEMENT

    def check(self, history: History) -> Verdict:
        """See `splitbrain.checkers.verdict.Checker`.

        Raises:
            ModelError: an announcement is of another form.
        """
        by_members: dict[tuple[str, ...], Placed] = {}
        before: dict[str | int, Placed] = {}
        anomalies: list[Anomaly] = []
        events = history.events(f=PLACEMENT)
        for event in events:
            placed = _placed(event)
            anomalies += _alone(placed)
            anomalies += _agreement(by_members.setdefault(placed.members, placed), placed)
            anomalies += _movement(before.get(event.process, placed), placed)
            before[event.process] = placed
        coverage = {"announcements": len(events), "lists of members": len(by_members)}
        if anomalies:
            said = anomalies[0].message
            return Verdict(self.name, INVALID, said, tuple(anomalies[:100]), coverage=coverage)
        if not events:
            return Verdict(self.name, UNKNOWN, "nobody said where keys are", coverage=coverage)
        reason = (
            f"{len(events)} placements under {len(by_members)} lists of members agree, are even, "
            "and move no more than they must"
        )
        return Verdict(self.name, VALID, reason, coverage=coverage)


def _alone(placed: Placed) -> Iterator[Anomaly]:
    """Whether copies are apart and loads even."""
    event, many = placed.event, min(placed.copies, len(placed.members))
    for key, owners in placed.owners.items():
        if len(set(owners)) < many:
            said = f"{event.process} has {many} copies of key {key!r} on {' and '.join(owners)}"
            yield Anomaly("repeated-member", said, (event.index,), {"key": key})
            break
    if placed.bound is not None:
        yield from _bounded(placed, placed.bound)
        return
    if len(placed.owners) <= FEW:
        return
    load = imbalance(placed.first, placed.members)
    if load > MOST:
        said = f"{event.process} has one of {len(placed.members)} members own {load:.1f} times "
        yield Anomaly("imbalance", said + "the mean of keys", (event.index,))


def _bounded(placed: Placed, bound: float) -> Iterator[Anomaly]:
    """Whether nobody has more than its bound, and only who has as many passes keys on."""
    event, most = placed.event, ceil(bound * len(placed.owners) / len(placed.members))
    loads = Counter(placed.first.values())
    for member in sorted(loads):
        if loads[member] > most:
            said = (
                f"as {event.process} places a sample of {len(placed.owners)} keys, {member} owns "
                f"{loads[member]} of them, and its bound is {most}"
            )
            yield Anomaly("imbalance", said, (event.index,))
            break
    for key, home in sorted(placed.homes.items()):
        if home != placed.first[key] and loads[home] < most:
            said = (
                f"{event.process} has key {key!r} on {placed.first[key]} in place of {home}, which "
                f"owns {loads[home]} of at most {most}"
            )
            yield Anomaly("passed-on", said, (event.index,), {"key": key})
            break


def _agreement(first: Placed, placed: Placed) -> Iterator[Anomaly]:
    keys = sorted(placed.owners.keys() & first.owners.keys())
    odd = [key for key in keys if list(placed.owners[key]) != list(first.owners[key])]
    if odd:
        key, one, other = odd[0], first.event, placed.event
        said = (
            f"{one.process} places key {key!r} on {' and '.join(first.owners[key])}, "
            f"{other.process} on {' and '.join(placed.owners[key])}, with the same members"
        )
        yield Anomaly("disagreement", said, (one.index, other.index), {"keys": odd})


def _movement(before: Placed, placed: Placed) -> Iterator[Anomaly]:
    changed = set(before.members) ^ set(placed.members)
    if not changed or before.owners.keys() != placed.owners.keys():
        return
    moved = needless_moves(before.home, placed.home, changed)
    if moved:
        said = (
            f"{placed.event.process} moves {len(moved)} of {len(placed.owners)} keys between "
            f"members that stay, as {', '.join(sorted(changed))} came or went"
        )
        operations = (before.event.index, placed.event.index)
        yield Anomaly("needless-movement", said, operations, {"keys": moved})


def _placed(event: Operation) -> Placed:
    value: Any = event.value if isinstance(event.value, Mapping) else {}
    members, copies, owners = value.get("members"), value.get("copies"), value.get("owners")
    fits = _names(members) and type(copies) is int and isinstance(owners, Mapping) and owners
    if fits and all(_names(each) and set(each) <= set(members) for each in owners.values()):
        bound, homes = value.get("bound"), value.get("homes", {})
        is_bound = bound is None or (type(bound) in (int, float) and isfinite(bound) and bound >= 1)
        is_home = isinstance(homes, Mapping) and homes.keys() <= owners.keys()
        if is_bound and is_home and all(home in members for home in homes.values()):
            return Placed(event, tuple(members), copies, owners, bound, homes)
    raise ModelError(
        event.index,
        f"{event.process} announces {PLACEMENT} with value {shown(event.value)}; the value is "
        '{"members": names, "copies": N, "owners": {key: [some of them]}}, and where loads are '
        'bounded "bound": a factor of at least 1, "homes": {key: one of them}',
    )


def _names(value: Any) -> bool:
    is_list = isinstance(value, list | tuple) and len(value) > 0
    return is_list and all(isinstance(name, str) for name in value)


ENTRY = CheckerEntry(
    "placement",
    placement,
    "servers place keys alike, apart, evenly, and move few",
    verify=verify_placement,
)
"""By name."""
