"""A log: entries are appended, each gets the next place, and none ever changes.

The object of CORFU, of a partition of Kafka, and of the replicated log itself; judged by
linearizability. Every entry is another number.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from splitbrain.checkers.linearizability import linearizable
from splitbrain.checkers.models import log as log_model
from splitbrain.checkers.verdict import Checker
from splitbrain.harness.generators import Context, Generator, Invocation
from splitbrain.harness.plan import Plan
from splitbrain.harness.workloads.parts.abilities import Method
from splitbrain.harness.workloads.parts.drawn import Drawn
from splitbrain.harness.workloads.parts.kind import WorkloadKind
from splitbrain.harness.workloads.parts.options import Option
from splitbrain.harness.workloads.parts.words import Words
from splitbrain.harness.workloads.workload import ClientFactory, FinalRead, Workload

NAME = "log"

OPTIONS = (
    Option("read", 0.3, "share of reads among the operations; appends are the rest", most=1),
)


# Client protocol


class LogClient(Protocol):
    """What a client must offer.

    A method that returns has done it; see `splitbrain.harness.client` for what raising means.
    """

    async def append(self, entry: int) -> int | None:
        """Put `entry` at the end of the log; return its offset, from 0, if that is known."""
        ...

    async def read(self) -> list[int]:
        """All entries, in order."""
        ...


METHODS = (
    Method("append", "append(entry)", "appends", needed=True),
    Method("read", "read()", "reads", needed=True),
)


async def perform(client: Any, f: str, value: Any) -> Any:
    """Do one operation by the client's methods; see `splitbrain.harness.client.Perform`."""
    if f == "read":
        return list(await client.read())
    if f == "append":
        offset = await client.append(value)
        return value if offset is None else [offset, value]
    raise ValueError(f"workload log has no operation {f!r}: it has append and read")


# Generator


def operations(options: Mapping[str, Any]) -> Generator:
    """Endless appends, of 0, 1, 2, ..., and reads, by random free clients."""

    def draw(context: Context, client: int, number: int) -> Invocation:
        if context.random.random() < options["read"]:
            return Invocation(context.time, client, "read")
        return Invocation(context.time, client, "append", number)

    return Drawn(draw)


# Final reads and checkers


def final_reads(plan: Plan, options: Mapping[str, Any]) -> list[FinalRead]:
    """A read by a client of every server."""
    return [FinalRead("read", None, server) for server in plan.servers]


def checkers(options: Mapping[str, Any], consistency: str) -> tuple[Checker, ...]:
    """The log is linearizable."""
    return (linearizable(log_model()),)


KIND = WorkloadKind(
    name=NAME,
    description="a linearizable log: appended entries keep their places",
    options=OPTIONS,
    methods=METHODS,
    perform=perform,
    operations=operations,
    final=final_reads,
    checkers=checkers,
    idempotent=frozenset({"read"}),
    words={
        "append": Words("appends {argument}[ at {result.0}]", "+{argument}"),
        "read": Words("reads the log[ -> {result}]", "->{result}", "{result}"),
    },
)


def log(client: ClientFactory, **options: int | float | None) -> Workload:
    """A log, for a client that offers `LogClient`'s methods.

    Args:
        client: makes a client; a class whose ``__init__`` takes a node and a server's name does.
        options: see `OPTIONS`.

    Raises:
        InvalidPlan: the client lacks a method; an option is unknown or cannot have its value.
    """
    return KIND.workload(client, options)
