"""What there is, by name: systems, and their planted bugs.

One line a system of ours; an installed package adds its own by entry points of the group
``splitbrain.systems``, and ``package.module:SYSTEM`` names one without that.

>>> experiment(Plan("raft", "register", nodes=5))  # doctest: +ELLIPSIS
Experiment(plan=Plan(system='raft', ...
"""

from __future__ import annotations

from splitbrain.checkers.entries import Entries
from splitbrain.harness.bug import Bug
from splitbrain.harness.plan import InvalidPlan, Plan
from splitbrain.harness.system import System
from splitbrain.harness.workloads.workload import Experiment

_HERE = "splitbrain.systems"

SYSTEMS: Entries[System] = Entries(
    "system",
    System,
    {
        "raft": f"{_HERE}.consensus.raft:SYSTEM",
        "raft-members": f"{_HERE}.consensus.raft:WITH_CHANGES",
        "raft-lease": f"{_HERE}.consensus.raft:WITH_LEASES",
        "paxos": f"{_HERE}.consensus.paxos:SYSTEM",
        "paxos-lease": f"{_HERE}.consensus.paxos:WITH_LEASES",
        "broadcast": f"{_HERE}.consensus.broadcast:SYSTEM",
        "broadcast-paxos": f"{_HERE}.consensus.broadcast:OVER_PAXOS",
        "viewstamped": f"{_HERE}.consensus.viewstamped:SYSTEM",
        "leader-follower": f"{_HERE}.replication.leader_follower:SYSTEM",
        "leader-follower-synchronous": f"{_HERE}.replication.leader_follower:SYNCHRONOUS",
        "leader-follower-semi-synchronous": f"{_HERE}.replication.leader_follower:SEMI_SYNCHRONOUS",
        "leader-follower-asynchronous": f"{_HERE}.replication.leader_follower:ASYNCHRONOUS",
        "leader-follower-summary": f"{_HERE}.replication.leader_follower.summary:SYSTEM",
        "leaderless": f"{_HERE}.replication.leaderless:SYSTEM",
        "leaderless-sloppy": f"{_HERE}.replication.leaderless:SLOPPY",
        "leaderless-grace": f"{_HERE}.replication.leaderless:GRACE",
        "light-transactions": f"{_HERE}.replication.cas_paxos:SYSTEM",
        "abd": f"{_HERE}.replication.abd:SYSTEM",
        "multi-leader": f"{_HERE}.replication.multi_leader:SYSTEM",
        "multi-leader-ring": f"{_HERE}.replication.multi_leader:RING",
        "multi-leader-merging": f"{_HERE}.replication.multi_leader:MERGING",
        "multi-leader-carts": f"{_HERE}.replication.multi_leader:CARTS",
        "multi-leader-star": f"{_HERE}.replication.multi_leader:STAR",
        "crdts": f"{_HERE}.replication.crdts:SYSTEM",
        "crdts-map": f"{_HERE}.replication.crdts:MAP",
        "crdts-tombstones": f"{_HERE}.replication.crdts:TOMBSTONES",
        "crdts-counter": f"{_HERE}.replication.crdts:COUNTER",
        "crdts-delta": f"{_HERE}.replication.crdts:DELTA",
        "write-ahead-log": f"{_HERE}.storage.write_ahead_log:SYSTEM",
        "leases": f"{_HERE}.locks.leases:SYSTEM",
        "coordination": f"{_HERE}.locks.coordination:SYSTEM",
        "swim": f"{_HERE}.membership.swim:SYSTEM",
        "mapreduce": f"{_HERE}.batch.mapreduce:SYSTEM",
        "dataflow": f"{_HERE}.batch.dataflow:SYSTEM",
        "partitioned-log": f"{_HERE}.streams.partitioned_log:SYSTEM",
        "partitioned-database": f"{_HERE}.partitioning.database:SYSTEM",
        "replicated-log": f"{_HERE}.streams.replicated_log:SYSTEM",
        "partitioned-database-global-index": f"{_HERE}.partitioning.database:GLOBAL_INDEX",
        "partitioned-database-summary": f"{_HERE}.partitioning.database.summary:SYSTEM",
        "ring-store-summary": f"{_HERE}.partitioning.ring_store.summary:SYSTEM",
        "ring-store": f"{_HERE}.partitioning.ring_store:SYSTEM",
        "event-store": f"{_HERE}.streams.event_store:SYSTEM",
        "notifications": f"{_HERE}.end_to_end.notifications:SYSTEM",
        "message-queue": f"{_HERE}.streams.message_queue:SYSTEM",
        "transfers": f"{_HERE}.end_to_end.transfers:SYSTEM",
        "change-capture": f"{_HERE}.streams.change_capture:SYSTEM",
        "stream-processor": f"{_HERE}.streams.processor:SYSTEM",
        "documents-replicated": f"{_HERE}.data_models.replicated_documents:SYSTEM",
        "documents": f"{_HERE}.data_models.documents:SYSTEM",
        "documents-summary": f"{_HERE}.data_models.documents.summary:SYSTEM",
        "schema-registry": f"{_HERE}.encoding.registry:SYSTEM",
        "records": f"{_HERE}.encoding.records:SYSTEM",
        "cache-aside": f"{_HERE}.scalability.cache_aside:SYSTEM",
        "cache-aside-summary": f"{_HERE}.scalability.cache_aside.summary:SYSTEM",
        "sharded-database": f"{_HERE}.scalability.sharded:SYSTEM",
        "sharded-database-summary": f"{_HERE}.scalability.sharded.summary:SYSTEM",
        "load-balancer": f"{_HERE}.scalability.balancer:SYSTEM",
        "load-balancer-summary": f"{_HERE}.scalability.balancer.summary:SYSTEM",
        "graph": f"{_HERE}.data_models.graph:SYSTEM",
        "graph-properties": f"{_HERE}.data_models.graph:BY_PROPERTY",
        "graph-tablets": f"{_HERE}.data_models.graph_tablets:SYSTEM",
        "graph-summary": f"{_HERE}.data_models.graph.summary:SYSTEM",
        "overload": f"{_HERE}.reliability.overload:SYSTEM",
        "overload-summary": f"{_HERE}.reliability.overload.summary:SYSTEM",
        "payments": f"{_HERE}.reliability.payments:SYSTEM",
        "service-calls": f"{_HERE}.reliability.service_calls:SYSTEM",
        "service-calls-summary": f"{_HERE}.reliability.service_calls.summary:SYSTEM",
        "payments-replicated": f"{_HERE}.reliability.replicated_payments:SYSTEM",
        "payments-summary": f"{_HERE}.reliability.payments.summary:SYSTEM",
        "bitcask": f"{_HERE}.storage.bitcask:SYSTEM",
        "lsm-tree": f"{_HERE}.storage.lsm_tree:SYSTEM",
        "b-tree": f"{_HERE}.storage.b_tree:SYSTEM",
        "journalled-b-tree": f"{_HERE}.storage.journalled_b_tree:SYSTEM",
        "lsm-tree-summary": f"{_HERE}.storage.lsm_tree.summary:SYSTEM",
        "b-tree-summary": f"{_HERE}.storage.b_tree.summary:SYSTEM",
        "two-phase-locking": f"{_HERE}.transactions.two_phase_locking:SYSTEM",
        "snapshot-isolation": f"{_HERE}.transactions.snapshot_isolation:SYSTEM",
        "serializable-snapshot-isolation": (
            f"{_HERE}.transactions.serializable_snapshot_isolation:SYSTEM"
        ),
        "saga": f"{_HERE}.transactions.saga:SYSTEM",
        "two-phase-commit": f"{_HERE}.transactions.two_phase_commit:SYSTEM",
        "identifiers": f"{_HERE}.clocks.identifiers:SYSTEM",
        "commit-wait": f"{_HERE}.clocks.commit_wait:SYSTEM",
        "three-phase-commit": f"{_HERE}.transactions.three_phase_commit:SYSTEM",
        "paxos-commit": f"{_HERE}.transactions.paxos_commit:SYSTEM",
        "transactions-summary": f"{_HERE}.transactions.summary:SYSTEM",
    },
    group="splitbrain.systems",
    error=InvalidPlan,
)
"""All systems by name; imported when they are looked up."""


def bugs() -> dict[str, tuple[System, Bug]]:
    """All planted bugs by id, with their systems.

    Raises:
        InvalidPlan: an installed system cannot be imported.
    """
    return {bug.id: (system, bug) for system in SYSTEMS.values() for bug in system.bugs}


def bug(chosen: System, name: str) -> Bug:
    """The planted bug of this id, of this system.

    Raises:
        InvalidPlan: the system has no such bug; the message says which does.
    """
    if name not in chosen.bugs_by_id() and name in (known := bugs()):
        owner = known[name][0].name
        raise InvalidPlan(
            f"{name} is a bug of {owner}, not of {chosen.name}: run {owner} --bug {name}"
        )
    return chosen.bug(name)


def experiment(plan: Plan) -> Experiment:
    """The code that a plan's names stand for.

    Raises:
        InvalidPlan: a name is unknown, or the combination cannot run; the message says why.
    """
    chosen = SYSTEMS.named(plan.system)
    if plan.bug is not None:
        bug(chosen, plan.bug)
    return chosen.experiment(plan)
