"""Watches: clients put, and follow what others put, from server to server and through compaction.

Each client is a watcher, too: it asks for what came after the last revision that it knows, and goes
on from what it was told. If that is gone by compaction it takes a snapshot and goes on from there;
so does a client that is new. Judged by `splitbrain.checkers.collections.watches`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from splitbrain.checkers.collections.watches import watched
from splitbrain.checkers.history import Operation
from splitbrain.checkers.verdict import Checker
from splitbrain.harness.generators import PENDING, Context, Generator, Invocation, Step
from splitbrain.harness.plan import Plan
from splitbrain.harness.workloads.parts.abilities import Method
from splitbrain.harness.workloads.parts.keyed import SKEW, any_of, key_names
from splitbrain.harness.workloads.parts.kind import WorkloadKind
from splitbrain.harness.workloads.parts.options import Option
from splitbrain.harness.workloads.parts.words import Words
from splitbrain.harness.workloads.workload import ClientFactory, FinalRead, Workload

NAME = "watch"

OPTIONS = (
    Option("keys", 3, "how many keys are put", least=1),
    SKEW,
    Option("watch", 0.5, "share of watches among the operations; puts are the rest", most=1),
)


# Client protocol


class WatchClient(Protocol):
    """What a client must offer.

    A method that returns has done it; see `splitbrain.harness.client` for what raising means.
    """

    async def publish(self, key: str, value: int) -> int:
        """Set the value of a key; the revision of that change."""
        ...

    async def watch(self, after: int) -> tuple[int, list[tuple[int, str, int]]] | None:
        """The changes after a revision: up to which one, and ``(revision, key, value)`` each; None
        if some of these are kept no more."""
        ...

    async def snapshot(self) -> tuple[int, Mapping[str, int]]:
        """All values, and the revision of the last change that they show."""
        ...

    async def oldest(self) -> int:
        """The revision up to which changes are kept no more."""
        ...


METHODS = (
    Method("publish", "publish(key, value) -> revision", "puts", needed=True),
    Method("watch", "watch(after) -> (upto, events) or None", "watches", needed=True),
    Method("snapshot", "snapshot() -> (revision, values)", "snapshots", needed=True),
    Method("oldest", "oldest() -> revision", "reads of all that is kept", needed=True),
)


async def perform(client: Any, f: str, value: Any) -> Any:
    """Do one operation by the client's methods; see `splitbrain.harness.client.Perform`."""
    if f == "put":
        return [*value, await client.publish(*value)]
    if f == "snapshot":
        revision, values = await client.snapshot()
        return {"revision": revision, "state": dict(values)}
    if f in ("watch", "drain"):
        after = value if f == "watch" else await client.oldest()
        answer = await client.watch(after)
        if answer is None:
            return {"after": after, "compacted": await client.oldest()}
        upto, events = answer
        return {"after": after, "upto": upto, "events": [list(event) for event in events]}
    raise ValueError(f"workload watch has no operation {f!r}: it has put, watch and snapshot")


# Generator


@dataclass(frozen=True, slots=True)
class Watching:
    """Endless puts and watches, by random free clients.

    Attributes:
        keys: the keys.
        watch: share of watches.
        skew: how unevenly keys are taken.
        fresh: the next value to put.
        known: by client, the revision that it goes on from.
    """

    keys: tuple[str, ...]
    watch: float
    skew: float
    fresh: int = 0
    known: Mapping[int, int] = field(default_factory=dict)

    def next(self, context: Context) -> Step | None:
        """An operation if any client is free."""
        if not context.free:
            return PENDING, self
        draw = context.random
        client = draw.choice(context.free)
        if draw.random() < self.watch:
            if client not in self.known:
                return Invocation(context.time, client, "snapshot"), self
            return Invocation(context.time, client, "watch", self.known[client]), self
        key = self.keys[any_of(len(self.keys), self.skew, draw)]
        put = Invocation(context.time, client, "put", [key, self.fresh])
        return put, replace(self, fresh=self.fresh + 1)

    def update(self, context: Context, event: Operation) -> Generator:
        """A watcher goes on from what it was told; one that crashed, or missed something, anew."""
        client = context.client_of(event)
        match event:
            case Operation(type="ok", f="snapshot", value={"revision": revision}):
                return replace(self, known={**self.known, client: revision})
            case Operation(type="ok", f="watch", value={"upto": upto}):
                return replace(self, known={**self.known, client: upto})
            case Operation(type="ok", f="watch") | Operation(type="info"):
                rest = {c: revision for c, revision in self.known.items() if c != client}
                return replace(self, known=rest)
            case _:
                return self


def operations(options: Mapping[str, Any]) -> Generator:
    """Endless puts and watches in the shares that the options say."""
    return Watching(key_names(options["keys"]), options["watch"], options["skew"])


# Final reads and checkers


def final_reads(plan: Plan, options: Mapping[str, Any]) -> list[FinalRead]:
    """All that is kept, and the state, by a client of every server."""
    return [FinalRead(f, None, server) for server in plan.servers for f in ("snapshot", "drain")]


def checkers(options: Mapping[str, Any], consistency: str) -> tuple[Checker, ...]:
    """Every change is told once, in order."""
    return (watched(),)


def shows(f: str, argument: Any, result: Any) -> bool:
    """Whether a read shows any change."""
    return isinstance(result, Mapping) and bool(result.get("events") or result.get("state"))


KIND = WorkloadKind(
    name=NAME,
    description="watches: every change is told once, in order, from whichever server",
    options=OPTIONS,
    methods=METHODS,
    perform=perform,
    operations=operations,
    final=final_reads,
    checkers=checkers,
    idempotent=frozenset({"watch", "snapshot", "drain"}),
    shows=shows,
    words={
        "put": Words("puts {argument.1} into {argument.0:name}", "{argument.0:name}={argument.1}"),
        "watch": Words("watches from {argument}[ -> {result}]", "from {argument}"),
        "drain": Words("reads all events that are kept[ -> {result}]"),
        "snapshot": Words("takes a snapshot[ -> {result}]", "snapshot"),
    },
)


def watching(client: ClientFactory, **options: int | float | None) -> Workload:
    """Watches, for a client that offers `WatchClient`'s methods.

    Args:
        client: makes a client; a class whose ``__init__`` takes a node and a server's name does.
        options: see `OPTIONS`.

    Raises:
        InvalidPlan: the client lacks a method; an option is unknown or cannot have its value.
    """
    return KIND.workload(client, options)
