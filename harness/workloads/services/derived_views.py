"""A database and an index that is derived from it: `splitbrain.checkers.streams.view_consistent`.

Keys get one of a few values, or are deleted; views give the whole index, by value.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from splitbrain.checkers.streams import view_consistent
from splitbrain.checkers.streams.views import DELETE, PUT, VIEW
from splitbrain.checkers.verdict import Checker
from splitbrain.harness.generators import Context, Generator, Invocation
from splitbrain.harness.plan import Plan
from splitbrain.harness.workloads.parts.abilities import Method
from splitbrain.harness.workloads.parts.drawn import Drawn
from splitbrain.harness.workloads.parts.kind import WorkloadKind
from splitbrain.harness.workloads.parts.options import Option
from splitbrain.harness.workloads.parts.words import Words
from splitbrain.harness.workloads.workload import ClientFactory, FinalRead, Workload

NAME = "cdc"

OPTIONS = (
    Option("keys", 12, "how many keys", least=1),
    Option("values", 4, "how many values", least=1),
    Option("delete", 0.2, "share of deletes", most=1),
    Option("view", 0.15, "share of views; puts are the rest", most=1),
)


# Client protocol


class CdcClient(Protocol):
    """What a client must offer.

    A method that returns has done it, once; see `splitbrain.harness.client` for what raising means.
    """

    async def put(self, key: str, value: str) -> int:
        """Give a key a value; return the position of this in the database's log."""
        ...

    async def delete(self, key: str) -> int:
        """Take a key away; return the position of this."""
        ...

    async def view(self) -> Mapping[str, Any]:
        """The index after all that was acknowledged before this call, at least: ``position`` and
        ``entries``, ``[value, key]`` each."""
        ...


METHODS = (
    Method("put", "put(key, value)", "puts", needed=True),
    Method("delete", "delete(key)", "deletes", needed=True),
    Method("view", "view()", "views of the index", needed=True),
)


async def perform(client: Any, f: str, value: Any) -> Any:
    """Do one operation by the client's methods; see `splitbrain.harness.client.Perform`."""
    if f == PUT:
        return [*value, await client.put(*value)]
    if f == DELETE:
        return [value, await client.delete(value)]
    if f == VIEW:
        view = await client.view()
        entries = sorted(list(entry) for entry in view["entries"])
        return {"position": view["position"], "entries": entries}
    raise ValueError(f"workload {NAME} has no operation {f!r}: it has {PUT}, {DELETE} and {VIEW}")


# Generator


def operations(options: Mapping[str, Any]) -> Generator:
    """Endless writes and views, by random free clients."""

    def draw(context: Context, client: int, number: int) -> Invocation:
        random = context.random
        left = random.random()
        if left < options["view"]:
            return Invocation(context.time, client, VIEW)
        key = f"k{random.randrange(options['keys'])}"
        if left < options["view"] + options["delete"]:
            return Invocation(context.time, client, DELETE, key)
        value = f"v{random.randrange(options['values'])}"
        return Invocation(context.time, client, PUT, [key, value])

    return Drawn(draw)


# Final reads and checkers


def final_reads(plan: Plan, options: Mapping[str, Any]) -> list[FinalRead]:
    """A view by a client of every server."""
    return [FinalRead(VIEW, None, server) for server in plan.servers]


def checkers(options: Mapping[str, Any], consistency: str) -> tuple[Checker, ...]:
    """The index is what the database says."""
    return (view_consistent(),)


def shows(f: str, argument: Any, result: Any) -> bool:
    """Whether a view has any entry."""
    return isinstance(result, Mapping) and bool(result.get("entries"))


KIND = WorkloadKind(
    name=NAME,
    description="a database and an index derived from it: the two agree",
    options=OPTIONS,
    methods=METHODS,
    perform=perform,
    operations=operations,
    final=final_reads,
    checkers=checkers,
    idempotent=frozenset({VIEW}),
    shows=shows,
    words={
        PUT: Words(
            "puts {argument.0:name} = {argument.1}[, at {result.2}]",
            "{argument.0:name}={argument.1}",
        ),
        DELETE: Words("deletes {argument:name}[, at {result.1}]", "{argument:name}="),
        VIEW: Words("reads the index[ -> {result.entries}, at {result.position}]", "view"),
    },
)


def cdc(client: ClientFactory, **options: int | float | None) -> Workload:
    """A database and an index, for a client that offers `CdcClient`'s methods.

    Args:
        client: makes a client; a class whose ``__init__`` takes a node and a server's name does.
        options: see `OPTIONS`.

    Raises:
        InvalidPlan: the client lacks a method; an option is unknown or cannot have its value.
    """
    return KIND.workload(client, options)
