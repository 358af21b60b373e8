"""Messages with keys for consumers that share the load; some are poison, which nobody can process.

Judged by `splitbrain.checkers.streams.message_deliveries` (DDIA chapter 11, "Messaging Systems").
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from splitbrain.checkers.streams import deliveries as deliveries_checker
from splitbrain.checkers.streams.message_deliveries import READ, SEND
from splitbrain.checkers.verdict import Checker
from splitbrain.harness.generators import Context, Generator, Invocation
from splitbrain.harness.plan import Plan
from splitbrain.harness.workloads.parts.abilities import Method
from splitbrain.harness.workloads.parts.drawn import Drawn
from splitbrain.harness.workloads.parts.kind import WorkloadKind
from splitbrain.harness.workloads.parts.options import Option
from splitbrain.harness.workloads.parts.words import Words
from splitbrain.harness.workloads.workload import ClientFactory, FinalRead, Workload

NAME = "deliveries"

OPTIONS = (
    Option("keys", 4, "how many keys", least=1),
    Option("poison", 0.05, "share of messages that nobody can process", most=1),
    Option("read", 0.05, "share of reads of what was processed; messages are the rest", most=1),
)


# Client protocol


class DeliveriesClient(Protocol):
    """What a client must offer.

    A method that returns has done it; see `splitbrain.harness.client` for what raising means.
    """

    async def send(self, key: str, number: int, is_poison: bool) -> int:
        """Send a message; return the how many-th of its key it is, from 1. Refuse if too many wait
        already."""
        ...

    async def processed(self) -> Mapping[str, Any]:
        """What became of messages, all that were acknowledged before this call at least:
        ``processed`` and ``dead``, ``[key, number]`` each, in the order in which they were."""
        ...


METHODS = (
    Method("send", "send(key, number, is_poison)", "sends", needed=True),
    Method("processed", "processed()", "reads what was processed", needed=True),
)


async def perform(client: Any, f: str, value: Any) -> Any:
    """Do one operation by the client's methods; see `splitbrain.harness.client.Perform`."""
    if f == SEND:
        return [*value, await client.send(*value)]
    if f == READ:
        found = await client.processed()
        return {how: [list(row) for row in found[how]] for how in ("processed", "dead")}
    raise ValueError(f"workload {NAME} has no operation {f!r}: it has {SEND} and {READ}")


# Generator


def operations(options: Mapping[str, Any]) -> Generator:
    """Endless messages, numbered from 0, and reads, by random free clients."""

    def draw(context: Context, client: int, number: int) -> Invocation:
        random = context.random
        if random.random() < options["read"]:
            return Invocation(context.time, client, READ)
        message = [f"k{random.randrange(options['keys'])}", number]
        is_poison = random.random() < options["poison"]
        return Invocation(context.time, client, SEND, [*message, is_poison])

    return Drawn(draw)


# Final reads and checkers


def final_reads(plan: Plan, options: Mapping[str, Any]) -> list[FinalRead]:
    """A read by a client of every server."""
    return [FinalRead(READ, None, server) for server in plan.servers]


def checkers(options: Mapping[str, Any], consistency: str) -> tuple[Checker, ...]:
    """Messages have their effects once, in order."""
    return (deliveries_checker(),)


def shows(f: str, argument: Any, result: Any) -> bool:
    """Whether a read has anything that was processed."""
    return isinstance(result, Mapping) and bool(result.get("processed"))


KIND = WorkloadKind(
    name=NAME,
    description="messages for consumers that share the load: once, in order, none dropped",
    options=OPTIONS,
    methods=METHODS,
    perform=perform,
    operations=operations,
    final=final_reads,
    checkers=checkers,
    idempotent=frozenset({READ}),
    shows=shows,
    words={
        SEND: Words("sends {argument.1} to {argument.0:name}[, as number {result.3}]", "send"),
        READ: Words("reads what was processed[ -> {result}]", "processed"),
    },
)


def deliveries(client: ClientFactory, **options: int | float | None) -> Workload:
    """Messages, for a client that offers `DeliveriesClient`'s methods.

    Args:
        client: makes a client; a class whose ``__init__`` takes a node and a server's name does.
        options: see `OPTIONS`.

    Raises:
        InvalidPlan: the client lacks a method; an option is unknown or cannot have its value.
    """
    return KIND.workload(client, options)
