"""A set that only grows: add an element, read them all.

Jepsen's ``set`` and ``set-full`` workloads. Every added element is another number, so whatever
becomes of it is told from the reads alone: acknowledged and in every later read, or lost. That
makes it the cheapest way to catch lost writes, and it needs no search to check.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

from splitbrain.checkers.collections import set_full
from splitbrain.checkers.verdict import Checker
from splitbrain.harness.generators import PENDING, Context, Generator, Invocation, Step
from splitbrain.harness.generators.base import Unmoved
from splitbrain.harness.plan import Plan
from splitbrain.harness.workloads.parts import replicas
from splitbrain.harness.workloads.parts.abilities import Method
from splitbrain.harness.workloads.parts.kind import WorkloadKind
from splitbrain.harness.workloads.parts.options import Option
from splitbrain.harness.workloads.parts.words import Words
from splitbrain.harness.workloads.workload import ClientFactory, FinalRead, Workload

NAME = "set"

OPTIONS = (Option("read", 0.2, "share of reads among the operations; adds are the rest", most=1),)


# Client protocol


class SetClient(Protocol):
    """What a client must offer.

    A method that returns has done it; see `splitbrain.harness.client` for what raising means.
    """

    async def add(self, element: int) -> None:
        """Put `element` into the set."""
        ...

    async def read_all(self) -> list[int]:
        """All elements, in any order; one listed twice counts as duplicated."""
        ...


METHODS = (
    Method("add", "add(element)", "adds", needed=True),
    Method("read_all", "read_all()", "reads", needed=True),
    replicas.METHOD,
)


async def perform(client: Any, f: str, value: Any) -> Any:
    """Do one operation by the client's methods; see `splitbrain.harness.client.Perform`."""
    match f:
        case "add":
            await client.add(value)
            return value
        case "read":
            return _listed(await client.read_all())
        case _:
            raise ValueError(f"workload set has no operation {f!r}: it has add and read")


def _listed(elements: Any) -> list[Any]:
    """The elements as JSON can hold them: in the client's order, if it gave one."""
    if isinstance(elements, set | frozenset):
        return sorted(elements)
    if isinstance(elements, list | tuple):
        return list(elements)
    raise TypeError(f"the client's read_all returned {elements!r}: return a list of the elements")


# Generator


@dataclass(frozen=True, slots=True)
class SetOperations(Unmoved):
    """Endless adds, of 0, 1, 2, ..., and reads, by random free clients."""

    read: float
    element: int = 0

    def next(self, context: Context) -> Step | None:
        """An operation if any client is free."""
        if not context.free:
            return PENDING, self
        reads = context.random.random() < self.read
        client = context.random.choice(context.free)
        if reads:
            return Invocation(context.time, client, "read", None), self
        answer = Invocation(context.time, client, "add", self.element)
        return answer, SetOperations(self.read, self.element + 1)


def operations(options: Mapping[str, Any]) -> Generator:
    """Endless adds and reads in the shares that the options say."""
    return SetOperations(options["read"])


# Final reads and checkers


def final_reads(plan: Plan, options: Mapping[str, Any]) -> list[FinalRead]:
    """A read by a client of every server."""
    return [FinalRead("read", None, server) for server in plan.servers]


def checkers(options: Mapping[str, Any], consistency: str) -> tuple[Checker, ...]:
    """No element is lost."""
    return (set_full(),)


KIND = WorkloadKind(
    name=NAME,
    description="a set that only grows: every acknowledged element must stay",
    options=OPTIONS,
    methods=METHODS,
    perform=perform,
    operations=operations,
    final=final_reads,
    checkers=checkers,
    idempotent=frozenset({"read"}),
    words={
        "add": Words("adds {argument}"),
        "read": Words("reads[ -> {result}]", "->{result}"),
    },
)


def set_(
    client: ClientFactory, *, linearizable: bool = False, **options: int | float | None
) -> Workload:
    """A set that only grows, for a client that offers `SetClient`'s methods.

    Args:
        client: makes a client; a class whose ``__init__`` takes a node and a server's name does.
        linearizable: whether reads must show what was acknowledged before they began; otherwise it
            is enough that it shows in the end.
        options: see `OPTIONS`.

    Raises:
        InvalidPlan: the client lacks ``add`` or ``read_all``; an option is unknown or cannot have
            its value.
    """
    if not linearizable:
        return KIND.workload(client, options)
    judges = (set_full(linearizable=True),)
    return replace(KIND, checkers=lambda options, consistency: judges).workload(client, options)
