"""A cache in front of a database: reads may be old, but not older than a bound.

Writes of values that are all different, and reads, which may be answered from a cache; judged by
`splitbrain.checkers.caching.cache_coherent` (DDIA chapters 1 and 5). Keys are read before anybody
has written them, too.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from splitbrain.checkers.caching import cache_coherent
from splitbrain.checkers.verdict import Checker
from splitbrain.harness.generators import Context, Generator, Invocation
from splitbrain.harness.plan import Plan
from splitbrain.harness.workloads.parts.abilities import Method
from splitbrain.harness.workloads.parts.drawn import Drawn
from splitbrain.harness.workloads.parts.keyed import SKEW, any_of, key_names, key_reads
from splitbrain.harness.workloads.parts.kind import WorkloadKind
from splitbrain.harness.workloads.parts.options import Option
from splitbrain.harness.workloads.parts.words import Words
from splitbrain.harness.workloads.workload import ClientFactory, FinalRead, Workload

NAME = "cache"

OPTIONS = (
    Option("keys", 5, "how many independent keys", least=1),
    SKEW,
    Option("read", 0.75, "share of reads among the operations; writes are the rest", most=1),
    Option("bound", 1.0, "how old what is read may be, in seconds"),
)


# Client protocol


class CacheClient(Protocol):
    """What a client must offer.

    A method that returns has done it; see `splitbrain.harness.client` for what raising means.
    """

    async def read(self, key: str) -> int | None:
        """The key's value, which may be a little old; None if it was never written."""
        ...

    async def write(self, key: str, value: int) -> None:
        """Write a value."""
        ...


METHODS = (
    Method("read", "read(key) -> value", "reads", needed=True),
    Method("write", "write(key, value)", "writes", needed=True),
)


async def perform(client: Any, f: str, value: Any) -> Any:
    """Do one operation by the client's methods; see `splitbrain.harness.client.Perform`."""
    if f == "read":
        return [value[0], await client.read(value[0])]
    if f == "write":
        await client.write(*value)
        return value
    raise ValueError(f"workload cache has no operation {f!r}: it has read and write")


# Generator


def operations(options: Mapping[str, Any]) -> Generator:
    """Endless reads and writes of numbered values, by random free clients."""
    keys = key_names(options["keys"])

    def draw(context: Context, client: int, number: int) -> Invocation:
        key = keys[any_of(len(keys), options["skew"], context.random)]
        if context.random.random() < options["read"]:
            return Invocation(context.time, client, "read", [key, None])
        return Invocation(context.time, client, "write", [key, number])

    return Drawn(draw)


# Final reads and checkers


def final_reads(plan: Plan, options: Mapping[str, Any]) -> list[FinalRead]:
    """A read of every key, the servers taking turns."""
    return key_reads("read", plan, options["keys"])


def checkers(options: Mapping[str, Any], consistency: str) -> tuple[Checker, ...]:
    """What is read is not older than the bound."""
    return (cache_coherent(options["bound"]),)


KIND = WorkloadKind(
    name=NAME,
    description="a cache in front of a database: what is read is not older than a bound",
    options=OPTIONS,
    methods=METHODS,
    perform=perform,
    operations=operations,
    final=final_reads,
    checkers=checkers,
    idempotent=frozenset({"read"}),
    fixed=("bound",),
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


def cache(client: ClientFactory, **options: int | float | None) -> Workload:
    """A cache, for a client that offers `CacheClient`'s methods.

    Args:
        client: makes a client; a class whose ``__init__`` takes a node and a server's name does.
        options: see `OPTIONS`.

    Raises:
        InvalidPlan: the client lacks a method; an option is unknown or cannot have its value.
    """
    return KIND.workload(client, options)
