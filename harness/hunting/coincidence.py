"""Faults that come together, that last, or are over soon: what is seldom drawn one by one.

Drawn one by one, two faults seldom meet at one server within the half second in which they would do
harm together: a leader that is cut off *and* whose clock is set back, a disk that forgets just
before its server is killed, a server that restarts while a client that held a lock stands still.
Outside they do, since one is often the cause of the other; so some of a plan's faults are moved to
others.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace

from splitbrain.harness.nemesis.catalogue import named, resolve
from splitbrain.harness.nemesis.claims import Claims
from splitbrain.harness.nemesis.kind import log_uniform
from splitbrain.harness.nemesis.schedule import by_start
from splitbrain.harness.plan import Fault, Plan
from splitbrain.harness.streams import stream

MOVED = 0.5
"""How many of a plan's faults are moved to others."""

MOST_PROLONGED = 3
"""So many faults of a plan last long at most."""

COPIED = 0.3
"""The share of messages of which late copies come all along."""

UNMENDED = 0.4
"""How often what may stay until the end does."""

BESIDE = 0.2
"""How many of the other faults there are beside those that last long."""

BRIEF_S = 0.2
"""How long a fault that is over soon lasts at most, in seconds."""

HASTE_S = 0.002, 0.1
"""How long a hasty one lasts, least and most, in seconds."""

LATE_S, HASTILY_LATE_S = (0.3, 3.0), (0.02, 0.5)
"""By how much copies are later on average, least and most, in seconds; and where all is hasty."""

BEFORE_S, AFTER_S = 0.1, 0.5
"""How much earlier and later than the other one a fault begins at most, in seconds."""


def coinciding(plan: Plan, *, survivable: bool) -> Plan:
    """The plan with some of its faults moved to where and when others of other kinds strike.

    What strikes any one server strikes a certain one then, or the two would hardly meet.

    Args:
        plan: the plan; each of its faults has a stream of its own for this.
        survivable: whether the plan stays within a system's claims. Then no fault is moved that
            takes servers down: nobody has counted how many that would be at once.
    """
    moved: dict[str, Fault] = {}
    for fault in plan.faults:
        rng = stream(plan.seed, "hunt", "together", fault.id)
        toss = rng.random()
        others = [each for each in plan.faults if each.kind != fault.kind and _movable(each)]
        down = survivable and named(fault.kind).nodes_down
        if toss < MOVED and others and _movable(fault) and not down:
            other = rng.choice(others)
            moved[other.id] = there = _somewhere(moved.get(other.id, other), plan)
            moved[fault.id] = _beside(fault, there, plan, rng)
    return plan.with_(faults=by_start(moved.get(fault.id, fault) for fault in plan.faults))


def prolonged(plan: Plan, *, survivable: bool) -> Plan:
    """The plan with one to `MOST_PROLONGED` of its faults lasting up to half of the load, and few
    others meanwhile: else nothing would be done that could go wrong.

    Args:
        plan: the plan.
        survivable: as for `coinciding`.
    """
    rng = stream(plan.seed, "hunt", "prolonged", "which")
    fit = [
        fault
        for fault in plan.faults
        if not (survivable and named(fault.kind).nodes_down)
        and fault.duration > 0
        and _movable(fault)
    ]
    longer: dict[str, Fault] = {}
    for fault in rng.sample(fit, min(len(fit), rng.randint(1, MOST_PROLONGED))):
        duration = round(max(fault.duration, rng.uniform(0.1, 0.5) * plan.time_limit), 3)
        at = round(max(0.0, min(fault.at, plan.time_limit - duration)), 3)
        longer[fault.id] = replace(fault, at=at, duration=duration)
    kept = [f for f in plan.faults if f.id in longer or rng.random() < BESIDE]
    return plan.with_(faults=by_start(longer.get(fault.id, fault) for fault in kept))


def briefly(plan: Plan, kind: str) -> Plan:
    """The plan with all faults of a kind over soon: whoever is down does nothing that could go
    wrong before it comes again.

    Args:
        plan: the plan.
        kind: the kind of fault, by id.
    """
    return plan.with_(
        faults=tuple(
            replace(fault, duration=min(fault.duration, BRIEF_S))
            if named(fault.kind).id == kind
            else fault
            for fault in plan.faults
        )
    )


def hastily(plan: Plan, kinds: Sequence[str]) -> Plan:
    """The plan with all faults of some kinds over before a message has arrived, or soon after.

    Args:
        plan: the plan; each of its faults has a stream of its own for this.
        kinds: the kinds of fault, by id.
    """

    def hasty(fault: Fault) -> Fault:
        rng = stream(plan.seed, "hunt", "hasty", fault.id)
        return replace(fault, duration=round(log_uniform(rng, *HASTE_S), 3))

    return plan.with_(
        faults=tuple(hasty(f) if named(f.kind).id in kinds else f for f in plan.faults)
    )


def unmended(plan: Plan) -> Plan:
    """The plan with some of the faults that nobody need notice, such as a clock that is wrong,
    staying until everything is healed."""
    return plan.with_(
        faults=tuple(
            replace(fault, duration=0.0)
            if named(fault.kind).lasting
            and stream(plan.seed, "hunt", "unmended", fault.id).random() < UNMENDED
            else fault
            for fault in plan.faults
        )
    )


def resent(
    plan: Plan, copying: Sequence[str], *, within: Claims | None, hasty: bool = False
) -> Plan:
    """The plan with late copies of messages from the beginning to the end of the load.

    Args:
        plan: the plan.
        copying: kinds of fault that duplicate messages; each comes once.
        within: only those that a system with these claims survives; None: all.
        hasty: whether servers restart so fast; copies are less late then, too.
    """
    survived = None if within is None else [kind.id for kind in resolve(within.kinds)]
    added = []
    for kind in copying:
        if survived is None or kind in survived:
            rng = stream(plan.seed, "hunt", f"resent by {kind}")
            later = round(log_uniform(rng, *(HASTILY_LATE_S if hasty else LATE_S)), 3)
            options = {"probability": COPIED, "later": later}
            name = f"{named(kind).short_names[0]}-copies"
            added.append(Fault(kind, 0.0, plan.time_limit, "all", options, name))
    return plan.with_(faults=by_start([*added, *plan.faults]))


def _movable(fault: Fault) -> bool:
    """Whether its time is its own: whose is not, a scenario's, say, is left as it is."""
    kind = named(fault.kind)
    return not (kind.composite or kind.permanent or kind.long)


def _somewhere(fault: Fault, plan: Plan) -> Fault:
    """The fault; one that strikes any server strikes a certain one. Clients' faults stay."""
    if fault.target != "one" or named(fault.kind).strikes != "servers":
        return fault
    return replace(fault, target=stream(plan.seed, "hunt", "place", fault.id).choice(plan.servers))


def _beside(fault: Fault, other: Fault, plan: Plan, rng: random.Random) -> Fault:
    """The fault, about when the other one begins, and where, if both strike servers and that is one
    which this one can strike alone."""
    at = other.at + rng.uniform(-BEFORE_S, AFTER_S)
    at = round(max(0.0, min(at, plan.time_limit - fault.duration)), 3)
    if {named(each.kind).strikes for each in (fault, other)} != {"servers"}:
        return replace(fault, at=at)
    strikes = named(fault.kind).targets
    there = other.target in strikes if other.target == "leader" else "one" in strikes
    alone = other.target == "leader" or other.target in plan.servers
    return replace(fault, at=at, target=other.target if alone and there else fault.target)
