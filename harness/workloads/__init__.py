"""Workloads: what clients do in one kind of test, and how it is judged.

    from harness.workloads import register

    workload = register(MyClient, keys=3)

Each file holds one, in the order of Maelstrom's: what it tests, what it calls of a client, the
operations, the final reads, the checkers, the constructor.
"""

from harness.workloads.bank import BankClient, bank
from harness.workloads.booking import BookingClient, booking
from harness.workloads.doctors import DoctorsClient, doctors
from harness.workloads.key_value import KvClient, kv
from harness.workloads.list_append import list_append
from harness.workloads.options import Option
from harness.workloads.registers import RegisterClient, register
from harness.workloads.registry import WORKLOADS, WorkloadKind, workload_for
from harness.workloads.replicas import ReplicaClient
from harness.workloads.rw_register import rw_register
from harness.workloads.sets import SetClient, set_
from harness.workloads.transactions import TransactionClient
from harness.workloads.workload import ClientFactory, FinalRead, Workload

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
