"""Words counted, lines ranked and numbers totalled by batch jobs, which also run again.

The first program of every book on batch processing, and two that tell whether the order in which
rows arrive matters: a ranking with ties, and sums of floats (DDIA chapter 10).
"""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import Any

from splitbrain.checkers.batch import batch_output, partition_invariant, rerun_equal
from splitbrain.checkers.verdict import Checker
from splitbrain.harness.workloads.parts import batch_runs
from splitbrain.harness.workloads.parts.keyed import SKEW, any_of
from splitbrain.harness.workloads.parts.kind import WorkloadKind
from splitbrain.harness.workloads.parts.options import Option
from splitbrain.harness.workloads.workload import ClientFactory, Workload

NAME = "wordcount"

FUNCTIONS = ("words", "ranked", "totals")

OPTIONS = (*batch_runs.OPTIONS, Option("keys", 8, "how many different words", least=1), SKEW)


def _text(options: Mapping[str, Any], random: Random) -> str:
    """Lines of a word and a number; as words, both count."""
    lines = (
        f"w{any_of(options['keys'], options['skew'], random)} {random.randrange(100)}\n"
        for _ in range(random.randint(1, options["lines"]))
    )
    return "".join(lines)


def checkers(options: Mapping[str, Any], consistency: str) -> tuple[Checker, ...]:
    """Outputs are what inputs say, and the same again."""
    return batch_output(), rerun_equal(), partition_invariant()


KIND = WorkloadKind(
    name=NAME,
    description="words counted, lines ranked, numbers totalled: right, and the same at each rerun",
    options=OPTIONS,
    methods=batch_runs.METHODS,
    perform=batch_runs.performing(NAME),
    operations=batch_runs.jobs(FUNCTIONS, _text),
    final=batch_runs.final_reads,
    checkers=checkers,
    idempotent=frozenset({batch_runs.RERUN, batch_runs.READ}),
    shows=batch_runs.shows,
    words=batch_runs.WORDS,
)


def wordcount(client: ClientFactory, **options: int | float | None) -> Workload:
    """Words, for a client that offers `batch_runs.RunsClient`'s methods.

    Args:
        client: makes a client; a class whose ``__init__`` takes a node and a server's name does.
        options: see `OPTIONS`.

    Raises:
        InvalidPlan: the client lacks a method; an option is unknown or cannot have its value.
    """
    return KIND.workload(client, options)
