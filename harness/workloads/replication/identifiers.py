"""Unique ids: servers that give out ids, and no id twice."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from splitbrain.checkers.collections import unique_ids as unique_ids_checker
from splitbrain.checkers.verdict import Checker
from splitbrain.harness.generators import Context, Generator, Invocation
from splitbrain.harness.plan import Plan
from splitbrain.harness.workloads.parts.abilities import Method
from splitbrain.harness.workloads.parts.drawn import Drawn
from splitbrain.harness.workloads.parts.kind import WorkloadKind
from splitbrain.harness.workloads.parts.words import Words
from splitbrain.harness.workloads.workload import ClientFactory, FinalRead, Workload

NAME = "unique-ids"
GENERATE = "generate"


# Client protocol


class IdentifiersClient(Protocol):
    """What a client must offer.

    A method that returns has done it; see `splitbrain.harness.client` for what raising means.
    """

    async def generate(self) -> Any:
        """A new id: anything that JSON can hold."""
        ...


METHODS = (Method("generate", "generate() -> id", "asks for ids", needed=True),)


async def perform(client: Any, f: str, value: Any) -> Any:
    """Do one operation by the client's methods; see `splitbrain.harness.client.Perform`."""
    if f != GENERATE:
        raise ValueError(f"workload unique-ids has no operation {f!r}: it has generate")
    return await client.generate()


# Generator


def operations(options: Mapping[str, Any]) -> Generator:
    """Endless requests for ids, by random free clients."""

    def draw(context: Context, client: int, number: int) -> Invocation:
        return Invocation(context.time, client, GENERATE)

    return Drawn(draw)


# Final reads and checkers


def final_reads(plan: Plan, options: Mapping[str, Any]) -> list[FinalRead]:
    """One more id of each server."""
    return [FinalRead(GENERATE, None, server) for server in plan.servers]


def checkers(options: Mapping[str, Any], consistency: str) -> tuple[Checker, ...]:
    """No id is given out twice."""
    return (unique_ids_checker(),)


KIND = WorkloadKind(
    name=NAME,
    description="ids: none is given out twice",
    options=(),
    methods=METHODS,
    perform=perform,
    operations=operations,
    final=final_reads,
    checkers=checkers,
    words={GENERATE: Words("asks for an id[ -> {result}]", "->{result}")},
)


def unique_ids(client: ClientFactory) -> Workload:
    """Ids, for a client that offers `IdentifiersClient`'s method.

    Args:
        client: makes a client; a class whose ``__init__`` takes a node and a server's name does.

    Raises:
        InvalidPlan: the client lacks the method.
    """
    return KIND.workload(client)
