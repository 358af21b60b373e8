"""Maelstrom's workloads: what each one is here, and how its nodes are introduced."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil, sqrt
from typing import Any

from splitbrain.checkers.nearest import suggestion
from splitbrain.harness.plan import InvalidPlan
from splitbrain.systems.maelstrom.client import (
    BroadcastClient,
    CounterClient,
    EchoClient,
    IdentifiersClient,
    KafkaClient,
    MaelstromClient,
    RegisterClient,
    SetClient,
    TransactionClient,
)


@dataclass(frozen=True, slots=True)
class Protocol:
    """One of Maelstrom's workloads.

    Attributes:
        workload: the workload that it is here.
        client: its client.
        options: options of that workload, unless others are given.
        introduced: whether nodes are told who is next to whom.
        transactions: whether it is judged by a level of isolation.
    """

    workload: str
    client: type[MaelstromClient]
    options: Mapping[str, Any] = field(default_factory=dict)
    introduced: bool = False
    transactions: bool = False


PROTOCOLS: dict[str, Protocol] = {
    "lin-kv": Protocol("register", RegisterClient),
    "echo": Protocol("echo", EchoClient),
    "unique-ids": Protocol("unique-ids", IdentifiersClient),
    "broadcast": Protocol("set", BroadcastClient, introduced=True),
    "g-set": Protocol("set", SetClient),
    "g-counter": Protocol("eventual-counter", CounterClient),
    "pn-counter": Protocol("eventual-counter", CounterClient, {"subtract": 0.5}),
    "kafka": Protocol("kafka", KafkaClient, {"subscribe": 0.0, "transact": 0.0}),
    "txn-list-append": Protocol("list-append", TransactionClient, transactions=True),
    "txn-rw-register": Protocol("rw-register", TransactionClient, transactions=True),
}
"""By Maelstrom's names; the first unless another is asked for."""


def known(name: str) -> Protocol:
    """What one of Maelstrom's workloads is here.

    Raises:
        InvalidPlan: it is none of those that there are.
    """
    if name not in PROTOCOLS:
        raise InvalidPlan(
            f"there is no Maelstrom workload {name!r} here: {suggestion(name, PROTOCOLS)} "
            f"(there are {', '.join(PROTOCOLS)})"
        )
    return PROTOCOLS[name]


# Who is next to whom


def _pairs(side: int, count: int) -> list[tuple[int, int]]:
    right = [(at, at + 1) for at in range(count - 1) if (at + 1) % side]
    return right + [(at, at + side) for at in range(count - side)]


def _tree(branches: int, count: int) -> list[tuple[int, int]]:
    return [((at - 1) // branches, at) for at in range(1, count)]


TOPOLOGIES: dict[str, Callable[[int], list[tuple[int, int]]]] = {
    "grid": lambda count: _pairs(ceil(sqrt(count)), count),
    "line": lambda count: _tree(1, count),
    "total": lambda count: [(a, b) for b in range(count) for a in range(b)],
    "tree2": lambda count: _tree(2, count),
    "tree3": lambda count: _tree(3, count),
    "tree4": lambda count: _tree(4, count),
}
"""Which of so many nodes are next to each other, as Maelstrom's ``--topology`` has it."""


def neighbours(topology: str, names: Sequence[str]) -> dict[str, list[str]]:
    """Who is next to whom, by name.

    Raises:
        InvalidPlan: there is no such topology.
    """
    if topology not in TOPOLOGIES:
        raise InvalidPlan(
            f"there is no topology {topology!r}: {suggestion(topology, TOPOLOGIES)} "
            f"(there are {', '.join(TOPOLOGIES)})"
        )
    found: dict[str, list[str]] = {name: [] for name in names}
    for a, b in TOPOLOGIES[topology](len(names)):
        found[names[a]].append(names[b])
        found[names[b]].append(names[a])
    return found
