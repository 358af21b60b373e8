"""Reads that say how old they are: registers at replicas that may be behind.

A reader may not mind that a replica is behind, as long as it is told by how much (DDIA chapter 5,
"Problems with Replication Lag"). Judged is whether that is so
(`splitbrain.checkers.consistency.told_ages`): an age may be too great, never too small.
"""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import Any, Protocol

from splitbrain.checkers.consistency.told_ages import told_staleness
from splitbrain.checkers.verdict import Checker
from splitbrain.harness.generators import Generator
from splitbrain.harness.plan import Plan
from splitbrain.harness.workloads.parts import replicas
from splitbrain.harness.workloads.parts.abilities import Method
from splitbrain.harness.workloads.parts.keyed import (
    SKEW,
    TURNOVER,
    Choice,
    KeyState,
    key_names,
    key_reads,
    keyed_operations,
    remainder,
)
from splitbrain.harness.workloads.parts.kind import WorkloadKind
from splitbrain.harness.workloads.parts.options import Option
from splitbrain.harness.workloads.parts.words import Words
from splitbrain.harness.workloads.workload import ClientFactory, FinalRead, Workload

NAME = "aged-reads"

OPTIONS = (
    Option("keys", 2, "how many independent keys", least=1),
    SKEW,
    TURNOVER,
    Option("read", 0.6, "share of reads among the operations; writes are the rest", most=1),
)


# Client protocol


class AgedClient(Protocol):
    """What a client must offer.

    A method that returns has done it; see `splitbrain.harness.client` for what raising means.
    """

    async def aged(self, key: str) -> tuple[Any, float]:
        """The key's value at some replica, None if it has none; and how old that is at most, in
        seconds: it shows all that was acknowledged so long before the call."""
        ...

    async def write(self, key: str, value: int) -> None:
        """Make `value` the key's value."""
        ...


METHODS = (
    Method("aged", "aged(key) -> (value, seconds)", "reads", needed=True),
    Method("write", "write(key, value)", "writes", needed=True),
    replicas.METHOD,
)


async def perform(client: Any, f: str, value: Any) -> Any:
    """Do one operation by the client's methods; see `splitbrain.harness.client.Perform`."""
    key, argument = value
    if f == "read":
        found, age = await client.aged(key)
        return [key, {"value": found, "age": age}]
    if f == "write":
        await client.write(key, argument)
        return value
    raise ValueError(f"workload {NAME} has no operation {f!r}: it has read and write")


# Generator


def operations(options: Mapping[str, Any]) -> Generator:
    """Endless reads and writes; written values are all different."""

    def argument(f: str, state: KeyState, random: Random) -> tuple[Any, KeyState]:
        if f == "read":
            return None, state
        return state.fresh, KeyState(state.fresh + 1)

    weights = remainder(NAME, {"read": options["read"]}, "write")
    names = key_names(options["keys"])
    return keyed_operations(names, weights, argument, lambda f, value, s: s, Choice.of(options))


# Final reads and checkers


def final_reads(plan: Plan, options: Mapping[str, Any]) -> list[FinalRead]:
    """A read of every key."""
    return key_reads("read", plan, options["keys"])


def checkers(options: Mapping[str, Any], consistency: str) -> tuple[Checker, ...]:
    """No read is older than it says."""
    return (told_staleness(keyed=True),)


def shows(f: str, argument: Any, result: Any) -> bool:
    """Whether a read gives a value."""
    return f == "read" and isinstance(result, list) and result[1]["value"] is not None


KIND = WorkloadKind(
    name=NAME,
    description="registers whose reads say how old they are: no read is older than it says",
    options=OPTIONS,
    methods=METHODS,
    perform=perform,
    operations=operations,
    final=final_reads,
    checkers=checkers,
    idempotent=frozenset({"read"}),
    shows=shows,
    words={
        "read": Words(
            "reads {argument.0:name}[ -> {result.1}]", "{argument.0:name}->{result.1}", "{result.1}"
        ),
        "write": Words(
            "writes {argument.0:name} = {argument.1}",
            "{argument.0:name}={argument.1}",
            "{argument.1}",
        ),
    },
)


def aged_reads_of(client: ClientFactory, **options: int | float | None) -> Workload:
    """Reads that say how old they are, for a client that offers `AgedClient`'s methods.

    Args:
        client: makes a client; a class whose ``__init__`` takes a node and a server's name does.
        options: see `OPTIONS`.

    Raises:
        InvalidPlan: the client lacks a method; an option is unknown or cannot have its value.
    """
    return KIND.workload(client, options)
