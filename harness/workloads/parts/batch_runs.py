"""What workloads of batch jobs share: jobs that run, run again in other partitions, and are read.

`splitbrain.checkers.batch` judges them: outputs are what inputs say, and reruns give the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import Any, Protocol

from splitbrain.harness.client import Perform
from splitbrain.harness.generators import Context, Generator, Invocation
from splitbrain.harness.plan import Plan
from splitbrain.harness.workloads.parts.abilities import Method
from splitbrain.harness.workloads.parts.drawn import Drawn
from splitbrain.harness.workloads.parts.options import Option
from splitbrain.harness.workloads.parts.words import Words
from splitbrain.harness.workloads.workload import FinalRead

RUN, RERUN, READ = "run", "rerun", "published"

APART = 16
"""One operation in so many is a job, and two are reruns of jobs, whatever else is drawn; all reruns
are of these jobs: few, so that the same one is run in different numbers of partitions."""

RERUNS = (7, 11)
"""Which of them are reruns."""

PATIENCE = 6
"""A job is rerun so many operations later, at least: it has to have ended."""

MOST_PARTITIONS = 4

OPTIONS = (
    Option("read", 0.05, "share of reads of all outputs", most=1),
    Option("rerun", 0.25, "share of reruns of jobs; jobs are the rest", most=1),
    Option("lines", 30, "the most lines of a job; it has 1 at least", least=1),
)


class RunsClient(Protocol):
    """What a client must offer.

    A method that returns has done it; see `splitbrain.harness.client` for what raising means.
    """

    async def run(self, job: int, function: str, text: str) -> Sequence[Sequence[Any]]:
        """Run a job; the rows of its output, in order."""
        ...

    async def rerun(self, job: int, partitions: int) -> Sequence[Sequence[Any]]:
        """Run a job that has ended again, from the input that it had, in so many partitions; what
        comes out. What is published stays."""
        ...

    async def published(self) -> Sequence[Sequence[Any]]:
        """All outputs so far: ``[job, version of the table, rows]`` each."""
        ...


METHODS = (
    Method("run", "run(job, function, text)", "runs a job", needed=True),
    Method("rerun", "rerun(job, partitions)", "runs a job again", needed=True),
    Method("published", "published()", "reads all outputs", needed=True),
)

WORDS = {
    RUN: Words("runs job {argument.0} ({argument.1})[ -> {result}]", "job {argument.0}"),
    RERUN: Words(
        "runs job {argument.0} again, in {argument.1} partitions[ -> {result}]",
        "again {argument.0}",
    ),
    READ: Words("reads all outputs[ -> {result}]", "->{result}"),
}


def performing(name: str) -> Perform:
    """What does one operation of the workload of this name by the client's methods."""

    async def perform(client: Any, f: str, value: Any) -> Any:
        if f == RUN:
            return lists(await client.run(*value))
        if f == RERUN:
            return lists(await client.rerun(*value))
        if f == READ:
            return [[job, lists(rows)] for job, _, rows in await client.published()]
        raise ValueError(
            f"workload {name} has no operation {f!r}: it has {RUN}, {RERUN} and {READ}"
        )

    return perform


def lists(value: Any) -> Any:
    """The value with lists for tuples, which is what histories hold."""
    return [lists(part) for part in value] if isinstance(value, list | tuple) else value


def jobs(
    functions: Sequence[str],
    text: Callable[[Mapping[str, Any], Random], str],
    other: Callable[[Mapping[str, Any], Context, int, int], Invocation | None] | None = None,
) -> Callable[[Mapping[str, Any]], Generator]:
    """Endless jobs, reruns and reads, by random free clients.

    Args:
        functions: what jobs compute, one of these.
        text: a job's input, from the options.
        other: an operation of another kind, given options, context, client and number, or None.
    """

    def operations(options: Mapping[str, Any]) -> Generator:
        def draw(context: Context, client: int, number: int) -> Invocation:
            random, at = context.random, number % APART
            left = random.random()
            if at and at not in RERUNS:
                found = other(options, context, client, number) if other else None
                if found is not None:
                    return found
                if left < options["read"]:
                    return Invocation(context.time, client, READ)
            if at in RERUNS or (at and left < options["read"] + options["rerun"]):
                again = [_ended(number, random), random.randint(1, MOST_PARTITIONS)]
                return Invocation(context.time, client, RERUN, again)
            job_ = [number, random.choice(functions), text(options, random)]
            return Invocation(context.time, client, RUN, job_)

        return Drawn(draw)

    return operations


def _ended(number: int, random: Random) -> int:
    """A job that came some operations ago: the last of those that are rerun, or that before."""
    last = max(0, number - PATIENCE) // APART
    return APART * max(0, last - random.randrange(2))


def final_reads(plan: Plan, options: Mapping[str, Any]) -> list[FinalRead]:
    """A read by a client of every server."""
    return [FinalRead(READ, None, server) for server in plan.servers]


def shows(f: str, argument: Any, result: Any) -> bool:
    """Whether a read shows any output."""
    return bool(result)
