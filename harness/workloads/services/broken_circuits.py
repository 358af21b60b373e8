"""Calls of several endpoints through circuit breakers: each endpoint's own.

Calls by position; what breakers do is judged by what callers announce
(`splitbrain.checkers.calls.breaker_states`; Nygard, "Release It!"). The endpoints are called as
unevenly as `skew` says, so that some breakers have little to go by.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from splitbrain.checkers.calls import breaker_states
from splitbrain.checkers.verdict import Checker
from splitbrain.harness.generators import Context, Generator, Invocation
from splitbrain.harness.plan import Plan
from splitbrain.harness.workloads.parts.abilities import Method
from splitbrain.harness.workloads.parts.drawn import Drawn
from splitbrain.harness.workloads.parts.keyed import SKEW, any_of
from splitbrain.harness.workloads.parts.kind import WorkloadKind
from splitbrain.harness.workloads.parts.options import Option
from splitbrain.harness.workloads.parts.words import Words
from splitbrain.harness.workloads.workload import ClientFactory, FinalRead, Workload

NAME = "breaker"

OPTIONS = (Option("endpoints", 3, "how many endpoints are called", least=1), SKEW)


# Client protocol


class BreakerClient(Protocol):
    """What a client must offer.

    A method that returns has done it; see `splitbrain.harness.client` for what raising means.
    """

    async def call(self, endpoint: int) -> str:
        """Call the endpoint at a position, which counts round; its name.

        Raises:
            Definite: its breaker is open, or it refused.
        """
        ...


METHODS = (Method("call", "call(endpoint) -> name", "calls", needed=True),)


async def perform(client: Any, f: str, value: Any) -> Any:
    """Do one operation by the client's methods; see `splitbrain.harness.client.Perform`."""
    if f == "call":
        return [value, await client.call(value)]
    raise ValueError(f"workload {NAME} has no operation {f!r}: it has call")


# Generator


def operations(options: Mapping[str, Any]) -> Generator:
    """Endless calls, by random free clients."""

    def draw(context: Context, client: int, number: int) -> Invocation:
        endpoint = any_of(options["endpoints"], options["skew"], context.random)
        return Invocation(context.time, client, "call", endpoint)

    return Drawn(draw)


# Final reads and checkers


def final_reads(plan: Plan, options: Mapping[str, Any]) -> list[FinalRead]:
    """A call of every endpoint: in the end all breakers let calls through again."""
    servers = plan.servers
    count = max(options["endpoints"], len(servers))
    return [
        FinalRead("call", n % options["endpoints"], servers[n % len(servers)]) for n in range(count)
    ]


def checkers(options: Mapping[str, Any], consistency: str) -> tuple[Checker, ...]:
    """Breakers keep to their state machine, each for its own endpoint."""
    return (breaker_states(),)


KIND = WorkloadKind(
    name=NAME,
    description="calls of several endpoints, each behind a circuit breaker of its own",
    options=OPTIONS,
    methods=METHODS,
    perform=perform,
    operations=operations,
    final=final_reads,
    checkers=checkers,
    words={
        "call": Words(
            "calls endpoint {argument}[: {result.1:name}]", "call {argument}[ {result.1:name}]"
        )
    },
)


def breaker(client: ClientFactory, **options: int | float | None) -> Workload:
    """Calls through breakers, for a client that offers `BreakerClient`'s methods.

    Args:
        client: makes a client; a class whose ``__init__`` takes a node and a server's name does.
        options: see `OPTIONS`.

    Raises:
        InvalidPlan: the client lacks a method; an option is unknown or cannot have its value.
    """
    return KIND.workload(client, options)
