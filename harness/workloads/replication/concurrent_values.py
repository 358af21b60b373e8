"""Siblings: concurrent writes of a key all stay, until somebody who has read them replaces them.

The shopping cart of Dynamo, in its plainest form: a read gives all values of a key that nobody has
overwritten; a write replaces those that its client had read, and no others; a removal puts nothing
in their place. Every write of a key has a value of its own, and names what it replaces, so what
must be there in the end is told from the history alone
(`splitbrain.checkers.convergence.concurrent_writes`; DDIA chapter 5, "Detecting Concurrent
Writes").
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from splitbrain.checkers.convergence import homes_converged, no_lost_concurrent_write
from splitbrain.checkers.history.operation import Operation
from splitbrain.checkers.verdict import Checker
from splitbrain.harness.generators import PENDING, Context, Generator, Invocation, Step
from splitbrain.harness.plan import Plan
from splitbrain.harness.workloads.parts.abilities import Method
from splitbrain.harness.workloads.parts.keyed import (
    SKEW,
    TURNOVER,
    Choice,
    key_names,
    remainder,
)
from splitbrain.harness.workloads.parts.kind import WorkloadKind
from splitbrain.harness.workloads.parts.options import Option
from splitbrain.harness.workloads.parts.words import Words
from splitbrain.harness.workloads.workload import ClientFactory, FinalRead, Workload

NAME = "siblings"

OPTIONS = (
    Option("keys", 3, "how many independent keys", least=1),
    SKEW,
    TURNOVER,
    Option("read", 0.5, "share of reads among the operations", most=1),
    Option("remove", 0.1, "share of removals; writes are what is left", most=1),
    Option("blind", 0.2, "share of writes that replace nothing, whatever was read", most=1),
)


# Client protocol


class SiblingsClient(Protocol):
    """What a client must offer.

    A method that returns has done it; see `splitbrain.harness.client` for what raising means.
    """

    async def read(self, key: str) -> Sequence[int]:
        """All values of the key that nobody has overwritten, in any order."""
        ...

    async def write(self, key: str, value: int, over: Sequence[int]) -> None:
        """Write `value` in place of `over`: nothing, or what this client's last read gave.

        Raises:
            Definite: it remembers no such read.
        """
        ...

    async def remove(self, key: str, over: Sequence[int]) -> None:
        """Remove `over`, as `write` does, with nothing in its place."""
        ...

    async def homes(self, key: str) -> Mapping[str, Sequence[int]]:
        """By server, the values that it has itself, of those servers that are to have the key."""
        ...


METHODS = (
    Method("read", "read(key) -> values", "reads", needed=True),
    Method("write", "write(key, value, over)", "writes", needed=True),
    Method("remove", "remove(key, over)", "removals", needed=True),
    Method("homes", "homes(key) -> {server: values}", "comparison of a key's homes", needed=True),
)


async def perform(client: Any, f: str, value: Any) -> Any:
    """Do one operation by the client's methods; see `splitbrain.harness.client.Perform`."""
    key, argument = value
    if f == "read":
        return [key, list(await client.read(key))]
    if f == "homes":
        found = await client.homes(key)
        return [key, {server: list(values) for server, values in found.items()}]
    if f == "write":
        await client.write(key, *argument)
        return value
    if f == "remove":
        await client.remove(key, argument)
        return value
    raise ValueError(f"workload siblings has no operation {f!r}: it has read, write and remove")


# Generator


@dataclass(frozen=True, slots=True)
class SiblingOperations:
    """Endless operations on a few keys, by random free clients.

    Attributes:
        keys: the keys.
        weights: how often each f is drawn, in proportion.
        blind: share of writes that replace nothing.
        choice: which keys are taken.
        fresh: the next value to write.
        seen: by client and key, what was read and not replaced since.
    """

    keys: tuple[str, ...]
    weights: Mapping[str, float]
    blind: float
    choice: Choice
    fresh: int = 0
    seen: Mapping[tuple[int, str], list[int]] = field(default_factory=dict)

    def next(self, context: Context) -> Step | None:
        """An operation if any client is free."""
        if not context.free:
            return PENDING, self
        draw = context.random
        key = self.keys[self.choice.any(context)]
        f = draw.choices(tuple(self.weights), tuple(self.weights.values()))[0]
        client = draw.choice(context.free)
        seen = self.seen.get((client, key), [])
        if f == "read" or (f == "remove" and not seen):
            return Invocation(context.time, client, "read", [key, None]), self
        rest = {place: values for place, values in self.seen.items() if place != (client, key)}
        if f == "remove":
            return Invocation(context.time, client, f, [key, seen]), replace(self, seen=rest)
        over = [] if draw.random() < self.blind else seen
        after = replace(self, seen=rest, fresh=self.fresh + 1)
        return Invocation(context.time, client, f, [key, [self.fresh, over]]), after

    def update(self, context: Context, event: Operation) -> Generator:
        """Learns from reads; a client whose operation ended in doubt starts anew."""
        client = context.client_of(event)
        match event:
            case Operation(type="ok", f="read", value=[key, values]):
                return replace(self, seen={**self.seen, (client, key): values})
            case Operation(type="info"):
                rest = {place: v for place, v in self.seen.items() if place[0] != client}
                return replace(self, seen=rest)
            case _:
                return self


def operations(options: Mapping[str, Any]) -> Generator:
    """Endless reads, writes and removals in the shares that the options say."""
    shares = {"read": options["read"], "remove": options["remove"]}
    weights = remainder(NAME, shares, "write")
    keys, choice = key_names(options["keys"]), Choice.of(options)
    return SiblingOperations(keys, weights, options["blind"], choice)


# Final reads and checkers


def final_reads(plan: Plan, options: Mapping[str, Any]) -> list[FinalRead]:
    """A read of every key by every server, and what its homes have."""
    keys = key_names(options["keys"])
    reads = [FinalRead("read", [key, None], server) for server in plan.servers for key in keys]
    return reads + [FinalRead("homes", [key, None]) for key in keys]


def checkers(options: Mapping[str, Any], consistency: str) -> tuple[Checker, ...]:
    """In the end no write is lost that nobody replaced, and homes agree."""
    return (no_lost_concurrent_write(), homes_converged())


KIND = WorkloadKind(
    name=NAME,
    description="siblings: concurrent writes stay until one who has read them replaces them",
    options=OPTIONS,
    methods=METHODS,
    perform=perform,
    operations=operations,
    final=final_reads,
    checkers=checkers,
    idempotent=frozenset({"read", "homes"}),
    refusable=frozenset({"remove"}),
    words={
        "read": Words(
            "reads {argument.0:name}[ -> {result.1}]", "{argument.0:name}->{result.1}", "{result.1}"
        ),
        "write": Words(
            "writes {argument.0:name} = {argument.1.0} over {argument.1.1}",
            "{argument.0:name}={argument.1.0}",
            "{argument.1.0}",
        ),
        "remove": Words(
            "removes {argument.1} of {argument.0:name}", "{argument.0:name}-{argument.1}"
        ),
        "homes": Words("asks the homes of {argument.0:name}[ -> {result.1}]"),
    },
)


def siblings(client: ClientFactory, **options: int | float | None) -> Workload:
    """Siblings, for a client that offers `SiblingsClient`'s methods.

    Args:
        client: makes a client; a class whose ``__init__`` takes a node and a server's name does.
        options: see `OPTIONS`.

    Raises:
        InvalidPlan: the client lacks a method; an option is unknown or cannot have its value.
    """
    return KIND.workload(client, options)
