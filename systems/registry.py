"""What there is, by name: systems, their workloads, their planted bugs.

>>> experiment(Plan("raft", "register", nodes=5))  # doctest: +ELLIPSIS
Experiment(plan=Plan(system='raft', ...
"""

from __future__ import annotations

from collections.abc import Iterable

from splitbrain.checkers.invariants.atomic_commit import atomic_commit
from splitbrain.checkers.nearest import suggestion
from splitbrain.harness.bug import Bug
from splitbrain.harness.nemesis.claims import Claims
from splitbrain.harness.plan import InvalidPlan, Plan
from splitbrain.harness.planning import draw
from splitbrain.harness.system import System
from splitbrain.harness.workloads import WORKLOADS, workload_for
from splitbrain.harness.workloads.workload import Experiment
from splitbrain.systems import consensus, replication, transactions

TRANSACTIONS = ("list-append", "rw-register", "bank", "doctors", "booking")
"""The workloads of systems that claim serializability."""


def _bugs_of(name: str) -> tuple[Bug, ...]:
    return tuple(bug for bug in transactions.BUGS if bug.system == name)


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
        System(
            name="two-phase-locking",
            title="strict two-phase locking with a write-ahead log (chapter 7)",
            server=transactions.LockingServer,
            client=transactions.TransactionClient,
            workloads=TRANSACTIONS,
            claims=Claims(max_down="all"),
            nodes=1,
            bugs=_bugs_of("two-phase-locking"),
        ),
        System(
            name="snapshot-isolation",
            title="snapshot isolation, the first committer wins (chapter 7)",
            server=transactions.SnapshotServer,
            client=transactions.TransactionClient,
            consistency="strong-snapshot-isolation",
            workloads=("list-append", "rw-register", "bank"),
            claims=Claims(max_down="all"),
            nodes=1,
            bugs=_bugs_of("snapshot-isolation"),
        ),
        System(
            name="serializable-snapshot-isolation",
            title="serializable snapshot isolation (chapter 7)",
            server=transactions.SerializableSnapshotServer,
            client=transactions.TransactionClient,
            workloads=TRANSACTIONS,
            claims=Claims(max_down="all"),
            nodes=1,
            bugs=_bugs_of("serializable-snapshot-isolation"),
        ),
        System(
            name="two-phase-commit",
            title="two-phase commit over partitions with two-phase locking (chapters 7 and 9)",
            server=transactions.CommitServer,
            client=transactions.TransactionClient,
            checkers=(atomic_commit(),),
            workloads=TRANSACTIONS,
            claims=Claims(max_down="all"),
            bugs=_bugs_of("two-phase-commit"),
        ),
        System(
            name="transactions-summary",
            title="transactions as the summary sketches them (chapter 7)",
            server=transactions.SummaryServer,
            client=transactions.TransactionClient,
            workloads=TRANSACTIONS,
            claims=Claims(kinds=(), max_down=0),
            form="summary",
            nodes=1,
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
    WORKLOADS.named(plan.workload)
    # Whether one of a user's own fits is told by the client's methods.
    if plan.workload in WORKLOADS.ours and plan.workload not in chosen.workloads:
        raise InvalidPlan(
            f"{chosen.name} has no client for the workload {plan.workload!r}: "
            f"it runs {', '.join(chosen.workloads)}"
        )
    server = chosen.server
    if plan.bug is not None:
        server = bug(chosen, plan.bug).server
    workload = workload_for(plan, chosen.client, consistency=chosen.consistency)
    return Experiment(plan, server, workload, chosen.claims, chosen.checkers)


def hunt(bug: Bug, seed: int) -> Experiment:
    """The run that looks for a planted bug under this seed: its own workload, faults and size."""
    plan = Plan(bug.system, bug.workload, bug=bug.id, nodes=bug.nodes, seed=seed)
    return experiment(draw(plan, bug.faults))


def bug(chosen: System, name: str) -> Bug:
    """The planted bug of this id, of this system.

    Raises:
        InvalidPlan: the system has no such bug; the message says which does.
    """
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
    return f"there is no {what} {name!r}: {suggestion(name, known)} (splitbrain list {what}s)"
