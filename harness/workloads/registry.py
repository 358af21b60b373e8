"""Workloads by name, for plans and the command line.

One line a workload of ours; an installed package adds its own by entry points of the group
``splitbrain.workloads``, and ``package.module:KIND`` names one without that.
"""

from __future__ import annotations

from splitbrain.checkers.entries import Entries
from splitbrain.harness.plan import InvalidPlan, Plan
from splitbrain.harness.workloads.parts.kind import CONSISTENCY, WorkloadKind
from splitbrain.harness.workloads.parts.options import SHARED
from splitbrain.harness.workloads.workload import ClientFactory, Workload

__all__ = ["WORKLOADS", "WorkloadKind", "workload_for"]

_FOLDER = "splitbrain.harness.workloads"

WORKLOADS: Entries[WorkloadKind] = Entries(
    "workload",
    WorkloadKind,
    {
        "register": f"{_FOLDER}.registers:KIND",
        "scan": f"{_FOLDER}.indexed_items:KIND",
        "rebalance": f"{_FOLDER}.moving_ranges:KIND",
        "set": f"{_FOLDER}.sets:KIND",
        "changing-set": f"{_FOLDER}.changing_sets:KIND",
        "kv": f"{_FOLDER}.key_value:KIND",
        "list-append": f"{_FOLDER}.append_transactions:KIND",
        "rw-register": f"{_FOLDER}.register_transactions:KIND",
        "bank": f"{_FOLDER}.accounts:KIND",
        "doctors": f"{_FOLDER}.on_call:KIND",
        "booking": f"{_FOLDER}.bookings:KIND",
        "queue": f"{_FOLDER}.queues:KIND",
        "lock": f"{_FOLDER}.locks:KIND",
        "semaphore": f"{_FOLDER}.semaphores:KIND",
        "counter": f"{_FOLDER}.counters:KIND",
        "eventual-counter": f"{_FOLDER}.totals:KIND",
        "log": f"{_FOLDER}.shared_logs:KIND",
        "watch": f"{_FOLDER}.watches:KIND",
        "membership": f"{_FOLDER}.memberships:KIND",
        "saga": f"{_FOLDER}.sagas:KIND",
        "siblings": f"{_FOLDER}.concurrent_values:KIND",
        "messages": f"{_FOLDER}.posted_messages:KIND",
        "batch": f"{_FOLDER}.batch_jobs:KIND",
        "crdt": f"{_FOLDER}.replicated_types:KIND",
        "text": f"{_FOLDER}.edited_texts:KIND",
        "payments": f"{_FOLDER}.payment_requests:KIND",
        "click-stream": f"{_FOLDER}.click_streams:KIND",
        "transfers": f"{_FOLDER}.money_transfers:KIND",
        "cdc": f"{_FOLDER}.derived_views:KIND",
        "kafka": f"{_FOLDER}.sent_and_polled:KIND",
        "schemas": f"{_FOLDER}.schema_registrations:KIND",
        "codec": f"{_FOLDER}.versioned_records:KIND",
        "cache": f"{_FOLDER}.cached_reads:KIND",
        "lb": f"{_FOLDER}.balanced_calls:KIND",
        "graph": f"{_FOLDER}.graph_queries:KIND",
        "open-loop": f"{_FOLDER}.open_loops:KIND",
        "long-fork": f"{_FOLDER}.forks:KIND",
        "store": f"{_FOLDER}.stores:KIND",
        "echo": f"{_FOLDER}.echoes:KIND",
        "unique-ids": f"{_FOLDER}.identifiers:KIND",
    },
    group="splitbrain.workloads",
    error=InvalidPlan,
)
"""All workloads by name; imported when they are looked up."""


def workload_for(plan: Plan, client: ClientFactory, *, consistency: str = CONSISTENCY) -> Workload:
    """The workload that a plan names, with the plan's options, for this client.

    Args:
        plan: names the workload: one of `WORKLOADS`, or an import path.
        client: makes a client.
        consistency: what transactions are judged by, if the workload has any.

    Raises:
        InvalidPlan: there is no such workload, or it refuses the client or an option.
    """
    options = {name: value for name, value in plan.options.items() if name not in SHARED}
    return WORKLOADS.named(plan.workload).workload(client, options, consistency)
