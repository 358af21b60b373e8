"""An event store: optimistic appends, reads from memory, and the same made anew from the log.

Judged by `splitbrain.checkers.streams.rebuild_equals_live` (DDIA chapter 11, "Event Sourcing").
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from splitbrain.checkers.streams import rebuild_equals_live
from splitbrain.checkers.streams.rebuilding import APPEND, READ, REBUILD
from splitbrain.checkers.verdict import Checker
from splitbrain.harness.generators import Context, Generator, Invocation
from splitbrain.harness.plan import Plan
from splitbrain.harness.workloads.parts.abilities import Method
from splitbrain.harness.workloads.parts.drawn import Drawn
from splitbrain.harness.workloads.parts.kind import WorkloadKind
from splitbrain.harness.workloads.parts.options import Option
from splitbrain.harness.workloads.parts.words import Words
from splitbrain.harness.workloads.workload import ClientFactory, FinalRead, Workload

NAME = "event-store"

OPTIONS = (
    Option("streams", 4, "how many streams", least=1),
    Option("most", 4, "the most events of an append; it has 1 at least", least=1),
    Option("read", 0.25, "share of reads", most=1),
    Option("rebuild", 0.15, "share of reads from the log; appends are the rest", most=1),
)


# Client protocol


class EventStoreClient(Protocol):
    """What a client must offer.

    A method that returns has done it; see `splitbrain.harness.client` for what raising means.
    """

    async def append(self, stream: str, values: Sequence[int]) -> int:
        """Append events to a stream as this client saw it last, and refuse if it has others since;
        return how many it had before."""
        ...

    async def read(self, stream: str) -> Mapping[str, Any]:
        """A stream's ``version``, ``state`` and ``events``, as the store has them in memory."""
        ...

    async def rebuild(self, stream: str) -> Mapping[str, Any]:
        """The same, made from the log on disk."""
        ...


METHODS = (
    Method("append", "append(stream, values)", "appends", needed=True),
    Method("read", "read(stream)", "reads", needed=True),
    Method("rebuild", "rebuild(stream)", "reads from the log", needed=True),
)


async def perform(client: Any, f: str, value: Any) -> Any:
    """Do one operation by the client's methods; see `splitbrain.harness.client.Perform`."""
    if f == APPEND:
        stream, values = value
        return [stream, await client.append(stream, values), values]
    if f in (READ, REBUILD):
        return dict(await getattr(client, f)(value))
    raise ValueError(f"workload {NAME} has no operation {f!r}: it has {APPEND}, {READ}, {REBUILD}")


def operations(options: Mapping[str, Any]) -> Generator:
    """Endless appends and reads, by random free clients."""

    def draw(context: Context, client: int, number: int) -> Invocation:
        random = context.random
        stream = f"s{random.randrange(options['streams'])}"
        left = random.random()
        if left < options["read"]:
            return Invocation(context.time, client, READ, stream)
        if left < options["read"] + options["rebuild"]:
            return Invocation(context.time, client, REBUILD, stream)
        values = [number * 100 + at for at in range(random.randint(1, options["most"]))]
        return Invocation(context.time, client, APPEND, [stream, values])

    return Drawn(draw)


# Final reads and checkers


def final_reads(plan: Plan, options: Mapping[str, Any]) -> list[FinalRead]:
    """Each stream, from memory and from the log."""
    streams = [f"s{number}" for number in range(options["streams"])]
    return [FinalRead(f, stream) for stream in streams for f in (READ, REBUILD)]


def checkers(options: Mapping[str, Any], consistency: str) -> tuple[Checker, ...]:
    """Streams are what their events make."""
    return (rebuild_equals_live(),)


def shows(f: str, argument: Any, result: Any) -> bool:
    """Whether a read has any event."""
    return isinstance(result, Mapping) and bool(result.get("events"))


KIND = WorkloadKind(
    name=NAME,
    description="streams of events with optimistic appends: what is live is what they make",
    options=OPTIONS,
    methods=METHODS,
    perform=perform,
    operations=operations,
    final=final_reads,
    checkers=checkers,
    idempotent=frozenset({READ, REBUILD}),
    shows=shows,
    words={
        APPEND: Words(
            "appends {argument.1} to {argument.0:name}[, behind {result.1} events]",
            "{argument.0:name}+{argument.1}",
        ),
        READ: Words("reads {argument:name}[ -> {result.events}]", "{argument:name}"),
        REBUILD: Words("makes {argument:name} from the log[ -> {result.events}]", "log"),
    },
)


def event_store(client: ClientFactory, **options: int | float | None) -> Workload:
    """An event store, for a client that offers `EventStoreClient`'s methods.

    Args:
        client: makes a client; a class whose ``__init__`` takes a node and a server's name does.
        options: see `OPTIONS`.

    Raises:
        InvalidPlan: the client lacks a method; an option is unknown or cannot have its value.
    """
    return KIND.workload(client, options)
