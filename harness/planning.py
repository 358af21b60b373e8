"""From what a person types to a plan."""

from __future__ import annotations

from collections.abc import Iterable

from splitbrain.harness.nemesis.catalogue import resolve
from splitbrain.harness.nemesis.claims import Claims
from splitbrain.harness.nemesis.schedule import DENSITY, draw_faults
from splitbrain.harness.plan import Plan


def draw(
    plan: Plan,
    faults: str | Iterable[str],
    *,
    within: Claims | None = None,
    density: float = DENSITY,
) -> Plan:
    """The plan with faults of these kinds, drawn from its seed ("none" for none).

    Args:
        plan: the plan.
        faults: kinds, as for `resolve`.
        within: draw only what a system with these claims survives; None: whatever comes.
        density: most faults of a kind a virtual second.

    Raises:
        InvalidPlan: a kind is unknown.
    """
    if faults == "none":
        return plan.with_(faults=())
    drawn = draw_faults(
        resolve(faults),
        seed=plan.seed,
        time_limit=plan.time_limit,
        nodes=plan.nodes,
        clients=plan.clients,
        density=density,
        survivable=within is not None,
        claims=within,
    )
    return plan.with_(faults=drawn)
