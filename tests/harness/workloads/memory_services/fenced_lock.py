"""A right client of the workload fenced-lock."""

from memory_clients import LockClient

CLIENTS = {"fenced-lock": LockClient}
