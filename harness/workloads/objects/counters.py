"""A counter: what was added shows in every read.

Jepsen's ``counter``, judged by linearizability: a read gives the sum of all that was added before.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from splitbrain.checkers.linearizability import linearizable
from splitbrain.checkers.models import counter as counter_model
from splitbrain.checkers.verdict import Checker
from splitbrain.harness.generators import Context, Generator, Invocation
from splitbrain.harness.plan import Plan
from splitbrain.harness.workloads.parts.abilities import Method
from splitbrain.harness.workloads.parts.drawn import Drawn
from splitbrain.harness.workloads.parts.kind import WorkloadKind
from splitbrain.harness.workloads.parts.options import Option
from splitbrain.harness.workloads.parts.words import Words
from splitbrain.harness.workloads.workload import ClientFactory, FinalRead, Workload

NAME = "counter"

OPTIONS = (
    Option("read", 0.5, "share of reads among the operations; adds are the rest", most=1),
    Option("most", 5, "the most that an add adds; it adds 1 at least", least=1),
)


# Client protocol


class CounterClient(Protocol):
    """What a client must offer.

    A method that returns has done it; see `splitbrain.harness.client` for what raising means.
    """

    async def add(self, amount: int) -> None:
        """Add `amount` to the counter, which is 0 at first."""
        ...

    async def read(self) -> int:
        """The counter's value."""
        ...


METHODS = (
    Method("add", "add(amount)", "adds", needed=True),
    Method("read", "read()", "reads", needed=True),
)


async def perform(client: Any, f: str, value: Any) -> Any:
    """Do one operation by the client's methods; see `splitbrain.harness.client.Perform`."""
    if f == "read":
        return await client.read()
    if f == "add":
        await client.add(value)
        return value
    raise ValueError(f"workload counter has no operation {f!r}: it has add and read")


# Generator


def operations(options: Mapping[str, Any]) -> Generator:
    """Endless adds and reads, by random free clients."""

    def draw(context: Context, client: int, number: int) -> Invocation:
        if context.random.random() < options["read"]:
            return Invocation(context.time, client, "read")
        return Invocation(context.time, client, "add", context.random.randint(1, options["most"]))

    return Drawn(draw)


# Final reads and checkers


def final_reads(plan: Plan, options: Mapping[str, Any]) -> list[FinalRead]:
    """A read by a client of every server."""
    return [FinalRead("read", None, server) for server in plan.servers]


def checkers(options: Mapping[str, Any], consistency: str) -> tuple[Checker, ...]:
    """The counter is linearizable."""
    return (linearizable(counter_model()),)


def counted(f: str, argument: Any, result: Any) -> bool:
    """Whether a read shows that anything was added."""
    return bool(result != 0)


KIND = WorkloadKind(
    name=NAME,
    description="a linearizable counter: every read gives the sum of what was added",
    options=OPTIONS,
    methods=METHODS,
    perform=perform,
    operations=operations,
    final=final_reads,
    checkers=checkers,
    idempotent=frozenset({"read"}),
    shows=counted,
    words={
        "add": Words("adds {argument}", "+{argument}"),
        "read": Words("reads[ -> {result}]", "->{result}", "{result}"),
    },
)


def counter(client: ClientFactory, **options: int | float | None) -> Workload:
    """A counter, for a client that offers `CounterClient`'s methods.

    Args:
        client: makes a client; a class whose ``__init__`` takes a node and a server's name does.
        options: see `OPTIONS`.

    Raises:
        InvalidPlan: the client lacks a method; an option is unknown or cannot have its value.
    """
    return KIND.workload(client, options)
