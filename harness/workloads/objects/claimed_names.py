"""Names that are given once: of all that claim one, one gets it, and all are told who.

A user's name, a file's, a seat, a task: a value that must be unique (DDIA chapter 9, "Constraints
and uniqueness guarantees"). Several clients claim each name at about the same time, and ask who has
it; then the next name is opened. Each name is a sticky register, which is as strong as consensus
(`splitbrain.checkers.models.sticky_registers`); judged by linearizability, name by name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

from splitbrain.checkers.history import Operation
from splitbrain.checkers.linearizability import linearizable
from splitbrain.checkers.models import sticky_register
from splitbrain.checkers.verdict import Checker
from splitbrain.harness.generators import PENDING, Context, Generator, Invocation, Step
from splitbrain.harness.plan import Plan
from splitbrain.harness.workloads.parts.abilities import Method
from splitbrain.harness.workloads.parts.kind import WorkloadKind
from splitbrain.harness.workloads.parts.options import Option
from splitbrain.harness.workloads.parts.words import Words
from splitbrain.harness.workloads.workload import ClientFactory, FinalRead, Workload

NAME = "names"
ASKED_LAST = 10
"""How many names are asked for in the end."""

OPTIONS = (
    Option("read", 0.4, "share of reads among the operations; claims are the rest", most=1),
    Option("claims", 5, "how many claims come for a name before the next is opened", least=1),
)


# Client protocol


class NamesClient(Protocol):
    """What a client must offer.

    A method that returns has done it; see `splitbrain.harness.client` for what raising means.
    """

    async def claim(self, name: str, owner: int) -> int:
        """Claim a name for an owner; who has it."""
        ...

    async def owner(self, name: str) -> int | None:
        """Who has a name; None if nobody has."""
        ...


METHODS = (
    Method("claim", "claim(name, owner) -> owner", "claims", needed=True),
    Method("owner", "owner(name) -> owner or None", "reads", needed=True),
)


async def perform(client: Any, f: str, value: Any) -> Any:
    """Do one operation by the client's methods; see `splitbrain.harness.client.Perform`."""
    name, owner = value
    if f == "claim":
        return [name, await client.claim(name, owner)]
    if f == "read":
        return [name, await client.owner(name)]
    raise ValueError(f"workload names has no operation {f!r}: it has claim and read")


# Generator


@dataclass(frozen=True, slots=True)
class Claiming:
    """Endless claims and reads, by random free clients, of one of the two newest names.

    Attributes:
        read: share of reads.
        claims: how many claims come for a name.
        fresh: the next owner.
    """

    read: float
    claims: int
    fresh: int = 0

    def next(self, context: Context) -> Step | None:
        """An operation if any client is free."""
        if not context.free:
            return PENDING, self
        draw = context.random
        client = draw.choice(context.free)
        newest = self.fresh // self.claims
        if draw.random() < self.read:
            name = f"u{max(0, newest - draw.randrange(2))}"
            return Invocation(context.time, client, "read", [name, None]), self
        claim = Invocation(context.time, client, "claim", [f"u{newest}", self.fresh])
        return claim, replace(self, fresh=self.fresh + 1)

    def update(self, context: Context, event: Operation) -> Generator:
        """Whoever has a name, others go on claiming it."""
        return self


def operations(options: Mapping[str, Any]) -> Generator:
    """Endless claims and reads in the shares that the options say."""
    return Claiming(options["read"], options["claims"])


# Final reads and checkers


def final_reads(plan: Plan, options: Mapping[str, Any]) -> list[FinalRead]:
    """Who has the first names, the servers taking turns."""
    servers = plan.servers
    return [
        FinalRead("read", [f"u{number}", None], servers[number % len(servers)])
        for number in range(ASKED_LAST)
    ]


def checkers(options: Mapping[str, Any], consistency: str) -> tuple[Checker, ...]:
    """Every name is given once."""
    return (linearizable(sticky_register(), keyed=True),)


KIND = WorkloadKind(
    name=NAME,
    description="names that are given once: of all that claim one, one gets it",
    options=OPTIONS,
    methods=METHODS,
    perform=perform,
    operations=operations,
    final=final_reads,
    checkers=checkers,
    idempotent=frozenset({"read"}),
    words={
        "claim": Words(
            "claims {argument.0:name} for {argument.1}[: {result.1} has it]",
            "{argument.0:name}:{argument.1}->{result.1}",
            "{argument.1}",
        ),
        "read": Words(
            "asks who has {argument.0:name}[ -> {result.1}]",
            "{argument.0:name}->{result.1}",
            "{result.1}",
        ),
    },
)


def names(client: ClientFactory, **options: int | float | None) -> Workload:
    """Names that are given once, for a client that offers `NamesClient`'s methods.

    Args:
        client: makes a client; a class whose ``__init__`` takes a node and a server's name does.
        options: see `OPTIONS`.

    Raises:
        InvalidPlan: the client lacks a method; an option is unknown or cannot have its value.
    """
    return KIND.workload(client, options)
