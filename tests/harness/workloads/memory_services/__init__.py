"""Clients of services in memory: a file for each workload that needs more than a store."""

import importlib
import pkgutil

from memory_clients import CLIENTS as STORES
from memory_clients import CounterClient
from memory_transactions import CLIENTS as TRANSACTIONS

CLIENTS = {**STORES, **TRANSACTIONS, "eventual-counter": CounterClient}
"""A right client for each workload."""

for module in pkgutil.iter_modules(__path__, f"{__name__}."):
    CLIENTS |= importlib.import_module(module.name).CLIENTS
