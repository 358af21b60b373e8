"""A batch job that runs again gives the same: as a whole, in other partitions, and task by task.

*Property.* Jobs are operations ``run`` ``[id, ...]`` -> output; ``rerun`` ``[id, partitions]`` ->
output runs one again, from the input that it had, in so many partitions. An output is a list, or
an object whose ``rows`` are one. Three checkers:

=====================  =============================================================================
rerun-equal            each rerun of a job gives what its run gave, and what others give
                       (anomaly ``rerun-differs``)
partition-invariant    reruns in other numbers of partitions give the same
                       (``partition-dependent``)
batch-deterministic    a task that is done again makes the same: servers announce ``made-again``
                       ``{"job", "run", "task", "digests": [first, other]}`` (``task-differs``);
                       valid, too, if none was
=====================  =============================================================================

*Source.* DDIA chapter 10, "Fault tolerance" (of dataflow engines): an operator is to be
deterministic, or what others had of it cannot be made again; Zaharia et al., "Resilient Distributed
Datasets", NSDI 2012.

*Algorithm.* Outputs of a job are compared with the first. Linear.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from splitbrain.checkers.batch.recheck import verify_partitions, verify_reruns, verify_tasks
from splitbrain.checkers.entry import CheckerEntry
from splitbrain.checkers.findings import verdict_of
from splitbrain.checkers.history import OK, Call, History
from splitbrain.checkers.models.model import ModelError, shown
from splitbrain.checkers.verdict import Anomaly, Checker, Verdict

RUN, RERUN, AGAIN = "run", "rerun", "made-again"


def rerun_equal() -> Checker:
    """A checker: a rerun gives what the run gave. See the module."""
    return _RerunEqual()


def partition_invariant() -> Checker:
    """A checker: the number of partitions changes nothing. See the module."""
    return _PartitionInvariant()


def batch_deterministic() -> Checker:
    """A checker: a task that is done again makes the same. See the module."""
    return _BatchDeterministic()


def rows_of(result: Any) -> Any:
    """The rows of an output."""
    return result.get("rows") if isinstance(result, Mapping) else result


def _judged(name: str, anomalies: list[Anomaly], compared: int, of: str) -> Verdict:
    vain = None if compared else f"there are no {of}: nothing was exercised"
    return verdict_of(name, anomalies, {of: compared}, holds=f"{compared} {of} agree", vain=vain)


def _reruns(history: History) -> Iterator[tuple[Any, int, Call]]:
    """Job, partitions and call of each rerun that ended well."""
    for call in history.calls():
        if call.f == RERUN:
            match call.argument:
                case [job, int() as partitions]:
                    if call.outcome == OK:
                        yield job, partitions, call
                case _:
                    raise ModelError(
                        call.invoke_index,
                        f"{shown(call.argument)} is no rerun: give [id, partitions]",
                    )


def _events(*calls: Call) -> tuple[int, ...]:
    return tuple(call.complete_index or call.invoke_index for call in calls)


@dataclass(frozen=True, slots=True)
class _RerunEqual:
    name: str = "rerun-equal"

    def check(self, history: History) -> Verdict:
        """See `splitbrain.checkers.verdict.Checker`.

        Raises:
            ModelError: a run or a rerun names no job.
        """
        first: dict[Any, Call] = {}
        for call in history.calls():
            if call.f == RUN and call.outcome == OK:
                if not isinstance(call.argument, list) or not call.argument:
                    said = f"{shown(call.argument)} is no job: give [id, ...]"
                    raise ModelError(call.invoke_index, said)
                first.setdefault(call.argument[0], call)
        anomalies, compared = [], 0
        for job, partitions, call in _reruns(history):
            before = first.setdefault(job, call)
            if before is call:
                continue
            compared += 1
            if rows_of(call.result) != rows_of(before.result):
                said = (
                    f"job {job} gave {shown(rows_of(before.result))[:200]}, and again, in "
                    f"{partitions} partitions, {shown(rows_of(call.result))[:200]}"
                )
                anomalies.append(Anomaly("rerun-differs", said, _events(before, call)))
        return _judged(self.name, anomalies, compared, "reruns")


@dataclass(frozen=True, slots=True)
class _PartitionInvariant:
    name: str = "partition-invariant"

    def check(self, history: History) -> Verdict:
        """See `splitbrain.checkers.verdict.Checker`.

        Raises:
            ModelError: a rerun names no job and partitions.
        """
        first: dict[Any, tuple[int, Call]] = {}
        anomalies, compared = [], 0
        for job, partitions, call in _reruns(history):
            before = first.setdefault(job, (partitions, call))
            if before[0] == partitions:
                continue
            compared += 1
            if rows_of(call.result) != rows_of(before[1].result):
                said = (
                    f"job {job} in {before[0]} partitions gives "
                    f"{shown(rows_of(before[1].result))[:200]}, and in {partitions} "
                    f"{shown(rows_of(call.result))[:200]}"
                )
                anomalies.append(Anomaly("partition-dependent", said, _events(before[1], call)))
        return _judged(self.name, anomalies, compared, "reruns in other partitions")


@dataclass(frozen=True, slots=True)
class _BatchDeterministic:
    name: str = "batch-deterministic"
    needs_events: str = AGAIN

    def check(self, history: History) -> Verdict:
        """See `splitbrain.checkers.verdict.Checker`.

        Raises:
            ModelError: an announcement is not as the module says.
        """
        anomalies, compared = [], 0
        for event in history.events(AGAIN):
            match event.value:
                case {"job": job, "run": run, "task": task, "digests": [one, other]}:
                    compared += 1
                case _:
                    said = f"{AGAIN} with {shown(event.value)}: give job, run, task and two digests"
                    raise ModelError(event.index, said)
            if one != other:
                said = f"task {task} of job {job} (run {run}) made something else the second time"
                anomalies.append(Anomaly("task-differs", said, (event.index,)))
        vain = None if compared else "no task was done again"
        holds = f"{compared} tasks that were done again made the same"
        return verdict_of(
            self.name, anomalies, {"tasks done again": compared}, holds=holds, vain=vain
        )


ENTRY = CheckerEntry(
    "rerun-equal", rerun_equal, "a batch job that runs again gives the same", verify=verify_reruns
)
PARTITIONS_ENTRY = CheckerEntry(
    "partition-invariant",
    partition_invariant,
    "a batch job gives the same in any partitions",
    verify=verify_partitions,
)
DETERMINISTIC_ENTRY = CheckerEntry(
    "batch-deterministic",
    batch_deterministic,
    "a task that is done again makes the same",
    verify=verify_tasks,
)
