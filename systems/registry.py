"""What there is, by name: systems, their workloads, their planted bugs.

>>> experiment(Plan("raft", "register", nodes=5))  # doctest: +ELLIPSIS
Experiment(plan=Plan(system='raft', ...
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from harness.experiment import Experiment
from harness.nemesis.claims import Claims
from harness.plan import InvalidPlan, Plan
from harness.planning import draw
from harness.workloads import WORKLOADS, workload_for
from systems import consensus, replication
from systems.bug import Bug
from systems.system import System

SYSTEMS: dict[str, System] = {
    system.name: system
    for system in (
        System(
            name="raft",
            title="Raft with a key-value store over it (chapter 9)",
            server=consensus.RaftKV,
            client=consensus.RaftClient,
            workloads=("register", "set", "kv"),
            nodes=5,
            bugs=consensus.BUGS,
        ),
        System(
            name="leader-follower",
            title="leader-follower replication, built properly (chapter 5)",
            server=replication.ReferenceServer,
            client=replication.ReferenceClient,
            workloads=("register", "set"),
            bugs=replication.BUGS,
        ),
        System(
            name="leader-follower-summary",
            title="leader-follower replication as the summary sketches it (chapter 5)",
            server=replication.SummaryServer,
            client=replication.SummaryClient,
            workloads=("set", "register"),
            claims=Claims(kinds=(), max_down=0),
            form="summary",
        ),
    )
}

BUGS: dict[str, Bug] = {bug.id: bug for system in SYSTEMS.values() for bug in system.bugs}


def system(name: str) -> System:
    """The system of this name.

    Raises:
        InvalidPlan: there is none; the message names the nearest.
    """
    if name not in SYSTEMS:
        raise InvalidPlan(unknown("system", name, SYSTEMS))
    return SYSTEMS[name]


def experiment(plan: Plan) -> Experiment:
    """The code that a plan's names stand for.

    Raises:
        InvalidPlan: a name is unknown, or the combination cannot run; the message says why.
    """
    chosen = system(plan.system)
    if plan.workload not in WORKLOADS:
        raise InvalidPlan(unknown("workload", plan.workload, WORKLOADS))
    if plan.workload not in chosen.workloads:
        raise InvalidPlan(
            f"{chosen.name} has no client for the workload {plan.workload!r}: "
            f"it runs {', '.join(chosen.workloads)}"
        )
    server = chosen.server
    if plan.bug is not None:
        server = _bug(chosen, plan.bug).server
    return Experiment(plan, server, workload_for(plan, chosen.client), chosen.claims)


def hunt(bug: Bug, seed: int) -> Experiment:
    """The run that looks for a planted bug under this seed: its own workload, faults and size."""
    plan = Plan(bug.system, bug.workload, bug=bug.id, nodes=bug.nodes, seed=seed)
    return experiment(draw(plan, bug.faults))


def _bug(chosen: System, name: str) -> Bug:
    bugs = chosen.bugs_by_id()
    if name in bugs:
        return bugs[name]
    if name in BUGS:
        raise InvalidPlan(
            f"{name} is a bug of {BUGS[name].system}, not of {chosen.name}: "
            f"run {BUGS[name].system} --bug {name}"
        )
    if not bugs:
        raise InvalidPlan(f"{chosen.name} has no planted bugs")
    raise InvalidPlan(unknown("bug", name, bugs))


def unknown(what: str, name: str, known: Iterable[str]) -> str:
    """A sentence for a name that doesn't exist: the nearest ones, and how to see all."""
    names = list(known)
    near = get_close_matches(name.lower(), [n.lower() for n in names], n=3, cutoff=0.5)
    nearest = [n for n in names if n.lower() in near]
    meant = (
        f": did you mean {' or '.join(nearest)}?" if nearest else f": there is {', '.join(names)}"
    )
    return f"there is no {what} {name!r}{meant} (splitbrain list {what}s)"
