"""Workloads by name, for plans and the command line.

One line a workload of ours; an installed package adds its own by entry points of the group
``splitbrain.workloads``, and ``package.module:KIND`` names one without that.
"""

from __future__ import annotations

from collections.abc import Callable

from splitbrain.checkers.entries import Entries
from splitbrain.checkers.nearest import suggestion
from splitbrain.harness.plan import InvalidPlan, Plan
from splitbrain.harness.workloads.parts.kind import CONSISTENCY, WorkloadKind
from splitbrain.harness.workloads.parts.options import SHARED
from splitbrain.harness.workloads.workload import ClientFactory, Workload

__all__ = ["WORKLOADS", "WorkloadKind", "constructor", "workload_for"]

_FOLDER = "splitbrain.harness.workloads"

WORKLOADS: Entries[WorkloadKind] = Entries(
    "workload",
    WorkloadKind,
    {
        "register": f"{_FOLDER}.objects.registers:KIND",
        "scan": f"{_FOLDER}.replication.indexed_items:KIND",
        "rebalance": f"{_FOLDER}.replication.moving_ranges:KIND",
        "set": f"{_FOLDER}.objects.sets:KIND",
        "changing-set": f"{_FOLDER}.replication.changing_sets:KIND",
        "kv": f"{_FOLDER}.objects.key_value:KIND",
        "list-append": f"{_FOLDER}.transactions.append_transactions:KIND",
        "rw-register": f"{_FOLDER}.transactions.register_transactions:KIND",
        "bank": f"{_FOLDER}.transactions.accounts:KIND",
        "doctors": f"{_FOLDER}.transactions.on_call:KIND",
        "booking": f"{_FOLDER}.transactions.bookings:KIND",
        "queue": f"{_FOLDER}.objects.queues:KIND",
        "lock": f"{_FOLDER}.objects.locks:KIND",
        "fenced-lock": f"{_FOLDER}.objects.locks:FENCED",
        "semaphore": f"{_FOLDER}.objects.semaphores:KIND",
        "counter": f"{_FOLDER}.objects.counters:KIND",
        "eventual-counter": f"{_FOLDER}.replication.totals:KIND",
        "log": f"{_FOLDER}.objects.shared_logs:KIND",
        "watch": f"{_FOLDER}.objects.watches:KIND",
        "broadcast": f"{_FOLDER}.replication.broadcasts:KIND",
        "names": f"{_FOLDER}.objects.claimed_names:KIND",
        "versions": f"{_FOLDER}.objects.versioned_rows:KIND",
        "membership": f"{_FOLDER}.replication.memberships:KIND",
        "saga": f"{_FOLDER}.services.sagas:KIND",
        "siblings": f"{_FOLDER}.replication.concurrent_values:KIND",
        "shopping-cart": f"{_FOLDER}.replication.shopping_carts:KIND",
        "messages": f"{_FOLDER}.replication.posted_messages:KIND",
        "aged-reads": f"{_FOLDER}.replication.aged_reads:KIND",
        "batch": f"{_FOLDER}.services.batch_jobs:KIND",
        "wordcount": f"{_FOLDER}.services.word_counts:KIND",
        "sessionise": f"{_FOLDER}.services.user_sessions:KIND",
        "join": f"{_FOLDER}.services.table_joins:KIND",
        "crdt": f"{_FOLDER}.replication.replicated_types:KIND",
        "text": f"{_FOLDER}.replication.edited_texts:KIND",
        "payments": f"{_FOLDER}.services.payment_requests:KIND",
        "http-retry": f"{_FOLDER}.services.retried_calls:KIND",
        "breaker": f"{_FOLDER}.services.broken_circuits:KIND",
        "click-stream": f"{_FOLDER}.services.click_streams:KIND",
        "stream-join": f"{_FOLDER}.services.stream_joins:KIND",
        "transfers": f"{_FOLDER}.services.money_transfers:KIND",
        "cdc": f"{_FOLDER}.services.derived_views:KIND",
        "event-store": f"{_FOLDER}.services.event_stores:KIND",
        "outbox": f"{_FOLDER}.services.outboxes:KIND",
        "friends": f"{_FOLDER}.services.friends_posts:KIND",
        "deliveries": f"{_FOLDER}.services.queued_messages:KIND",
        "kafka": f"{_FOLDER}.services.sent_and_polled:KIND",
        "schemas": f"{_FOLDER}.services.schema_registrations:KIND",
        "codec": f"{_FOLDER}.services.versioned_records:KIND",
        "cache": f"{_FOLDER}.services.cached_reads:KIND",
        "lb": f"{_FOLDER}.services.balanced_calls:KIND",
        "graph": f"{_FOLDER}.services.graph_queries:KIND",
        "open-loop": f"{_FOLDER}.services.open_loops:KIND",
        "long-fork": f"{_FOLDER}.transactions.forks:KIND",
        "store": f"{_FOLDER}.objects.stores:KIND",
        "echo": f"{_FOLDER}.replication.echoes:KIND",
        "unique-ids": f"{_FOLDER}.replication.identifiers:KIND",
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


def constructor(name: str) -> Callable[..., Workload]:
    """What makes the workload of a name for a client, options by name, as `register` does.

    Args:
        name: as in `WORKLOADS`, with underscores for hyphens: ``event_store``.

    Raises:
        AttributeError: there is no such workload; the message names the nearest.
    """
    listed = name.replace("_", "-")
    if listed not in WORKLOADS:
        near = suggestion(listed, WORKLOADS)
        raise AttributeError(f"there is no workload {listed!r}: {near} (splitbrain list workloads)")
    kind = WORKLOADS.named(listed)

    def construct(
        client: ClientFactory, *, consistency: str = CONSISTENCY, **options: int | float | None
    ) -> Workload:
        return kind.workload(client, options, consistency)

    construct.__name__, construct.__doc__ = name, kind.description
    return construct
