"""A text that several people edit at once: what is typed stays, and stays where it was typed.

Clients type runs of a few letters behind one that they have read, mostly near the end of the text,
erase letters, and read; every letter is another number. Judged by
`splitbrain.checkers.convergence.texts` (DDIA chapter 5, "Automatic Conflict Resolution").
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from splitbrain.checkers.convergence import replicated_text
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

NAME = "text"

OPTIONS = (
    Option("read", 0.4, "share of reads among the operations", most=1),
    Option("erase", 0.15, "share of erasures; insertions are what is left", most=1),
    Option("most", 4, "the most letters that are typed in a row", least=1),
    Option("near", 3, "how near to the end of the text is typed, in letters", least=1),
)


# Client protocol


class TextClient(Protocol):
    """What a client must offer.

    A method that returns has done it; see `splitbrain.harness.client` for what raising means.
    """

    async def insert(self, letters: Sequence[int], after: int | None) -> None:
        """Type letters in a row behind another one, or at the beginning; raise
        `splitbrain.Definite` where the replica doesn't have that one."""
        ...

    async def erase(self, letter: int) -> None:
        """Erase a letter; raise `splitbrain.Definite` where the replica doesn't have it."""
        ...

    async def text(self) -> Mapping[str, Any]:
        """``seen`` (by actor, how many of its updates) and ``letters``, in order."""
        ...


METHODS = (
    Method("insert", "insert(letters, after)", "insertions", needed=True),
    Method("erase", "erase(letter)", "erasures", needed=True),
    Method("text", "text() -> {seen, letters}", "reads", needed=True),
)


async def perform(client: Any, f: str, value: Any) -> Any:
    """Do one operation by the client's methods; see `splitbrain.harness.client.Perform`."""
    if f == "read":
        return dict(await client.text())
    if f == "insert":
        await client.insert(*value)
        return value
    if f == "erase":
        await client.erase(value)
        return value
    raise ValueError(f"workload text has no operation {f!r}: it has read, insert and erase")


# Generator


@dataclass(frozen=True, slots=True)
class TextOperations:
    """Endless operations, by random free clients.

    Attributes:
        weights: how often each f is drawn, in proportion.
        most: the most letters that are typed in a row.
        near: how near to the end is typed.
        fresh: the next letter.
        seen: by client, the letters at the end of what it has read.
    """

    weights: Mapping[str, float]
    most: int
    near: int
    fresh: int = 0
    seen: Mapping[int, tuple[int, ...]] = field(default_factory=dict)

    def next(self, context: Context) -> Step | None:
        """An operation if any client is free."""
        if not context.free:
            return PENDING, self
        draw = context.random
        client = draw.choice(context.free)
        seen = self.seen.get(client, ())
        f = draw.choices(tuple(self.weights), tuple(self.weights.values()))[0]
        if f == "read" or (f == "erase" and not seen):
            return Invocation(context.time, client, "read"), self
        if f == "erase":
            return Invocation(context.time, client, f, draw.choice(seen)), self
        after = draw.choice(seen) if seen else None
        letters = list(range(self.fresh, self.fresh + draw.randint(1, self.most)))
        typed = Invocation(context.time, client, f, [letters, after])
        return typed, replace(self, fresh=letters[-1] + 1)

    def update(self, context: Context, event: Operation) -> Generator:
        """Learns what a client has read."""
        match event:
            case Operation(type="ok", f="read", value={"letters": letters}):
                end = tuple(letters[-self.near :])
                return replace(self, seen={**self.seen, context.client_of(event): end})
            case _:
                return self


def operations(options: Mapping[str, Any]) -> Generator:
    """Endless operations in the shares that the options say."""
    shares = {name: options[name] for name in ("read", "erase")}
    return TextOperations(remainder(NAME, shares, "insert"), options["most"], options["near"])


# Final reads and checkers


def final_reads(plan: Plan, options: Mapping[str, Any]) -> list[FinalRead]:
    """A read by a client of every server."""
    return [FinalRead("read", None, server) for server in plan.servers]


def checkers(options: Mapping[str, Any], consistency: str) -> tuple[Checker, ...]:
    """Nothing typed is lost, and all stands where it was typed."""
    return (replicated_text(),)


def shown(f: str, argument: Any, result: Any) -> bool:
    """Whether a read has seen any update."""
    return bool(result["seen"])


KIND = WorkloadKind(
    name=NAME,
    description="a text that several edit at once: nothing typed is lost, and all stays in place",
    options=OPTIONS,
    methods=METHODS,
    perform=perform,
    operations=operations,
    final=final_reads,
    checkers=checkers,
    idempotent=frozenset({"read"}),
    shows=shown,
    refusable=frozenset({"insert", "erase"}),
    words={
        "insert": Words("types {argument.0} behind {argument.1}", "+{argument.0}"),
        "erase": Words("erases {argument}", "-{argument}"),
        "read": Words("reads[ -> {result.letters}]"),
    },
)


def text(client: ClientFactory, **options: int | float | None) -> Workload:
    """A text, for a client that offers `TextClient`'s methods.

    Args:
        client: makes a client; a class whose ``__init__`` takes a node and a server's name does.
        options: see `OPTIONS`.

    Raises:
        InvalidPlan: the client lacks a method; an option is unknown or cannot have its value.
    """
    return KIND.workload(client, options)
