"""Clicks of users, and changes of their tiers, which a stream processor counts and joins.

Events have the time of their producer's clock. Reads give all input so far and what was made of it:
`splitbrain.checkers.streams.stream_results` compares the two.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from splitbrain.checkers.streams import stream_results
from splitbrain.checkers.streams.results import CLICK, RESULTS, TIER
from splitbrain.checkers.verdict import Checker
from splitbrain.harness.generators import Context, Generator, Invocation
from splitbrain.harness.plan import Plan
from splitbrain.harness.workloads.parts.abilities import Method
from splitbrain.harness.workloads.parts.drawn import Drawn
from splitbrain.harness.workloads.parts.kind import WorkloadKind
from splitbrain.harness.workloads.parts.options import Option
from splitbrain.harness.workloads.parts.words import Words
from splitbrain.harness.workloads.workload import ClientFactory, FinalRead, Workload

NAME = "click-stream"

OPTIONS = (
    Option("users", 6, "how many users", least=1),
    Option("tiers", 0.2, "share of changes of tiers", most=1),
    Option("read", 0.05, "share of reads of all results; clicks are the rest", most=1),
)


# Client protocol


class ClicksClient(Protocol):
    """What a client must offer.

    A method that returns has done it; see `splitbrain.harness.client` for what raising means.
    """

    async def click(self, event: int, user: str, amount: int) -> None:
        """Put a click into the stream, with the time of this producer; `event` is its own id."""
        ...

    async def tier(self, event: int, user: str, tier: int) -> None:
        """Put a change of a user's tier into the stream, likewise."""
        ...

    async def results(self) -> Mapping[str, Any]:
        """All input so far, that before this call at least, and what was made of it; see
        `splitbrain.checkers.streams.results` for the form."""
        ...


METHODS = (
    Method("click", "click(event, user, amount)", "clicks", needed=True),
    Method("tier", "tier(event, user, tier)", "changes of tiers", needed=True),
    Method("results", "results()", "reads all results", needed=True),
)


async def perform(client: Any, f: str, value: Any) -> Any:
    """Do one operation by the client's methods; see `splitbrain.harness.client.Perform`."""
    if f in (CLICK, TIER):
        await getattr(client, f)(*value)
        return value
    if f == RESULTS:
        return dict(await client.results())
    raise ValueError(
        f"workload {NAME} has no operation {f!r}: it has {CLICK}, {TIER} and {RESULTS}"
    )


# Generator


def operations(options: Mapping[str, Any]) -> Generator:
    """Endless events, numbered from 0, and reads, by random free clients."""

    def draw(context: Context, client: int, number: int) -> Invocation:
        random = context.random
        if random.random() < options["read"]:
            return Invocation(context.time, client, RESULTS)
        user = f"u{random.randrange(options['users'])}"
        f = TIER if random.random() < options["tiers"] else CLICK
        return Invocation(context.time, client, f, [number, user, random.randint(1, 9)])

    return Drawn(draw)


# Final reads and checkers


def final_reads(plan: Plan, options: Mapping[str, Any]) -> list[FinalRead]:
    """A read by a client of every server."""
    return [FinalRead(RESULTS, None, server) for server in plan.servers]


def checkers(options: Mapping[str, Any], consistency: str) -> tuple[Checker, ...]:
    """Windows and joins are what the input says."""
    return (stream_results(),)


def shows(f: str, argument: Any, result: Any) -> bool:
    """Whether a read shows any event."""
    return isinstance(result, Mapping) and bool(result.get("events"))


KIND = WorkloadKind(
    name=NAME,
    description="clicks with times: windows and joins are what the whole input says",
    options=OPTIONS,
    methods=METHODS,
    perform=perform,
    operations=operations,
    final=final_reads,
    checkers=checkers,
    idempotent=frozenset({RESULTS}),
    shows=shows,
    words={
        CLICK: Words("clicks for {argument.1:name}: {argument.2} (event {argument.0})", "click"),
        TIER: Words("puts {argument.1:name} into tier {argument.2} (event {argument.0})", "tier"),
        RESULTS: Words("reads all results", "results"),
    },
)


def click_stream(client: ClientFactory, **options: int | float | None) -> Workload:
    """Clicks, for a client that offers `ClicksClient`'s methods.

    Args:
        client: makes a client; a class whose ``__init__`` takes a node and a server's name does.
        options: see `OPTIONS`.

    Raises:
        InvalidPlan: the client lacks a method; an option is unknown or cannot have its value.
    """
    return KIND.workload(client, options)
