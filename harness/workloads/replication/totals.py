"""A counter whose replicas may be behind: in the end every server has the sum of what was added.

Maelstrom's ``g-counter``, and with ``subtract`` its ``pn-counter``. A counter that is never behind
has the workload ``counter``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from splitbrain.checkers.convergence import eventual_counter as eventual_counter_checker
from splitbrain.checkers.verdict import Checker
from splitbrain.harness.generators import Context, Generator, Invocation
from splitbrain.harness.workloads.objects.counters import METHODS, counted, final_reads
from splitbrain.harness.workloads.objects.counters import perform as of_a_counter
from splitbrain.harness.workloads.parts.drawn import Drawn
from splitbrain.harness.workloads.parts.kind import WorkloadKind
from splitbrain.harness.workloads.parts.options import Option
from splitbrain.harness.workloads.parts.words import Words
from splitbrain.harness.workloads.workload import ClientFactory, Workload

NAME = "eventual-counter"

OPTIONS = (
    Option("read", 0.3, "share of reads among the operations; adds are the rest", most=1),
    Option("most", 5, "the most that an add adds; it adds 1 at least", least=1),
    Option("subtract", 0.0, "share of adds of negative numbers", most=1),
)


async def perform(client: Any, f: str, value: Any) -> Any:
    """Do one operation by the client's methods; see `splitbrain.harness.client.Perform`."""
    if f not in ("add", "read"):
        raise ValueError(f"workload {NAME} has no operation {f!r}: it has add and read")
    return await of_a_counter(client, f, value)


def operations(options: Mapping[str, Any]) -> Generator:
    """Endless adds and reads, by random free clients."""

    def draw(context: Context, client: int, number: int) -> Invocation:
        random = context.random
        if random.random() < options["read"]:
            return Invocation(context.time, client, "read")
        amount = random.randint(1, options["most"])
        sign = -1 if random.random() < options["subtract"] else 1
        return Invocation(context.time, client, "add", sign * amount)

    return Drawn(draw)


def checkers(options: Mapping[str, Any], consistency: str) -> tuple[Checker, ...]:
    """In the end, reads give the sum of what was added."""
    return (eventual_counter_checker(),)


KIND = WorkloadKind(
    name=NAME,
    description="a counter whose replicas may be behind: in the end all have the sum",
    options=OPTIONS,
    methods=METHODS,
    perform=perform,
    operations=operations,
    final=final_reads,
    checkers=checkers,
    idempotent=frozenset({"read"}),
    shows=counted,
    words={
        "add": Words("adds {argument}", "{argument}"),
        "read": Words("reads[ -> {result}]", "->{result}", "{result}"),
    },
)


def eventual_counter(client: ClientFactory, **options: int | float | None) -> Workload:
    """A counter that may be behind, for a client that offers `CounterClient`'s methods
    (`splitbrain.harness.workloads.objects.counters`).

    Args:
        client: makes a client; a class whose ``__init__`` takes a node and a server's name does.
        options: see `OPTIONS`.

    Raises:
        InvalidPlan: the client lacks a method; an option is unknown or cannot have its value.
    """
    return KIND.workload(client, options)
