"""Which kinds of faults a plan of a hunt draws from.

Mostly all that fit, of which a swarm takes half (`splitbrain.harness.nemesis.schedule`); now and
then a few alone, for what needs a system that does well but for them.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

from splitbrain.harness.hunting.circumstances import drawn_by
from splitbrain.harness.nemesis.catalogue import resolve
from splitbrain.harness.nemesis.claims import Claims

POWER_LOSS = "process.power_loss"

NARROW = 0.25
"""How often only a few kinds of fault are drawn from: one to `NARROW_KINDS`."""

NARROW_KINDS = 3

QUIET = 0.05
"""How often there is no fault at all."""

NOTICED = 0.25
"""How often there may be faults that the system only notices: a server that refuses to go on leaves
little of the rest of the run to be judged. Of a system that survives little more than it notices
they are drawn in proportion."""

NOTICED_ALONE = 0.5
"""How often one kind of these comes with one or two others alone: among thirty kinds it strikes
once, if at all, and a system that does not notice gives it time to spread."""

POWER_LOSSES = 0.12
"""How often power losses come with one other kind alone. What is acknowledged before it is durable
shows by them and nothing else, and is durable soon: they have to come often, to be over soon, and
to strike while much is under way on disks that take their time."""

STATES = (("net.partition", "net.partition_oneway"), ("version.change",))
"""Faults that outside are less an event than a state for hours: who is cut off goes on with what it
has, an entry, a lease, a suspicion; old and new code share data."""

RESTARTS = (POWER_LOSS, "process.kill", "process.terminate")

COPYING = ("net.duplicate", "client.duplicate")

RESENT = 0.1
"""How often copies of messages come late from the beginning to the end, while servers restart. What
is remembered too shortly, or not in a snapshot, or not on disk, is asked for by such a copy and by
nothing else, and of those in a short window hardly any meets a new life."""

OWN = 0.2
"""How often one of the scenarios comes that only some systems have (a lease that is outlived, a
change that is contested), alone or with one other kind: they follow what the system does, and among
thirty kinds it seldom gets so far."""

IN_A_STATE = 0.12
"""How often one of these comes with one other kind alone, and lasts. Among many faults whoever
would do something wrong is soon down itself, or so are those who would see it."""


def kinds_for(faults: Sequence[str], claims: Claims | None, seed: int) -> str | list[str]:
    """The kinds of this seed: ``none``, or ids.

    Args:
        faults: what to draw from.
        claims: what the system claims to survive, None for nothing.
        seed: the plan's.
    """
    rng = drawn_by(seed, "kinds")
    if tuple(faults) == ("none",) or rng.random() < QUIET:
        return "none"
    kinds = _allowed(faults, claims)
    notices = claims.notices if claims is not None else ()
    noticed = [kind.id for kind in resolve(notices) if kind.id in kinds]
    others = [kind for kind in kinds if kind not in noticed]
    if copies_all_along(faults, claims, seed):
        return _restarting(others, drawn_by(seed, "restarting"))
    toss = drawn_by(seed, "notices").random()
    share = max(NOTICED, len(noticed) / len(kinds))
    if noticed and others and toss < share * NOTICED_ALONE:
        return _few(noticed, others, drawn_by(seed, "noticed alone"), (1, 2))
    if toss >= share:
        kinds = others or kinds
    losses = drawn_by(seed, "power losses")
    if POWER_LOSS in others and len(others) > 1 and losses.random() < POWER_LOSSES:
        return [POWER_LOSS, losses.choice([kind for kind in others if kind != POWER_LOSS])]
    own = drawn_by(seed, "own")
    made = [kind.id for kind in resolve(others) if kind.composite and kind.by_name]
    if made and own.random() < OWN:
        return _few(made, [kind for kind in others if kind not in made], own, (0, 1))
    lasting = drawn_by(seed, "state")
    states = [known for family in STATES if (known := [k for k in family if k in others])]
    rest = [kind for kind in others if not any(kind in family for family in states)]
    if states and rest and lasting.random() < IN_A_STATE:
        return [lasting.choice(lasting.choice(states)), lasting.choice(rest)]
    if rng.random() < NARROW:
        kinds = rng.sample(kinds, min(len(kinds), rng.choice((1, 1, 2, NARROW_KINDS))))
    return kinds


def copies_all_along(faults: Sequence[str], claims: Claims | None, seed: int) -> list[str]:
    """The kinds by which copies come late all along; mostly none.

    Args: as for `kinds_for`.
    """
    if tuple(faults) == ("none",) or drawn_by(seed, "resent").random() >= RESENT:
        return []
    kinds = _allowed(faults, claims)
    copying = [kind for kind in COPYING if kind in kinds]
    return copying if any(kind in kinds for kind in RESTARTS) else []


def is_losing_power(kinds: str | list[str]) -> bool:
    """Whether power losses come with one other kind at most."""
    return isinstance(kinds, list) and len(kinds) <= 2 and POWER_LOSS in kinds


def is_in_a_state(kinds: str | list[str]) -> bool:
    """Whether there is little but a fault that should last."""
    return (
        isinstance(kinds, list) and len(kinds) <= 2 and any(k in f for k in kinds for f in STATES)
    )


def _allowed(faults: Sequence[str], claims: Claims | None) -> list[str]:
    kinds = [kind.id for kind in resolve(faults)]
    if claims is None or "all" not in faults:
        return kinds
    assumed = {kind.id for kind in resolve(claims.assumes)}
    return [kind for kind in kinds if kind not in assumed]


def _restarting(kinds: list[str], rng: random.Random) -> list[str]:
    """A kind that restarts servers, half of the times with another one."""
    restart = rng.choice([kind for kind in RESTARTS if kind in kinds] or kinds)
    others = [kind for kind in kinds if kind not in (restart, *COPYING)]
    return [restart, rng.choice(others)] if others and rng.random() < 0.5 else [restart]


def _few(
    kinds: list[str], others: list[str], rng: random.Random, number: tuple[int, int]
) -> list[str]:
    """One of these kinds, with so many others."""
    return [rng.choice(kinds), *rng.sample(others, min(len(others), rng.choice(number)))]
