"""Joins of events with a table that grows meanwhile, by three algorithms; they also run again.

Each job joins its lines with the table as it was when the job was taken on
(`splitbrain.checkers.batch.join_complete`; DDIA chapter 10, "Reduce-Side Joins", "Map-Side Joins").
"""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import Any, Protocol

from splitbrain.checkers.batch import join_complete, partition_invariant, rerun_equal
from splitbrain.checkers.batch.joins import ADD
from splitbrain.checkers.verdict import Checker
from splitbrain.harness.generators import Context, Invocation
from splitbrain.harness.workloads.parts import batch_runs
from splitbrain.harness.workloads.parts.abilities import Method
from splitbrain.harness.workloads.parts.batch_runs import READ, RERUN, RUN, lists
from splitbrain.harness.workloads.parts.keyed import SKEW, any_of
from splitbrain.harness.workloads.parts.kind import WorkloadKind
from splitbrain.harness.workloads.parts.options import Option
from splitbrain.harness.workloads.parts.words import Words
from splitbrain.harness.workloads.workload import ClientFactory, Workload

NAME = "join"

ALGORITHMS = ("sort-merge", "broadcast-hash", "partitioned-hash")

OPTIONS = (
    *batch_runs.OPTIONS,
    Option("keys", 8, "how many keys lines and rows have", least=1),
    SKEW,
    Option("add", 0.25, "share of rows that are added to the table", most=1),
)


# Client protocol


class JoinClient(Protocol):
    """What a client must offer, besides `batch_runs.RunsClient`'s ``rerun`` and ``published``.

    A method that returns has done it; see `splitbrain.harness.client` for what raising means.
    """

    async def add(self, key: str, value: int) -> int:
        """Put a row into the table; return the table's version, the number of its rows."""
        ...

    async def join(self, job: int, algorithm: str, text: str) -> Mapping[str, Any]:
        """Join the lines of a text with the table as it is: its ``version``, and ``rows``."""
        ...


METHODS = (
    Method("add", "add(key, value)", "adds rows", needed=True),
    Method("join", "join(job, algorithm, text)", "joins", needed=True),
    *batch_runs.METHODS[1:],
)


async def perform(client: Any, f: str, value: Any) -> Any:
    """Do one operation by the client's methods; see `splitbrain.harness.client.Perform`."""
    if f == ADD:
        return [*value, await client.add(*value)]
    if f == RUN:
        return _output(**await client.join(*value))
    if f == RERUN:
        return lists(await client.rerun(*value))
    if f == READ:
        return [[job, _output(*output)] for job, *output in await client.published()]
    raise ValueError(
        f"workload {NAME} has no operation {f!r}: it has {ADD}, {RUN}, {RERUN}, {READ}"
    )


def _output(version: int, rows: Any) -> dict[str, Any]:
    return {"version": version, "rows": lists(rows)}


# Generator


def _text(options: Mapping[str, Any], random: Random) -> str:
    lines = (
        f"k{any_of(options['keys'], options['skew'], random)} {random.randrange(100)}\n"
        for _ in range(random.randint(1, options["lines"]))
    )
    return "".join(lines)


def _row(
    options: Mapping[str, Any], context: Context, client: int, number: int
) -> Invocation | None:
    random = context.random
    # A table of some dozen rows: a large one makes every join of the rest a large one.
    if number < 60 and random.random() < options["add"]:
        row = [f"k{random.randrange(options['keys'])}", number]
        return Invocation(context.time, client, ADD, row)
    return None


def checkers(options: Mapping[str, Any], consistency: str) -> tuple[Checker, ...]:
    """Joins are what lines and table say, and the same again."""
    return join_complete(), rerun_equal(), partition_invariant()


KIND = WorkloadKind(
    name=NAME,
    description="joins with a table that grows: all pairs, of one version, the same at each rerun",
    options=OPTIONS,
    methods=METHODS,
    perform=perform,
    operations=batch_runs.jobs(ALGORITHMS, _text, _row),
    final=batch_runs.final_reads,
    checkers=checkers,
    idempotent=frozenset({RERUN, READ}),
    shows=batch_runs.shows,
    words={
        **batch_runs.WORDS,
        ADD: Words(
            "adds {argument.1} to {argument.0:name}[, version {result.2}]",
            "{argument.0:name}+{argument.1}",
        ),
    },
)


def join(client: ClientFactory, **options: int | float | None) -> Workload:
    """Joins, for a client that offers `JoinClient`'s methods.

    Args:
        client: makes a client; a class whose ``__init__`` takes a node and a server's name does.
        options: see `OPTIONS`.

    Raises:
        InvalidPlan: the client lacks a method; an option is unknown or cannot have its value.
    """
    return KIND.workload(client, options)
