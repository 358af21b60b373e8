"""Broadcast: servers deliver messages, all of them, once, in an order.

Each client sends messages, and is told what servers have delivered: it asks any of them for what
comes after the position up to which it knows. Judged by the orders that the options name: total
order, FIFO order, causal order (`splitbrain.checkers.broadcast.orders`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from splitbrain.checkers.broadcast.orders import (
    causal_broadcast,
    fifo_broadcast,
    total_order_broadcast,
)
from splitbrain.checkers.history import Operation
from splitbrain.checkers.verdict import Checker
from splitbrain.harness.generators import PENDING, Context, Generator, Invocation, Step
from splitbrain.harness.plan import Plan
from splitbrain.harness.workloads.parts.abilities import Method
from splitbrain.harness.workloads.parts.kind import WorkloadKind
from splitbrain.harness.workloads.parts.options import Option
from splitbrain.harness.workloads.parts.words import Words
from splitbrain.harness.workloads.workload import (
    DRAIN_S,
    ClientFactory,
    FinalRead,
    Workload,
)

NAME = "broadcast"

OPTIONS = (
    Option("read", 0.5, "share of reads of what is delivered; broadcasts are the rest", most=1),
    Option("total", 1, "1: all servers deliver the same sequence", most=1),
    Option("fifo", 1, "1: each client's messages are delivered in its order", most=1),
    Option("causal", 1, "1: no message is delivered before its causes", most=1),
)


# Client protocol


class BroadcastClient(Protocol):
    """What a client must offer.

    A method that returns has done it; see `splitbrain.harness.client` for what raising means.
    """

    async def broadcast(self, message: int) -> None:
        """Send a message to all servers."""
        ...

    async def deliveries(self, after: int) -> tuple[str, Sequence[int]]:
        """A server's name, and what it has delivered from a position on, counted from 0."""
        ...

    async def drain(self) -> tuple[str, Sequence[int]]:
        """The name of the server that this client was made for, and all that it delivers."""
        ...


METHODS = (
    Method("broadcast", "broadcast(message)", "broadcasts", needed=True),
    Method("deliveries", "deliveries(after) -> (server, messages)", "reads", needed=True),
    Method("drain", "drain() -> (server, messages)", "final reads", needed=True),
)


async def perform(client: Any, f: str, value: Any) -> Any:
    """Do one operation by the client's methods; see `splitbrain.harness.client.Perform`."""
    if f == "broadcast":
        await client.broadcast(value)
        return value
    if f in ("deliveries", "drain"):
        server, messages = await (client.deliveries(value) if value is not None else client.drain())
        return {"server": server, "after": value or 0, "messages": list(messages)}
    raise ValueError(f"workload broadcast has no operation {f!r}: it has broadcast and deliveries")


# Generator


@dataclass(frozen=True, slots=True)
class Broadcasting:
    """Endless broadcasts and reads, by random free clients.

    Attributes:
        read: share of reads.
        fresh: the next message.
        known: by client, the position up to which it knows what is delivered.
    """

    read: float
    fresh: int = 0
    known: Mapping[int, int] = field(default_factory=dict)

    def next(self, context: Context) -> Step | None:
        """An operation if any client is free."""
        if not context.free:
            return PENDING, self
        client = context.random.choice(context.free)
        if context.random.random() < self.read:
            after = self.known.get(client, 0)
            return Invocation(context.time, client, "deliveries", after), self
        sent = Invocation(context.time, client, "broadcast", self.fresh)
        return sent, replace(self, fresh=self.fresh + 1)

    def update(self, context: Context, event: Operation) -> Generator:
        """A client goes on from what it was told; one whose operation ended in doubt, anew."""
        client = context.client_of(event)
        match event:
            case Operation(
                type="ok", f="deliveries", value={"after": after, "messages": [*messages]}
            ):
                return replace(self, known={**self.known, client: after + len(messages)})
            case Operation(type="info"):
                return replace(self, known={c: n for c, n in self.known.items() if c != client})
            case _:
                return self


def operations(options: Mapping[str, Any]) -> Generator:
    """Endless broadcasts and reads in the shares that the options say."""
    return Broadcasting(options["read"])


# Final reads and checkers


def final_reads(plan: Plan, options: Mapping[str, Any]) -> list[FinalRead]:
    """All that each server delivers."""
    return [FinalRead("drain", None, server, DRAIN_S) for server in plan.servers]


def checkers(options: Mapping[str, Any], consistency: str) -> tuple[Checker, ...]:
    """The orders that the options name."""
    every = {
        "total": total_order_broadcast,
        "fifo": fifo_broadcast,
        "causal": causal_broadcast,
    }
    return tuple(make() for name, make in every.items() if options[name])


def shows(f: str, argument: Any, result: Any) -> bool:
    """Whether a read shows any message."""
    return isinstance(result, Mapping) and bool(result.get("messages"))


KIND = WorkloadKind(
    name=NAME,
    description="broadcast: all servers deliver all messages, once, in one order",
    options=OPTIONS,
    methods=METHODS,
    perform=perform,
    operations=operations,
    final=final_reads,
    checkers=checkers,
    idempotent=frozenset({"deliveries", "drain"}),
    fixed=("total", "fifo", "causal"),
    shows=shows,
    words={
        "broadcast": Words("broadcasts {argument}", "+{argument}"),
        "deliveries": Words("reads what is delivered from {argument} on[ -> {result}]", "->"),
        "drain": Words("reads all that is delivered[ -> {result}]"),
    },
)


def broadcast(client: ClientFactory, **options: int | float | None) -> Workload:
    """Broadcasts, for a client that offers `BroadcastClient`'s methods.

    Args:
        client: makes a client; a class whose ``__init__`` takes a node and a server's name does.
        options: see `OPTIONS`.

    Raises:
        InvalidPlan: the client lacks a method; an option is unknown or cannot have its value.
    """
    return KIND.workload(client, options)
