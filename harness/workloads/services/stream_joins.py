"""Searches and clicks, and changes of two tables of users, which a stream processor joins.

Events have the time of their producer's clock. Reads give all input so far and what was joined of
it: `splitbrain.checkers.batch.join_complete` compares the two (DDIA chapter 11, "Stream Joins").
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from splitbrain.checkers.batch import join_complete
from splitbrain.checkers.streams.results import CLICK, TIER
from splitbrain.checkers.streams.stream_joins import EVENTS, JOINS, REGION, SEARCH
from splitbrain.checkers.verdict import Checker
from splitbrain.harness.generators import Context, Generator, Invocation
from splitbrain.harness.plan import Plan
from splitbrain.harness.workloads.parts.abilities import Method
from splitbrain.harness.workloads.parts.drawn import Drawn
from splitbrain.harness.workloads.parts.kind import WorkloadKind
from splitbrain.harness.workloads.parts.options import Option
from splitbrain.harness.workloads.parts.words import Words
from splitbrain.harness.workloads.workload import ClientFactory, FinalRead, Workload

NAME = "stream-join"

OPTIONS = (
    Option("users", 6, "how many users", least=1),
    Option("changes", 0.4, "share of changes of tables; searches and clicks are the rest", most=1),
    Option("read", 0.05, "share of reads of all that was joined", most=1),
)


# Client protocol


class StreamJoinClient(Protocol):
    """What a client must offer.

    A method that returns has done it; see `splitbrain.harness.client` for what raising means.
    """

    async def search(self, event: int, user: str, term: int) -> None:
        """Put a search into the stream, with the time of this producer; `event` is its own id."""
        ...

    async def click(self, event: int, user: str, amount: int) -> None:
        """Put a click into the stream, likewise."""
        ...

    async def tier(self, event: int, user: str, tier: int) -> None:
        """Put a change of a user's tier into the stream, likewise."""
        ...

    async def region(self, event: int, user: str, region: int) -> None:
        """Put a change of a user's region into the stream, likewise."""
        ...

    async def joins(self) -> Mapping[str, Any]:
        """All input so far, that before this call at least, and what was joined of it; see
        `splitbrain.checkers.streams.stream_joins` for the form."""
        ...


METHODS = (
    Method("search", "search(event, user, term)", "searches", needed=True),
    Method("click", "click(event, user, amount)", "clicks", needed=True),
    Method("tier", "tier(event, user, tier)", "changes of tiers", needed=True),
    Method("region", "region(event, user, region)", "changes of regions", needed=True),
    Method("joins", "joins()", "reads all that was joined", needed=True),
)


async def perform(client: Any, f: str, value: Any) -> Any:
    """Do one operation by the client's methods; see `splitbrain.harness.client.Perform`."""
    if f in EVENTS:
        await getattr(client, f)(*value)
        return value
    if f == JOINS:
        return dict(await client.joins())
    known = ", ".join(EVENTS)
    raise ValueError(f"workload {NAME} has no operation {f!r}: it has {known} and {JOINS}")


# Generator


def operations(options: Mapping[str, Any]) -> Generator:
    """Endless events, numbered from 0, and reads, by random free clients."""

    def draw(context: Context, client: int, number: int) -> Invocation:
        random = context.random
        if random.random() < options["read"]:
            return Invocation(context.time, client, JOINS)
        user = f"u{random.randrange(options['users'])}"
        kinds = (TIER, REGION) if random.random() < options["changes"] else (SEARCH, CLICK)
        value = [number, user, random.randint(1, 9)]
        return Invocation(context.time, client, random.choice(kinds), value)

    return Drawn(draw)


# Final reads and checkers


def final_reads(plan: Plan, options: Mapping[str, Any]) -> list[FinalRead]:
    """A read by a client of every server."""
    return [FinalRead(JOINS, None, server) for server in plan.servers]


def checkers(options: Mapping[str, Any], consistency: str) -> tuple[Checker, ...]:
    """Pairs and rows are what the input says."""
    return (join_complete(),)


def shows(f: str, argument: Any, result: Any) -> bool:
    """Whether a read shows any event."""
    return isinstance(result, Mapping) and bool(result.get("events"))


KIND = WorkloadKind(
    name=NAME,
    description="searches and clicks, and changes of two tables: joins are what all input says",
    options=OPTIONS,
    methods=METHODS,
    perform=perform,
    operations=operations,
    final=final_reads,
    checkers=checkers,
    idempotent=frozenset({JOINS}),
    shows=shows,
    words={
        SEARCH: Words("{argument.1:name} searches (event {argument.0})", "search"),
        CLICK: Words("{argument.1:name} clicks (event {argument.0})", "click"),
        TIER: Words("puts {argument.1:name} into tier {argument.2} (event {argument.0})", "tier"),
        REGION: Words(
            "puts {argument.1:name} into region {argument.2} (event {argument.0})", "region"
        ),
        JOINS: Words("reads all that was joined", "joins"),
    },
)


def stream_join(client: ClientFactory, **options: int | float | None) -> Workload:
    """Joins of streams, for a client that offers `StreamJoinClient`'s methods.

    Args:
        client: makes a client; a class whose ``__init__`` takes a node and a server's name does.
        options: see `OPTIONS`.

    Raises:
        InvalidPlan: the client lacks a method; an option is unknown or cannot have its value.
    """
    return KIND.workload(client, options)
