"""Open-loop load: requests come at their own times, whether or not others were answered.

An operation ``drive`` is half a second of load: requests at random moments (Poisson), none of which
waits for another, and then the answers that come in time. A closed loop, in which each client waits
for its answer, slows down with the service and hides an overload. One *spike* in each run asks for
several times as much; when it is over, the service must be as it was
(`splitbrain.checkers.overload.metastable`; Bronson et al., HotOS 2021).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from typing import Any, Protocol

import trio

from splitbrain.checkers.overload import metastable
from splitbrain.checkers.verdict import Checker
from splitbrain.harness.client import Definite, Indefinite
from splitbrain.harness.generators import Context, Generator, Invocation, delay
from splitbrain.harness.plan import Plan
from splitbrain.harness.workloads.parts.abilities import Method
from splitbrain.harness.workloads.parts.drawn import Drawn
from splitbrain.harness.workloads.parts.kind import WorkloadKind
from splitbrain.harness.workloads.parts.options import Option
from splitbrain.harness.workloads.parts.words import Words
from splitbrain.harness.workloads.workload import ClientFactory, FinalRead, Workload

NAME = "open-loop"

OPTIONS = (
    Option("arrivals", 60, "requests a second, on average", least=1, most=1000),
    Option("spike", 5.0, "how many times as many there are in the spike", least=1, most=20),
    Option("spike_at", 1.5, "when the spike begins, in seconds"),
    Option("spike_for", 2.0, "how long it lasts, in seconds"),
    Option("recovery", 2.0, "how long the service may take to recover, in seconds"),
)

WINDOW_S = 0.5
"""How long an operation makes requests."""

PATIENCE_S = 1.0
"""How long a request may take to be answered in time."""


# Client protocol


class OpenLoopClient(Protocol):
    """What a client must offer: calls that may overlap, as many as there are."""

    async def call(self, number: int) -> None:
        """Have something done; `number` is this request's own. To raise is not to answer."""
        ...


METHODS = (Method("call", "call(number)", "calls, many at a time", needed=True),)


async def perform(client: Any, f: str, value: Any) -> Any:
    """Do one operation by the client's methods; see `splitbrain.harness.client.Perform`."""
    if f != "drive":
        raise ValueError(f"workload open-loop has no operation {f!r}: it has drive")
    random = Random(value["seed"])
    count = answered = 0

    async def one(number: int) -> None:
        nonlocal answered
        with trio.move_on_after(PATIENCE_S):
            try:
                await client.call(number)
            except (Definite, Indefinite):
                return
            answered += 1

    start, at = trio.current_time(), random.expovariate(value["rate"])
    async with trio.open_nursery() as nursery:
        while at < WINDOW_S:
            await trio.sleep_until(start + at)
            nursery.start_soon(one, value["seed"] * 1_000_000 + count)
            count += 1
            at += random.expovariate(value["rate"])
    return {"sent": count, "answered": answered, "spike": value["spike"]}


# Generator


@dataclass(frozen=True, slots=True)
class _Draw:
    arrivals: float
    spike: float
    begin: float
    end: float

    def __call__(self, context: Context, client: int, number: int) -> Invocation:
        is_spike = self.begin <= context.time / 1e9 < self.end
        rate = self.arrivals * (self.spike if is_spike else 1.0) * context.load
        value = {"seed": number, "rate": rate, "spike": is_spike or context.load > 1}
        return Invocation(context.time, client, "drive", value)


def operations(options: Mapping[str, Any]) -> Generator:
    """Endless half seconds of load, one after the other, by random free clients."""
    begin = options["spike_at"]
    end = begin + options["spike_for"]
    return delay(WINDOW_S, Drawn(_Draw(options["arrivals"], options["spike"], begin, end)))


# Final reads and checkers


def final_reads(plan: Plan, options: Mapping[str, Any]) -> list[FinalRead]:
    """The usual load, once more, shared by a client of every server: they come together."""
    rate = options["arrivals"] / plan.nodes
    return [
        FinalRead("drive", {"seed": -n, "rate": rate, "spike": False}, server)
        for n, server in enumerate(plan.servers, 1)
    ]


def checkers(options: Mapping[str, Any], consistency: str) -> tuple[Checker, ...]:
    """Goodput returns when the spike is over."""
    return (metastable(options["recovery"]),)


KIND = WorkloadKind(
    name=NAME,
    description="requests that don't wait for answers, with a spike: goodput must return",
    options=OPTIONS,
    methods=METHODS,
    perform=perform,
    operations=operations,
    final=final_reads,
    checkers=checkers,
    fixed=("recovery",),
    words={
        "drive": Words(
            "sends requests for half a second[: {result.answered} of {result.sent} answered]",
            "[{result.answered}/{result.sent}]",
        ),
    },
)


def open_loop(client: ClientFactory, **options: int | float | None) -> Workload:
    """Open-loop load, for a client that offers `OpenLoopClient`'s methods.

    Args:
        client: makes a client; a class whose ``__init__`` takes a node and a server's name does.
        options: see `OPTIONS`.

    Raises:
        InvalidPlan: the client lacks a method; an option is unknown or cannot have its value.
    """
    return KIND.workload(client, options)
