"""Workloads: what clients do in one kind of test, and how it is judged.

    from splitbrain.harness.workloads import register

    workload = register(MyClient, keys=3)

Each file holds one, in the order of Maelstrom's: what it tests, what it calls of a client, the
operations, the final reads, the checkers, the constructor.
"""

from splitbrain.harness.workloads.accounts import BankClient, bank
from splitbrain.harness.workloads.append_transactions import list_append
from splitbrain.harness.workloads.bookings import BookingClient, booking
from splitbrain.harness.workloads.key_value import KvClient, kv
from splitbrain.harness.workloads.on_call import DoctorsClient, doctors
from splitbrain.harness.workloads.parts.options import Option
from splitbrain.harness.workloads.parts.replicas import ReplicaClient
from splitbrain.harness.workloads.parts.transactions import TransactionClient
from splitbrain.harness.workloads.register_transactions import rw_register
from splitbrain.harness.workloads.registers import RegisterClient, register
from splitbrain.harness.workloads.registry import WORKLOADS, WorkloadKind, workload_for
from splitbrain.harness.workloads.sets import SetClient, set_
from splitbrain.harness.workloads.workload import ClientFactory, FinalRead, Workload

__all__ = [
    "WORKLOADS",
    "BankClient",
    "BookingClient",
    "ClientFactory",
    "DoctorsClient",
    "FinalRead",
    "KvClient",
    "Option",
    "RegisterClient",
    "ReplicaClient",
    "SetClient",
    "TransactionClient",
    "Workload",
    "WorkloadKind",
    "bank",
    "booking",
    "doctors",
    "kv",
    "list_append",
    "register",
    "rw_register",
    "set_",
    "workload_for",
]
