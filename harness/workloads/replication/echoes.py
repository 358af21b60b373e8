"""Echo: what a server is sent comes back. The first workload for a node that has nothing yet."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from splitbrain.checkers.calls import echoed
from splitbrain.checkers.verdict import Checker
from splitbrain.harness.generators import Context, Generator, Invocation
from splitbrain.harness.plan import Plan
from splitbrain.harness.workloads.parts.abilities import Method
from splitbrain.harness.workloads.parts.drawn import Drawn
from splitbrain.harness.workloads.parts.kind import WorkloadKind
from splitbrain.harness.workloads.parts.words import Words
from splitbrain.harness.workloads.workload import ClientFactory, FinalRead, Workload

NAME = "echo"


# Client protocol


class EchoClient(Protocol):
    """What a client must offer.

    A method that returns has done it; see `splitbrain.harness.client` for what raising means.
    """

    async def echo(self, text: str) -> str:
        """What the server sends back."""
        ...


METHODS = (Method("echo", "echo(text) -> text", "sends", needed=True),)


async def perform(client: Any, f: str, value: Any) -> Any:
    """Do one operation by the client's methods; see `splitbrain.harness.client.Perform`."""
    if f != NAME:
        raise ValueError(f"workload echo has no operation {f!r}: it has echo")
    return await client.echo(value)


# Generator


def operations(options: Mapping[str, Any]) -> Generator:
    """Endless echoes, all of different texts."""

    def draw(context: Context, client: int, number: int) -> Invocation:
        return Invocation(context.time, client, NAME, f"please echo {number}")

    return Drawn(draw)


# Final reads and checkers


def final_reads(plan: Plan, options: Mapping[str, Any]) -> list[FinalRead]:
    """Each server is asked once more."""
    return [FinalRead(NAME, f"are you there, {server}?", server) for server in plan.servers]


def checkers(options: Mapping[str, Any], consistency: str) -> tuple[Checker, ...]:
    """Each answer is what was asked with."""
    return (echoed(),)


KIND = WorkloadKind(
    name=NAME,
    description="what is sent comes back as it was",
    options=(),
    methods=METHODS,
    perform=perform,
    operations=operations,
    final=final_reads,
    checkers=checkers,
    words={NAME: Words("sends {argument}[ and is answered {result}]", "{argument}")},
)


def echo(client: ClientFactory) -> Workload:
    """Echoes, for a client that offers `EchoClient`'s method.

    Args:
        client: makes a client; a class whose ``__init__`` takes a node and a server's name does.

    Raises:
        InvalidPlan: the client lacks the method.
    """
    return KIND.workload(client)
