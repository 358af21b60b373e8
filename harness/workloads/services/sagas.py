"""Sagas: orders that several services take part in, each by itself.

Orders have numbers, all different, and a day, of which services have few seats, so that some are
refused midway. In the end an order has all of its effects or none
(`splitbrain.checkers.calls.sagas`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from splitbrain.checkers.calls.sagas import AUDIT, LEDGERS, ORDER, saga
from splitbrain.checkers.verdict import Checker
from splitbrain.harness.generators import Context, Generator, Invocation
from splitbrain.harness.plan import Plan
from splitbrain.harness.workloads.parts.abilities import Method
from splitbrain.harness.workloads.parts.drawn import Drawn
from splitbrain.harness.workloads.parts.kind import WorkloadKind
from splitbrain.harness.workloads.parts.options import Option
from splitbrain.harness.workloads.parts.words import Words
from splitbrain.harness.workloads.workload import ClientFactory, FinalRead, Workload

NAME = "saga"

OPTIONS = (
    Option("read", 0.1, "share of reads of all ledgers; orders are the rest", most=1),
    Option("days", 40, "how many days orders are for", least=1),
)


# Client protocol


class OrdersClient(Protocol):
    """What a client must offer.

    A method that returns has done it; see `splitbrain.harness.client` for what raising means.
    """

    async def order(self, number: int, day: int) -> None:
        """Have every service do its part of an order.

        Raises:
            Definite: one refused, and the others undo theirs.
        """
        ...

    async def ledgers(self) -> Mapping[str, Sequence[Sequence[Any]]]:
        """By service, what it did and undid so far, in order: ``[number, "did"]``."""
        ...


METHODS = (
    Method("order", "order(number, day)", "orders", needed=True),
    Method("ledgers", "ledgers() -> {service: lines}", "reads of all ledgers", needed=True),
)


async def perform(client: Any, f: str, value: Any) -> Any:
    """Do one operation by the client's methods; see `splitbrain.harness.client.Perform`."""
    if f == ORDER:
        await client.order(*value)
        return value
    if f in (LEDGERS, AUDIT):
        found = await client.ledgers()
        return {service: [list(line) for line in lines] for service, lines in found.items()}
    raise ValueError(f"workload saga has no operation {f!r}: it has order and ledgers")


def operations(options: Mapping[str, Any]) -> Generator:
    """Endless orders, numbered from 0, and reads, by random free clients."""

    def draw(context: Context, client: int, number: int) -> Invocation:
        if context.random.random() < options["read"]:
            return Invocation(context.time, client, LEDGERS)
        day = context.random.randrange(options["days"])
        return Invocation(context.time, client, ORDER, [number, day])

    return Drawn(draw)


# Final reads and checkers


def final_reads(plan: Plan, options: Mapping[str, Any]) -> list[FinalRead]:
    """What all services have in the end."""
    return [FinalRead(AUDIT, None, server) for server in plan.servers]


def checkers(options: Mapping[str, Any], consistency: str) -> tuple[Checker, ...]:
    """An order has all of its effects, or none."""
    return (saga(),)


def shows(f: str, argument: Any, result: Any) -> bool:
    """Whether a read shows any effect."""
    return isinstance(result, Mapping) and any(result.values())


KIND = WorkloadKind(
    name=NAME,
    description="sagas: an order has all of its effects in the end, or none",
    options=OPTIONS,
    methods=METHODS,
    perform=perform,
    operations=operations,
    final=final_reads,
    checkers=checkers,
    idempotent=frozenset({LEDGERS, AUDIT}),
    refusable=frozenset({ORDER}),
    shows=shows,
    words={
        ORDER: Words("orders for day {argument.1} (order {argument.0})", "order {argument.0}"),
        LEDGERS: Words("reads all ledgers[ -> {result}]", "ledgers"),
        AUDIT: Words("reads all ledgers in the end[ -> {result}]"),
    },
)


def orders(client: ClientFactory, **options: int | float | None) -> Workload:
    """Sagas, for a client that offers `OrdersClient`'s methods.

    Args:
        client: makes a client; a class whose ``__init__`` takes a node and a server's name does.
        options: see `OPTIONS`.

    Raises:
        InvalidPlan: the client lacks a method; an option is unknown or cannot have its value.
    """
    return KIND.workload(client, options)
