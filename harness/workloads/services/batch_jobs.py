"""Batch jobs: each counts or averages numbers by key, and its output is what its input says.

Jobs of a few dozen lines, all with a number of their own; now and then a read of all outputs
(DDIA chapter 10). Where the client can, a worker also combines a few numbers in one of many orders
and groupings. Judged by `splitbrain.checkers.batch.batch_output` and ``combiner_law``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random
from typing import Any, Protocol

from splitbrain.checkers.batch import batch_output, combiner_law
from splitbrain.checkers.batch.combiners import COMBINE
from splitbrain.checkers.verdict import Checker
from splitbrain.harness.generators import Context, Generator, Invocation
from splitbrain.harness.plan import Plan
from splitbrain.harness.workloads.parts.abilities import Method
from splitbrain.harness.workloads.parts.drawn import Drawn
from splitbrain.harness.workloads.parts.keyed import SKEW, any_of
from splitbrain.harness.workloads.parts.kind import WorkloadKind
from splitbrain.harness.workloads.parts.options import Option
from splitbrain.harness.workloads.parts.words import Words
from splitbrain.harness.workloads.workload import ClientFactory, FinalRead, Workload

NAME = "batch"
FUNCTIONS = ("count", "mean")

NUMBERS = (7, 1, 4, 2)
"""What is combined."""

OPTIONS = (
    Option("read", 0.1, "share of reads of all outputs; jobs are the rest", most=1),
    Option("combine", 0.1, "share of numbers that a worker combines", most=1),
    Option("lines", 40, "the most lines of a job; it has 1 at least", least=1),
    Option("keys", 8, "how many different keys", least=1),
    SKEW,
)


# Client protocol


class BatchClient(Protocol):
    """What a client must offer; `combine` it may.

    A method that returns has done it; see `splitbrain.harness.client` for what raising means.
    """

    async def run(self, job: int, function: str, text: str) -> Sequence[Sequence[Any]]:
        """Run a job; its output: ``[key, value]`` each, sorted by key."""
        ...

    async def published(self) -> Sequence[Sequence[Any]]:
        """All outputs so far: ``[job, output]`` each."""
        ...

    async def combine(self, tree: Sequence[Any]) -> Any:
        """What a combiner makes of a tree of numbers: of each part first, and then of what comes of
        them."""
        ...


METHODS = (
    Method("run", "run(job, function, text)", "runs a job", needed=True),
    Method("published", "published()", "reads all outputs", needed=True),
    Method("combine", "combine(tree)", "numbers that a worker combines"),
)


async def perform(client: Any, f: str, value: Any) -> Any:
    """Do one operation by the client's methods; see `splitbrain.harness.client.Perform`."""
    if f == "run":
        return _lists(await client.run(*value))
    if f == "published":
        return _lists(await client.published())
    if f == COMBINE:
        return _lists(await client.combine(value))
    raise ValueError(f"workload batch has no operation {f!r}: it has run, published and {COMBINE}")


def _lists(value: Any) -> Any:
    return [_lists(part) for part in value] if isinstance(value, list | tuple) else value


# Generator


def operations(options: Mapping[str, Any]) -> Generator:
    """Endless jobs, numbered from 0, and reads, by random free clients."""

    def draw(context: Context, client: int, number: int) -> Invocation:
        random = context.random
        left = random.random()
        if left < options["read"]:
            return Invocation(context.time, client, "published")
        if left < options["read"] + options["combine"]:
            return Invocation(context.time, client, COMBINE, _tree(random))
        job = [number, random.choice(FUNCTIONS), _text(options, random)]
        return Invocation(context.time, client, "run", job)

    return Drawn(draw)


def _text(options: Mapping[str, Any], random: Random) -> str:
    lines = (
        f"k{any_of(options['keys'], options['skew'], random)} {random.randrange(100)}\n"
        for _ in range(random.randint(1, options["lines"]))
    )
    return "".join(lines)


def _tree(random: Random) -> list[Any]:
    """The same few numbers, in some order and grouping."""
    tree: list[Any] = random.sample(NUMBERS, len(NUMBERS))
    for _ in range(random.randrange(3)):
        first = random.randrange(len(tree))
        end = random.randint(first + 1, len(tree))
        tree[first:end] = [tree[first:end]]
    return tree


# Final reads and checkers


def final_reads(plan: Plan, options: Mapping[str, Any]) -> list[FinalRead]:
    """A read by a client of every server; and the numbers, combined in two ways."""
    reads = [FinalRead("published", None, server) for server in plan.servers]
    if options["combine"]:
        a, b, *others = NUMBERS
        reads += [FinalRead(COMBINE, [a, b, *others]), FinalRead(COMBINE, [[*others, b], a])]
    return reads


def checkers(options: Mapping[str, Any], consistency: str) -> tuple[Checker, ...]:
    """Outputs are what inputs say; and so is what is combined, in whichever way."""
    return (batch_output(), *([combiner_law()] if options["combine"] else []))


def published(f: str, argument: Any, result: Any) -> bool:
    """Whether a read shows any output."""
    return f != COMBINE and bool(result)


KIND = WorkloadKind(
    name=NAME,
    description="batch jobs: the output of each is what its input says",
    options=OPTIONS,
    methods=METHODS,
    perform=perform,
    operations=operations,
    final=final_reads,
    checkers=checkers,
    idempotent=frozenset({"published", COMBINE}),
    shows=published,
    words={
        "run": Words("runs job {argument.0} ({argument.1})[ -> {result}]", "job {argument.0}"),
        "published": Words("reads all outputs[ -> {result}]", "->{result}"),
        COMBINE: Words("has {argument} combined[ -> {result}]", "{argument}"),
    },
)


def batch(client: ClientFactory, **options: int | float | None) -> Workload:
    """Batch jobs, for a client that offers `BatchClient`'s methods.

    Args:
        client: makes a client; a class whose ``__init__`` takes a node and a server's name does.
        options: see `OPTIONS`.

    Raises:
        InvalidPlan: the client lacks a method; an option is unknown or cannot have its value.
    """
    return KIND.workload(client, options)
