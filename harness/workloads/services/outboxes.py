"""Writes to a database, each of which its outbox publishes: once, and in the order of its key.

Judged by `splitbrain.checkers.streams.published_in_order`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from splitbrain.checkers.streams import published_in_order
from splitbrain.checkers.streams.publishing import PUT, READ
from splitbrain.checkers.verdict import Checker
from splitbrain.harness.generators import Context, Generator, Invocation
from splitbrain.harness.plan import Plan
from splitbrain.harness.workloads.parts.abilities import Method
from splitbrain.harness.workloads.parts.drawn import Drawn
from splitbrain.harness.workloads.parts.kind import WorkloadKind
from splitbrain.harness.workloads.parts.options import Option
from splitbrain.harness.workloads.parts.words import Words
from splitbrain.harness.workloads.workload import ClientFactory, FinalRead, Workload

NAME = "outbox"

OPTIONS = (
    Option("keys", 5, "how many keys", least=1),
    Option("read", 0.1, "share of reads of all that is published; writes are the rest", most=1),
)


# Client protocol


class OutboxClient(Protocol):
    """What a client must offer.

    A method that returns has done it; see `splitbrain.harness.client` for what raising means.
    """

    async def put(self, key: str, value: int) -> int:
        """Write a value to a key; return which write of this key it is, from 1."""
        ...

    async def published(self) -> Sequence[Sequence[Any]]:
        """All that subscribers have, once what was acknowledged before is published: ``[key,
        version, value]`` each, in the order in which they have a key's."""
        ...


METHODS = (
    Method("put", "put(key, value) -> version", "writes", needed=True),
    Method("published", "published()", "reads what is published", needed=True),
)


async def perform(client: Any, f: str, value: Any) -> Any:
    """Do one operation by the client's methods; see `splitbrain.harness.client.Perform`."""
    if f == PUT:
        return [*value, await client.put(*value)]
    if f == READ:
        return [list(row) for row in await client.published()]
    raise ValueError(f"workload {NAME} has no operation {f!r}: it has {PUT} and {READ}")


# Generator


def operations(options: Mapping[str, Any]) -> Generator:
    """Endless writes of 0, 1, 2, ..., and reads, by random free clients."""

    def draw(context: Context, client: int, number: int) -> Invocation:
        random = context.random
        if random.random() < options["read"]:
            return Invocation(context.time, client, READ)
        key = f"k{random.randrange(options['keys'])}"
        return Invocation(context.time, client, PUT, [key, number])

    return Drawn(draw)


# Final reads and checkers


def final_reads(plan: Plan, options: Mapping[str, Any]) -> list[FinalRead]:
    """Two reads by a client of every server: what is published stays so."""
    return [FinalRead(READ, None, server) for server in plan.servers] * 2


def checkers(options: Mapping[str, Any], consistency: str) -> tuple[Checker, ...]:
    """Each write comes out once, in order."""
    return (published_in_order(),)


def shows(f: str, argument: Any, result: Any) -> bool:
    """Whether a read has anything."""
    return bool(result)


KIND = WorkloadKind(
    name=NAME,
    description="writes that an outbox publishes: each once, in the order of its key",
    options=OPTIONS,
    methods=METHODS,
    perform=perform,
    operations=operations,
    final=final_reads,
    checkers=checkers,
    idempotent=frozenset({READ}),
    shows=shows,
    words={
        PUT: Words(
            "writes {argument.0:name} = {argument.1}[, version {result.2}]",
            "{argument.0:name}={argument.1}",
        ),
        READ: Words("reads what is published[ -> {result}]", "published"),
    },
)


def outbox(client: ClientFactory, **options: int | float | None) -> Workload:
    """Writes that are published, for a client that offers `OutboxClient`'s methods.

    Args:
        client: makes a client; a class whose ``__init__`` takes a node and a server's name does.
        options: see `OPTIONS`.

    Raises:
        InvalidPlan: the client lacks a method; an option is unknown or cannot have its value.
    """
    return KIND.workload(client, options)
