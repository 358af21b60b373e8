"""Workloads: what clients do in one kind of test, and how it is judged.

    from splitbrain.harness.workloads import register

    workload = register(MyClient, keys=3)

Each file holds one, in the order of Maelstrom's: what it tests, what it calls of a client, the
operations, the final reads, the checkers; all this is its ``KIND``
(`splitbrain.harness.workloads.parts.kind`), from which the constructor makes a workload. What is
named here is imported when it is first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from splitbrain.lazy import lazily

if TYPE_CHECKING:
    from splitbrain.harness.workloads.accounts import BankClient, bank
    from splitbrain.harness.workloads.append_transactions import list_append
    from splitbrain.harness.workloads.balanced_calls import BalancedClient, lb
    from splitbrain.harness.workloads.batch_jobs import BatchClient, batch
    from splitbrain.harness.workloads.bookings import BookingClient, booking
    from splitbrain.harness.workloads.cached_reads import CacheClient, cache
    from splitbrain.harness.workloads.click_streams import ClicksClient, click_stream
    from splitbrain.harness.workloads.concurrent_values import SiblingsClient, siblings
    from splitbrain.harness.workloads.counters import CounterClient, counter
    from splitbrain.harness.workloads.derived_views import CdcClient, cdc
    from splitbrain.harness.workloads.echoes import EchoClient, echo
    from splitbrain.harness.workloads.edited_texts import TextClient, text
    from splitbrain.harness.workloads.forks import long_fork
    from splitbrain.harness.workloads.graph_queries import GraphClient, graph
    from splitbrain.harness.workloads.identifiers import IdentifiersClient, unique_ids
    from splitbrain.harness.workloads.key_value import KvClient, kv
    from splitbrain.harness.workloads.locks import LockClient, lock
    from splitbrain.harness.workloads.memberships import MembersClient, members
    from splitbrain.harness.workloads.money_transfers import TransfersClient, transfers
    from splitbrain.harness.workloads.on_call import DoctorsClient, doctors
    from splitbrain.harness.workloads.open_loops import OpenLoopClient, open_loop
    from splitbrain.harness.workloads.parts.abilities import Method
    from splitbrain.harness.workloads.parts.kind import WorkloadKind
    from splitbrain.harness.workloads.parts.options import Option
    from splitbrain.harness.workloads.parts.replicas import ReplicaClient
    from splitbrain.harness.workloads.parts.transactions import TransactionClient
    from splitbrain.harness.workloads.parts.words import Words
    from splitbrain.harness.workloads.payment_requests import PaymentsClient, payments
    from splitbrain.harness.workloads.posted_messages import MessagesClient, messages
    from splitbrain.harness.workloads.queues import QueueClient, queue
    from splitbrain.harness.workloads.register_transactions import rw_register
    from splitbrain.harness.workloads.registers import RegisterClient, register
    from splitbrain.harness.workloads.registry import WORKLOADS, workload_for
    from splitbrain.harness.workloads.replicated_types import CrdtClient, crdt
    from splitbrain.harness.workloads.sagas import OrdersClient, orders
    from splitbrain.harness.workloads.schema_registrations import RegistryClient, schemas
    from splitbrain.harness.workloads.semaphores import SemaphoreClient, semaphore
    from splitbrain.harness.workloads.sent_and_polled import KafkaClient, kafka
    from splitbrain.harness.workloads.sets import SetClient, set_
    from splitbrain.harness.workloads.shared_logs import LogClient, log
    from splitbrain.harness.workloads.stores import StoreClient, store
    from splitbrain.harness.workloads.totals import eventual_counter
    from splitbrain.harness.workloads.versioned_records import RecordsClient, codec
    from splitbrain.harness.workloads.watches import WatchClient, watching
    from splitbrain.harness.workloads.workload import ClientFactory, FinalRead, Workload, at_rate

__all__ = [
    "WORKLOADS",
    "BalancedClient",
    "BankClient",
    "BatchClient",
    "BookingClient",
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
    "OpenLoopClient",
    "Option",
    "OrdersClient",
    "PaymentsClient",
    "QueueClient",
    "RecordsClient",
    "RegisterClient",
    "RegistryClient",
    "ReplicaClient",
    "SemaphoreClient",
    "SetClient",
    "SiblingsClient",
    "StoreClient",
    "TextClient",
    "TransactionClient",
    "TransfersClient",
    "WatchClient",
    "Words",
    "Workload",
    "WorkloadKind",
    "at_rate",
    "bank",
    "batch",
    "booking",
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
    "kafka",
    "kv",
    "lb",
    "list_append",
    "lock",
    "log",
    "long_fork",
    "members",
    "messages",
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
    "text",
    "transfers",
    "unique_ids",
    "watching",
    "workload_for",
]

_PLACES = {
    "accounts": ("BankClient", "bank"),
    "append_transactions": ("list_append",),
    "balanced_calls": ("BalancedClient", "lb"),
    "batch_jobs": ("BatchClient", "batch"),
    "bookings": ("BookingClient", "booking"),
    "echoes": ("EchoClient", "echo"),
    "identifiers": ("IdentifiersClient", "unique_ids"),
    "totals": ("eventual_counter",),
    "cached_reads": ("CacheClient", "cache"),
    "click_streams": ("ClicksClient", "click_stream"),
    "money_transfers": ("TransfersClient", "transfers"),
    "derived_views": ("CdcClient", "cdc"),
    "counters": ("CounterClient", "counter"),
    "edited_texts": ("TextClient", "text"),
    "forks": ("long_fork",),
    "graph_queries": ("GraphClient", "graph"),
    "key_value": ("KvClient", "kv"),
    "locks": ("LockClient", "lock"),
    "memberships": ("MembersClient", "members"),
    "on_call": ("DoctorsClient", "doctors"),
    "open_loops": ("OpenLoopClient", "open_loop"),
    "parts.abilities": ("Method",),
    "parts.kind": ("WorkloadKind",),
    "parts.options": ("Option",),
    "parts.replicas": ("ReplicaClient",),
    "parts.transactions": ("TransactionClient",),
    "parts.words": ("Words",),
    "posted_messages": ("MessagesClient", "messages"),
    "payment_requests": ("PaymentsClient", "payments"),
    "queues": ("QueueClient", "queue"),
    "register_transactions": ("rw_register",),
    "registers": ("RegisterClient", "register"),
    "registry": ("WORKLOADS", "workload_for"),
    "replicated_types": ("CrdtClient", "crdt"),
    "semaphores": ("SemaphoreClient", "semaphore"),
    "sent_and_polled": ("KafkaClient", "kafka"),
    "schema_registrations": ("RegistryClient", "schemas"),
    "shared_logs": ("LogClient", "log"),
    "sagas": ("OrdersClient", "orders"),
    "sets": ("SetClient", "set_"),
    "concurrent_values": ("SiblingsClient", "siblings"),
    "stores": ("StoreClient", "store"),
    "versioned_records": ("RecordsClient", "codec"),
    "watches": ("WatchClient", "watching"),
    "workload": ("ClientFactory", "FinalRead", "Workload", "at_rate"),
}

__getattr__ = lazily(__name__, {f"{__name__}.{place}": names for place, names in _PLACES.items()})
