"""Who owns which part of the ring, by what servers announced: before and after, or here and there.

What is drawn is the placement that servers told of, not the ring that they should have: a placement
that is none of a ring shows as what it is.
"""

from __future__ import annotations

from itertools import pairwise

from splitbrain.checkers.history import Operation
from splitbrain.checkers.invariants.placement import needless_moves
from splitbrain.checkers.vocabulary import PLACEMENT
from splitbrain.harness.pictures.forms import Form, Ring
from splitbrain.harness.pictures.picture import Picture, Seen
from splitbrain.systems.partitioning.hashing import BITS, point

_WHOLE = 2**BITS
_KEYS = 8


def _change(seen: Seen) -> Form | None:
    told = [event for event in seen.history.events(f=PLACEMENT) if event.time <= seen.end]
    named = set(seen.anomaly.operations) if seen.anomaly else set()
    blamed = [event for event in told if event.index in named]
    pair = _pair(told, blamed)
    if pair is None:
        return None
    before, after = pair
    owners, then = _first_owners(before), _first_owners(after)
    odd = seen.anomaly.details if seen.anomaly else {}
    keys = odd.get("keys") or ([odd["key"]] if odd.get("key") in owners else [])
    places = tuple(sorted((point(str(key)) / _WHOLE, str(key)) for key in keys[:_KEYS]))
    if before.process != after.process:
        names, note = (str(before.process), str(after.process)), ""
    else:
        names, note = ("before", "after"), _moves(before, after, owners, then)
    return Ring(_arcs(owners), _arcs(then), places, names, note)


def _pair(told: list[Operation], blamed: list[Operation]) -> tuple[Operation, Operation] | None:
    """The two announcements to compare: those that the verdict names; else the last change that a
    server told of, up to the one that it names."""
    if len(blamed) > 1:
        return blamed[0], blamed[-1]
    changes = [
        (one, other)
        for server in dict.fromkeys(event.process for event in told)
        for one, other in pairwise(event for event in told if event.process == server)
        if one.value["members"] != other.value["members"]
        and (not blamed or (server == blamed[0].process and other.index <= blamed[0].index))
    ]
    if changes:
        return max(changes, key=lambda change: change[1].index)
    return (blamed[0], blamed[0]) if blamed else None


def _first_owners(event: Operation) -> dict[str, str]:
    return {str(key): owners[0] for key, owners in event.value["owners"].items()}


def _arcs(owners: dict[str, str]) -> tuple[tuple[float, str], ...]:
    """Where each arc ends and whose it is: from key to key of the sample, as far as these tell."""
    arcs: list[tuple[float, str]] = []
    for place, owner in sorted((point(key) / _WHOLE, owner) for key, owner in owners.items()):
        if arcs and arcs[-1][1] == owner:
            arcs.pop()
        arcs.append((place, owner))
    return (*arcs, (1.0, arcs[0][1]))


def _moves(
    before: Operation, after: Operation, owners: dict[str, str], then: dict[str, str]
) -> str:
    """How many keys of the sample moved, and how many of these had to."""
    changed = sorted(set(before.value["members"]) ^ set(after.value["members"]))
    if owners.keys() != then.keys() or not changed:
        return ""
    moved = sum(then[key] != owner for key, owner in owners.items())
    needless = len(needless_moves(owners, then, changed))
    return (
        f"{' and '.join(changed)} came or went: of {len(owners)} keys {moved} moved, "
        f"{moved - needless} of them had to"
    )


RING = Picture(
    "ring",
    "Who owns which part of the ring",
    "By what servers announced of a sample of keys, on two circles: before and after members came "
    "or went, or as two servers tell it. Thick arcs have another owner on the second; of a change, "
    "only those of who came or went have to. The blamed keys stand beside.",
    _change,
)
