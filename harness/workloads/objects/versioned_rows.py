"""Rows with a version that goes up with each change: one version is one content.

Writes that tell which version they made, and reads that tell which version they saw; judged by
`splitbrain.checkers.collections.row_versions`. Who relies on a version to notice that a row has
changed relies on that (DDIA chapter 7, "Compare-and-set").
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from splitbrain.checkers.collections import version_identity
from splitbrain.checkers.verdict import Checker
from splitbrain.harness.generators import Context, Generator, Invocation
from splitbrain.harness.plan import Plan
from splitbrain.harness.workloads.parts.abilities import Method
from splitbrain.harness.workloads.parts.drawn import Drawn
from splitbrain.harness.workloads.parts.kind import WorkloadKind
from splitbrain.harness.workloads.parts.options import Option
from splitbrain.harness.workloads.parts.words import Words
from splitbrain.harness.workloads.workload import ClientFactory, FinalRead, Workload

NAME = "versions"

OPTIONS = (
    Option("read", 0.5, "share of reads; writes are the rest", most=1),
    Option("keys", 3, "how many rows", least=1),
)


# Client protocol


class VersionedClient(Protocol):
    """What a client must offer.

    A method that returns has done it; see `splitbrain.harness.client` for what raising means.
    """

    async def write_version(self, key: str, value: int) -> int:
        """Set a row's value; the version that it has with it."""
        ...

    async def read_version(self, key: str) -> tuple[int, Any]:
        """A row's version, 0 if it was never written, and its value."""
        ...


METHODS = (
    Method("write_version", "write_version(key, value) -> version", "writes", needed=True),
    Method("read_version", "read_version(key) -> version and value", "reads", needed=True),
)


async def perform(client: Any, f: str, value: Any) -> Any:
    """Do one operation by the client's methods; see `splitbrain.harness.client.Perform`."""
    if f == "write":
        key, written = value
        return [key, await client.write_version(key, written), written]
    if f == "read":
        version, found = await client.read_version(value)
        return [value, version, found]
    raise ValueError(f"workload versions has no operation {f!r}: it has write and read")


def operations(options: Mapping[str, Any]) -> Generator:
    """Endless writes, of values that are all different, and reads, by random free clients."""

    def draw(context: Context, client: int, number: int) -> Invocation:
        key = f"r{context.random.randrange(options['keys'])}"
        if context.random.random() < options["read"]:
            return Invocation(context.time, client, "read", key)
        return Invocation(context.time, client, "write", [key, number])

    return Drawn(draw)


def final_reads(plan: Plan, options: Mapping[str, Any]) -> list[FinalRead]:
    """A read of each row by a client of every server."""
    keys = [f"r{number}" for number in range(options["keys"])]
    return [FinalRead("read", key, server) for server in plan.servers for key in keys]


def checkers(options: Mapping[str, Any], consistency: str) -> tuple[Checker, ...]:
    """Each version has one content."""
    return (version_identity(),)


def shows(f: str, argument: Any, result: Any) -> bool:
    """Whether a read shows a row that there is."""
    return bool(result) and result[1] != 0


KIND = WorkloadKind(
    name=NAME,
    description="rows with versions: one version is one content, whoever sees it",
    options=OPTIONS,
    methods=METHODS,
    perform=perform,
    operations=operations,
    final=final_reads,
    checkers=checkers,
    idempotent=frozenset({"read"}),
    shows=shows,
    words={
        "write": Words(
            "sets {argument.0:name} to {argument.1}[ -> version {result.1}]",
            "{argument.0:name}={argument.1}",
        ),
        "read": Words(
            "reads {argument:name}[ -> {result.2}, version {result.1}]", "{argument:name}?"
        ),
    },
)


def versions(client: ClientFactory, **options: int | float | None) -> Workload:
    """Rows with versions, for a client that offers `VersionedClient`'s methods.

    Args:
        client: makes a client; a class whose ``__init__`` takes a node and a server's name does.
        options: see `OPTIONS`.

    Raises:
        InvalidPlan: the client lacks a method; an option is unknown or cannot have its value.
    """
    return KIND.workload(client, options)
