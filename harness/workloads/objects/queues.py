"""A queue: what is put in comes out, once.

Jepsen's ``total-queue``. Every element is another number, and in the end the queue is drained, so
whatever becomes of an element is told without a search: taken, lost, or taken twice. A queue that
claims to keep the order, too, is judged by linearizability (``fifo=True``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Protocol

import trio

from splitbrain.checkers.collections import total_queue
from splitbrain.checkers.linearizability import linearizable
from splitbrain.checkers.models import queue as fifo_queue
from splitbrain.checkers.verdict import Checker
from splitbrain.harness.client import Definite
from splitbrain.harness.generators import Context, Generator, Invocation
from splitbrain.harness.plan import Plan
from splitbrain.harness.workloads.parts.abilities import Method
from splitbrain.harness.workloads.parts.drawn import Drawn
from splitbrain.harness.workloads.parts.kind import WorkloadKind
from splitbrain.harness.workloads.parts.options import Option
from splitbrain.harness.workloads.parts.words import Words
from splitbrain.harness.workloads.workload import (
    DRAIN_S,
    ClientFactory,
    FinalRead,
    Workload,
)

NAME = "queue"

AGAIN_S = 0.02
"""How long a drain waits before it asks again, in seconds."""

REFUSALS = 5
"""How often a drain asks again as long as nothing came out."""

OPTIONS = (
    Option("dequeue", 0.5, "share of dequeues among the operations; enqueues are the rest", most=1),
)


# Client protocol


class QueueClient(Protocol):
    """What a client must offer.

    A method that returns has done it; see `splitbrain.harness.client` for what raising means.
    """

    async def enqueue(self, element: int) -> None:
        """Put `element` into the queue."""
        ...

    async def dequeue(self) -> int | None:
        """Take an element out; None if there is none."""
        ...


METHODS = (
    Method("enqueue", "enqueue(element)", "enqueues", needed=True),
    Method("dequeue", "dequeue()", "dequeues", needed=True),
)


async def perform(client: Any, f: str, value: Any) -> Any:
    """Do one operation by the client's methods; see `splitbrain.harness.client.Perform`."""
    match f:
        case "enqueue":
            await client.enqueue(value)
            return value
        case "dequeue":
            return await client.dequeue()
        case "drain":
            taken: list[Any] = []
            while (element := await _drained(client, taken)) is not None:
                taken.append(element)
            return taken
        case _:
            raise ValueError(f"workload queue has no operation {f!r}: it has enqueue and dequeue")


async def _drained(client: Any, taken: list[Any]) -> Any:
    """The next element; asked for again if that is refused.

    A drain that fails says that nothing came out, so it may not once something did.
    """
    refused = 0
    while True:
        try:
            return await client.dequeue()
        except Definite:
            refused += 1
            if refused > REFUSALS and not taken:
                raise
            await trio.sleep(AGAIN_S)


# Generator


def operations(options: Mapping[str, Any]) -> Generator:
    """Endless enqueues, of 0, 1, 2, ..., and dequeues, by random free clients."""

    def draw(context: Context, client: int, number: int) -> Invocation:
        if context.random.random() < options["dequeue"]:
            return Invocation(context.time, client, "dequeue")
        return Invocation(context.time, client, "enqueue", number)

    return Drawn(draw)


# Final reads and checkers


def drains(plan: Plan, options: Mapping[str, Any]) -> list[FinalRead]:
    """Whatever each server still gives is taken."""
    return [FinalRead("drain", None, server, DRAIN_S) for server in plan.servers]


def checkers(options: Mapping[str, Any], consistency: str) -> tuple[Checker, ...]:
    """Nothing is lost, and nothing taken twice."""
    return (total_queue(),)


KIND = WorkloadKind(
    name=NAME,
    description="a queue: what is enqueued is dequeued, once",
    options=OPTIONS,
    methods=METHODS,
    perform=perform,
    operations=operations,
    final=drains,
    checkers=checkers,
    words={
        "enqueue": Words("enqueues {argument}", "+{argument}"),
        "dequeue": Words("dequeues[ -> {result}]", "->{result}"),
        "drain": Words("drains the queue[ -> {result}]", "->{result}"),
    },
)


def queue(
    client: ClientFactory,
    *,
    fifo: bool = False,
    at_least_once: bool = False,
    **options: int | float | None,
) -> Workload:
    """A queue, for a client that offers `QueueClient`'s methods.

    Args:
        client: makes a client; a class whose ``__init__`` takes a node and a server's name does.
        fifo: whether elements come out in the order in which they were put in: the queue is
            linearizable. It is not drained in the end, then.
        at_least_once: whether an element may come out more than once.
        options: see `OPTIONS`.

    Raises:
        InvalidPlan: the client lacks a method; an option is unknown or cannot have its value.
    """
    judge = linearizable(fifo_queue()) if fifo else total_queue(at_least_once=at_least_once)
    kind = replace(KIND, checkers=lambda options, consistency: (judge,))
    if fifo:
        kind = replace(kind, final=lambda plan, options: [])
    return kind.workload(client, options)
