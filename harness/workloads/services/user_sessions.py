"""Sessions of users, made of what they did by batch jobs, which also run again.

Lines are a user and a time; a session ends some time after its last event. All events of a user
are needed in one place for that (DDIA chapter 10, "GROUP BY", sessionization).
"""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import Any

from splitbrain.checkers.batch import batch_output, partition_invariant, rerun_equal
from splitbrain.checkers.verdict import Checker
from splitbrain.harness.workloads.parts import batch_runs
from splitbrain.harness.workloads.parts.kind import WorkloadKind
from splitbrain.harness.workloads.parts.options import Option
from splitbrain.harness.workloads.workload import ClientFactory, Workload

NAME = "sessionise"

OPTIONS = (
    *batch_runs.OPTIONS,
    Option("users", 5, "how many users", least=1),
    Option("span", 200, "over how long the events of a job are spread", least=1),
)


def _text(options: Mapping[str, Any], random: Random) -> str:
    lines = (
        f"u{random.randrange(options['users'])} {random.randrange(options['span'])}\n"
        for _ in range(random.randint(1, options["lines"]))
    )
    return "".join(lines)


def checkers(options: Mapping[str, Any], consistency: str) -> tuple[Checker, ...]:
    """Sessions are what the events say, and the same again."""
    return batch_output(), rerun_equal(), partition_invariant()


KIND = WorkloadKind(
    name=NAME,
    description="sessions of users from their events: right, and the same at each rerun",
    options=OPTIONS,
    methods=batch_runs.METHODS,
    perform=batch_runs.performing(NAME),
    operations=batch_runs.jobs(("sessions",), _text),
    final=batch_runs.final_reads,
    checkers=checkers,
    idempotent=frozenset({batch_runs.RERUN, batch_runs.READ}),
    shows=batch_runs.shows,
    words=batch_runs.WORDS,
)


def sessionise(client: ClientFactory, **options: int | float | None) -> Workload:
    """Sessions, for a client that offers `batch_runs.RunsClient`'s methods.

    Args:
        client: makes a client; a class whose ``__init__`` takes a node and a server's name does.
        options: see `OPTIONS`.

    Raises:
        InvalidPlan: the client lacks a method; an option is unknown or cannot have its value.
    """
    return KIND.workload(client, options)
