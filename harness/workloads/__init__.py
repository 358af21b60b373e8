"""Workloads: what clients do in one kind of test, and how it is judged.

    from splitbrain.harness.workloads import register

    workload = register(MyClient, keys=3)

Each file holds one, in the order of Maelstrom's: what it tests, what it calls of a client, the
operations, the final reads, the checkers; all this is its ``KIND``
(`splitbrain.harness.workloads.parts.kind`), from which the constructor makes a workload. What is
named here is imported when it is first used. A workload that is not named here has a constructor,
too: ``event_store(MyClient, streams=3)`` makes the one that is listed as event-store.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from splitbrain.lazy import lazily

if TYPE_CHECKING:
    from splitbrain.harness.workloads.objects.claimed_names import NamesClient, names
    from splitbrain.harness.workloads.objects.counters import CounterClient, counter
    from splitbrain.harness.workloads.objects.key_value import KvClient, kv
    from splitbrain.harness.workloads.objects.locks import LockClient, lock
    from splitbrain.harness.workloads.objects.queues import QueueClient, queue
    from splitbrain.harness.workloads.objects.registers import RegisterClient, register
    from splitbrain.harness.workloads.objects.semaphores import SemaphoreClient, semaphore
    from splitbrain.harness.workloads.objects.sets import SetClient, set_
    from splitbrain.harness.workloads.objects.shared_logs import LogClient, log
    from splitbrain.harness.workloads.objects.stores import StoreClient, store
    from splitbrain.harness.workloads.objects.versioned_rows import VersionedClient, versions
    from splitbrain.harness.workloads.objects.watches import WatchClient, watching
    from splitbrain.harness.workloads.parts.abilities import Method
    from splitbrain.harness.workloads.parts.kind import WorkloadKind
    from splitbrain.harness.workloads.parts.options import Option
    from splitbrain.harness.workloads.parts.replicas import ReplicaClient
    from splitbrain.harness.workloads.parts.transactions import TransactionClient
    from splitbrain.harness.workloads.parts.words import Words
    from splitbrain.harness.workloads.registry import WORKLOADS, workload_for
    from splitbrain.harness.workloads.replication.broadcasts import BroadcastClient, broadcast
    from splitbrain.harness.workloads.replication.concurrent_values import SiblingsClient, siblings
    from splitbrain.harness.workloads.replication.echoes import EchoClient, echo
    from splitbrain.harness.workloads.replication.edited_texts import TextClient, text
    from splitbrain.harness.workloads.replication.identifiers import IdentifiersClient, unique_ids
    from splitbrain.harness.workloads.replication.memberships import MembersClient, members
    from splitbrain.harness.workloads.replication.posted_messages import MessagesClient, messages
    from splitbrain.harness.workloads.replication.replicated_types import CrdtClient, crdt
    from splitbrain.harness.workloads.replication.totals import eventual_counter
    from splitbrain.harness.workloads.services.balanced_calls import BalancedClient, lb
    from splitbrain.harness.workloads.services.batch_jobs import BatchClient, batch
    from splitbrain.harness.workloads.services.broken_circuits import BreakerClient, breaker
    from splitbrain.harness.workloads.services.cached_reads import CacheClient, cache
    from splitbrain.harness.workloads.services.click_streams import ClicksClient, click_stream
    from splitbrain.harness.workloads.services.derived_views import CdcClient, cdc
    from splitbrain.harness.workloads.services.graph_queries import GraphClient, graph
    from splitbrain.harness.workloads.services.money_transfers import TransfersClient, transfers
    from splitbrain.harness.workloads.services.open_loops import OpenLoopClient, open_loop
    from splitbrain.harness.workloads.services.payment_requests import PaymentsClient, payments
    from splitbrain.harness.workloads.services.retried_calls import RetriedClient, http_retry
    from splitbrain.harness.workloads.services.sagas import OrdersClient, orders
    from splitbrain.harness.workloads.services.schema_registrations import RegistryClient, schemas
    from splitbrain.harness.workloads.services.sent_and_polled import KafkaClient, kafka
    from splitbrain.harness.workloads.services.stream_joins import StreamJoinClient, stream_join
    from splitbrain.harness.workloads.services.versioned_records import RecordsClient, codec
    from splitbrain.harness.workloads.transactions.accounts import BankClient, bank
    from splitbrain.harness.workloads.transactions.append_transactions import list_append
    from splitbrain.harness.workloads.transactions.bookings import BookingClient, booking
    from splitbrain.harness.workloads.transactions.forks import long_fork
    from splitbrain.harness.workloads.transactions.on_call import DoctorsClient, doctors
    from splitbrain.harness.workloads.transactions.register_transactions import rw_register
    from splitbrain.harness.workloads.workload import ClientFactory, FinalRead, Workload, at_rate

__all__ = [
    "WORKLOADS",
    "BalancedClient",
    "BankClient",
    "BatchClient",
    "BookingClient",
    "BreakerClient",
    "BroadcastClient",
    "CacheClient",
    "CdcClient",
    "ClicksClient",
    "ClientFactory",
    "CounterClient",
    "CrdtClient",
    "DoctorsClient",
    "EchoClient",
    "FinalRead",
    "GraphClient",
    "IdentifiersClient",
    "KafkaClient",
    "KvClient",
    "LockClient",
    "LogClient",
    "MembersClient",
    "MessagesClient",
    "Method",
    "NamesClient",
    "OpenLoopClient",
    "Option",
    "OrdersClient",
    "PaymentsClient",
    "QueueClient",
    "RecordsClient",
    "RegisterClient",
    "RegistryClient",
    "ReplicaClient",
    "RetriedClient",
    "SemaphoreClient",
    "SetClient",
    "SiblingsClient",
    "StoreClient",
    "StreamJoinClient",
    "TextClient",
    "TransactionClient",
    "TransfersClient",
    "VersionedClient",
    "WatchClient",
    "Words",
    "Workload",
    "WorkloadKind",
    "at_rate",
    "bank",
    "batch",
    "booking",
    "breaker",
    "broadcast",
    "cache",
    "cdc",
    "click_stream",
    "codec",
    "counter",
    "crdt",
    "doctors",
    "echo",
    "eventual_counter",
    "graph",
    "http_retry",
    "kafka",
    "kv",
    "lb",
    "list_append",
    "lock",
    "log",
    "long_fork",
    "members",
    "messages",
    "names",
    "open_loop",
    "orders",
    "payments",
    "queue",
    "register",
    "rw_register",
    "schemas",
    "semaphore",
    "set_",
    "siblings",
    "store",
    "stream_join",
    "text",
    "transfers",
    "unique_ids",
    "versions",
    "watching",
    "workload_for",
]

_PLACES = {
    "transactions.accounts": ("BankClient", "bank"),
    "transactions.append_transactions": ("list_append",),
    "services.balanced_calls": ("BalancedClient", "lb"),
    "services.batch_jobs": ("BatchClient", "batch"),
    "transactions.bookings": ("BookingClient", "booking"),
    "replication.broadcasts": ("BroadcastClient", "broadcast"),
    "replication.echoes": ("EchoClient", "echo"),
    "replication.identifiers": ("IdentifiersClient", "unique_ids"),
    "replication.totals": ("eventual_counter",),
    "services.broken_circuits": ("BreakerClient", "breaker"),
    "services.cached_reads": ("CacheClient", "cache"),
    "services.click_streams": ("ClicksClient", "click_stream"),
    "services.money_transfers": ("TransfersClient", "transfers"),
    "services.derived_views": ("CdcClient", "cdc"),
    "objects.counters": ("CounterClient", "counter"),
    "replication.edited_texts": ("TextClient", "text"),
    "transactions.forks": ("long_fork",),
    "services.graph_queries": ("GraphClient", "graph"),
    "objects.key_value": ("KvClient", "kv"),
    "objects.locks": ("LockClient", "lock"),
    "replication.memberships": ("MembersClient", "members"),
    "transactions.on_call": ("DoctorsClient", "doctors"),
    "services.open_loops": ("OpenLoopClient", "open_loop"),
    "parts.abilities": ("Method",),
    "parts.kind": ("WorkloadKind",),
    "parts.options": ("Option",),
    "parts.replicas": ("ReplicaClient",),
    "parts.transactions": ("TransactionClient",),
    "parts.words": ("Words",),
    "replication.posted_messages": ("MessagesClient", "messages"),
    "services.payment_requests": ("PaymentsClient", "payments"),
    "objects.versioned_rows": ("VersionedClient", "versions"),
    "objects.claimed_names": ("NamesClient", "names"),
    "objects.queues": ("QueueClient", "queue"),
    "transactions.register_transactions": ("rw_register",),
    "objects.registers": ("RegisterClient", "register"),
    "registry": ("WORKLOADS", "workload_for"),
    "replication.replicated_types": ("CrdtClient", "crdt"),
    "objects.semaphores": ("SemaphoreClient", "semaphore"),
    "services.stream_joins": ("StreamJoinClient", "stream_join"),
    "services.sent_and_polled": ("KafkaClient", "kafka"),
    "services.schema_registrations": ("RegistryClient", "schemas"),
    "objects.shared_logs": ("LogClient", "log"),
    "services.retried_calls": ("RetriedClient", "http_retry"),
    "services.sagas": ("OrdersClient", "orders"),
    "objects.sets": ("SetClient", "set_"),
    "replication.concurrent_values": ("SiblingsClient", "siblings"),
    "objects.stores": ("StoreClient", "store"),
    "services.versioned_records": ("RecordsClient", "codec"),
    "objects.watches": ("WatchClient", "watching"),
    "workload": ("ClientFactory", "FinalRead", "Workload", "at_rate"),
}

_named_here = lazily(__name__, {f"{__name__}.{place}": names for place, names in _PLACES.items()})


def __getattr__(name: str) -> Any:
    """What is named above; else the workload of that name: ``event_store`` for event-store."""
    try:
        return _named_here(name)
    except AttributeError:
        if name.startswith("_"):  # what Python itself looks for
            raise
    from splitbrain.harness.workloads.registry import constructor

    return constructor(name)
