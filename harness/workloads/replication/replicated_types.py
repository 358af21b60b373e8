"""Replicated data types: a set, a counter and a register that every replica may change.

Elements are added once each and removed where they were seen; the counter goes up and down; the
register is assigned values that are all different. A read says which updates its replica has seen,
so that reads of the same can be compared at any time
(`splitbrain.checkers.convergence.strong_eventual`; Shapiro et al., SSS 2011).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

from splitbrain.checkers.convergence import strong_eventual_consistency
from splitbrain.checkers.history.operation import Operation
from splitbrain.checkers.verdict import Checker
from splitbrain.harness.generators import PENDING, Context, Generator, Invocation, Step
from splitbrain.harness.plan import Plan
from splitbrain.harness.workloads.parts.abilities import Method
from splitbrain.harness.workloads.parts.keyed import remainder
from splitbrain.harness.workloads.parts.kind import WorkloadKind
from splitbrain.harness.workloads.parts.options import Option
from splitbrain.harness.workloads.parts.words import Words
from splitbrain.harness.workloads.workload import ClientFactory, FinalRead, Workload

NAME = "crdt"

RECENT = 10
"""Of so many numbers before the next one an element is added again."""

OPTIONS = (
    Option("read", 0.3, "share of reads among the operations", most=1),
    Option("remove", 0.15, "share of removals", most=1),
    Option("increment", 0.15, "share of changes of the counter", most=1),
    Option("assign", 0.15, "share of assignments to the register; adds are what is left", most=1),
    Option("again", 0.0, "share of adds that are of an earlier element, removed or not", most=1),
    Option("most", 5, "the most that the counter is changed by", least=1),
)


# Client protocol


class CrdtClient(Protocol):
    """What a client must offer.

    A method that returns has done it; see `splitbrain.harness.client` for what raising means.
    """

    async def add(self, element: int) -> None:
        """Add an element to the set."""
        ...

    async def remove(self, element: int) -> None:
        """Remove an element; raise `splitbrain.Definite` where the replica doesn't have it."""
        ...

    async def increment(self, by: int) -> None:
        """Add to the counter, which is 0 at first; `by` may be negative."""
        ...

    async def assign(self, value: int) -> None:
        """Set the register, which is None at first."""
        ...

    async def read(self) -> Mapping[str, Any]:
        """``seen`` (by actor, how many of its updates), ``elements``, ``counter``, ``register``."""
        ...


METHODS = (
    Method("add", "add(element)", "adds", needed=True),
    Method("remove", "remove(element)", "removals", needed=True),
    Method("increment", "increment(by)", "changes of the counter", needed=True),
    Method("assign", "assign(value)", "assignments", needed=True),
    Method("read", "read() -> {seen, elements, counter, register}", "reads", needed=True),
)


async def perform(client: Any, f: str, value: Any) -> Any:
    """Do one operation by the client's methods; see `splitbrain.harness.client.Perform`."""
    if f == "read":
        return dict(await client.read())
    if f not in ("add", "remove", "increment", "assign"):
        raise ValueError(f"workload crdt has no operation {f!r}")
    await getattr(client, f)(value)
    return value


# Generator


@dataclass(frozen=True, slots=True)
class TypeOperations:
    """Endless operations, by random free clients.

    Attributes:
        weights: how often each f is drawn, in proportion.
        most: the most that the counter is changed by.
        again: share of adds that are of an earlier element.
        fresh: the next element, or value of the register.
        seen: the elements that a read showed last.
    """

    weights: Mapping[str, float]
    most: int
    again: float = 0.0
    fresh: int = 0
    seen: tuple[int, ...] = ()

    def next(self, context: Context) -> Step | None:
        """An operation if any client is free."""
        if not context.free:
            return PENDING, self
        draw = context.random
        client = draw.choice(context.free)
        f = draw.choices(tuple(self.weights), tuple(self.weights.values()))[0]
        if f == "read" or (f == "remove" and not self.seen):
            return Invocation(context.time, client, "read"), self
        if f == "remove":
            return Invocation(context.time, client, f, draw.choice(self.seen)), self
        if f == "increment":
            by = draw.randint(1, self.most) * draw.choice((1, 1, -1))
            return Invocation(context.time, client, f, by), self
        if f == "add" and self.again and self.fresh and draw.random() < self.again:
            earlier = draw.randrange(max(0, self.fresh - RECENT), self.fresh)
            return Invocation(context.time, client, f, earlier), self
        return Invocation(context.time, client, f, self.fresh), replace(self, fresh=self.fresh + 1)

    def update(self, context: Context, event: Operation) -> Generator:
        """Learns from reads which elements there are."""
        match event:
            case Operation(type="ok", f="read", value={"elements": elements}):
                return replace(self, seen=tuple(elements))
            case _:
                return self


def operations(options: Mapping[str, Any]) -> Generator:
    """Endless operations in the shares that the options say."""
    shares = {name: options[name] for name in ("read", "remove", "increment", "assign")}
    return TypeOperations(remainder(NAME, shares, "add"), options["most"], options["again"])


# Final reads and checkers


def final_reads(plan: Plan, options: Mapping[str, Any]) -> list[FinalRead]:
    """A read by a client of every server."""
    return [FinalRead("read", None, server) for server in plan.servers]


def checkers(options: Mapping[str, Any], consistency: str) -> tuple[Checker, ...]:
    """Same updates, same state; in the end all updates."""
    return (strong_eventual_consistency(),)


def shown(f: str, argument: Any, result: Any) -> bool:
    """Whether a read has seen any update."""
    return bool(result["seen"])


KIND = WorkloadKind(
    name=NAME,
    description="replicated types: what has seen the same updates is equal at any time",
    options=OPTIONS,
    methods=METHODS,
    perform=perform,
    operations=operations,
    final=final_reads,
    checkers=checkers,
    idempotent=frozenset({"read"}),
    shows=shown,
    refusable=frozenset({"remove"}),
    words={
        "add": Words("adds {argument}", "+{argument}"),
        "remove": Words("removes {argument}", "-{argument}"),
        "increment": Words("changes the counter by {argument}", "by {argument}"),
        "assign": Words("sets the register to {argument}", "={argument}"),
        "read": Words("reads[ -> {result.elements}, {result.counter}, {result.register}]"),
    },
)


def crdt(client: ClientFactory, **options: int | float | None) -> Workload:
    """Replicated types, for a client that offers `CrdtClient`'s methods.

    Args:
        client: makes a client; a class whose ``__init__`` takes a node and a server's name does.
        options: see `OPTIONS`.

    Raises:
        InvalidPlan: the client lacks a method; an option is unknown or cannot have its value.
    """
    return KIND.workload(client, options)
