"""The output of a batch job is what a plain loop over its whole input gives, and stays so.

*Property.* A job is an operation ``run`` with value ``[id, function, text]``: lines ``key number``
(or words), and a function of `FUNCTIONS`. Its output is a list of rows that begin with a key,
``[key, value]`` for most, in order. Reads,
``published``, list ``[id, output]`` of all jobs whose output is there.

==================  ================================================================================
wrong-output        an output differs from what the loop gives: a record was dropped, read twice, or
                    combined wrongly, or only a part of the output is there
lost-output         a read lacks the output of a job that had ended before it was invoked
unrequested-output  a read has the output of a job that nobody had asked for
==================  ================================================================================

*Source.* DDIA chapter 10, "Handling of faults" and "The Output of Batch Workflows"; Dean and
Ghemawat, "MapReduce: Simplified Data Processing on Large Clusters", OSDI 2004, section 3.3
(semantics in the presence of failures).

*Algorithm.* The loop, once a job. O(n log n) in the input.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from math import fsum
from typing import Any

from splitbrain.checkers.batch.recheck import verify
from splitbrain.checkers.entry import CheckerEntry
from splitbrain.checkers.history import OK, Call, History
from splitbrain.checkers.models.model import ModelError, shown
from splitbrain.checkers.verdict import INVALID, UNKNOWN, VALID, Anomaly, Checker, Verdict

RUN, READ = "run", "published"
NAME = "batch-output"

_SHOWN = 100


GAP = 20
"""A session ends that long after its last event."""


def _count(text: str) -> list[list[Any]]:
    return [[key, len(numbers)] for key, numbers in _by_key(text)]


def _mean(text: str) -> list[list[Any]]:
    return [[key, [sum(numbers), len(numbers)]] for key, numbers in _by_key(text)]


def _totals(text: str) -> list[list[Any]]:
    return [[key, fsum(number / 10 for number in numbers)] for key, numbers in _by_key(text)]


def _ranked(text: str) -> list[list[Any]]:
    lines = [line.split(" ") for line in text.splitlines()]
    return sorted(([key, int(number)] for key, number in lines), key=lambda row: row[1])


def _words(text: str) -> list[list[Any]]:
    return sorted([word, count] for word, count in Counter(text.split()).items())


def _sessions(text: str) -> list[list[Any]]:
    found: list[list[Any]] = []
    for user, times in _by_key(text):
        for time in sorted(times):
            if found and found[-1][0] == user and time < found[-1][2]:
                found[-1][2:] = time + GAP, found[-1][3] + 1
            else:
                found.append([user, time, time + GAP, 1])
    return found


def _by_key(text: str) -> list[tuple[str, list[int]]]:
    numbers: dict[str, list[int]] = {}
    for line in text.splitlines():
        key, number = line.split(" ")
        numbers.setdefault(key, []).append(int(number))
    return sorted(numbers.items())


FUNCTIONS: Mapping[str, Callable[[str], list[list[Any]]]] = {
    "count": _count,
    "mean": _mean,
    "totals": _totals,
    "ranked": _ranked,
    "words": _words,
    "sessions": _sessions,
}
"""What jobs compute of a text: of each key's numbers how many, their sum and how many (the mean,
exactly), or the exact sum of their tenths, rounded once; all lines in the order of their numbers,
equal ones as they were; how often each word is there; or user, start, end and number of events of
each session, if the numbers are times."""


def batch_output() -> Checker:
    """A checker: outputs are what inputs say. See the module."""
    return _BatchOutput()


def computed(function: str, text: str) -> list[list[Any]]:
    """What a job's output should be.

    Raises:
        ValueError: a line is no key and number.
    """
    return FUNCTIONS[function](text)


@dataclass(frozen=True, slots=True)
class _BatchOutput:
    name: str = NAME

    def check(self, history: History) -> Verdict:
        """See `splitbrain.checkers.verdict.Checker`.

        Raises:
            ModelError: a job's value is none.
        """
        calls = history.calls()
        jobs = {_job(call)[0]: call for call in calls if call.f == RUN}
        expected = {name: _expected(call) for name, call in jobs.items()}
        ended = [call for call in jobs.values() if call.outcome == OK]
        reads = [call for call in calls if call.f == READ and call.outcome == OK]
        anomalies = [*_wrong(ended, expected), *_misread(reads, jobs, expected)]
        outputs = sum(len(read.result) for read in reads) + len(ended)
        coverage = {"jobs": len(jobs), "jobs that ended": len(ended), "outputs": outputs}
        if anomalies:
            reason = f"{len(anomalies)} wrong outputs; {anomalies[0].message}"
            kept = tuple(anomalies[:_SHOWN])
            return Verdict(self.name, INVALID, reason, kept, coverage=coverage)
        if not ended:
            return Verdict(self.name, UNKNOWN, "no job ended, so nothing was exercised")
        reason = f"{outputs} outputs of {len(jobs)} jobs are what their inputs say"
        return Verdict(self.name, VALID, reason, coverage=coverage)


def _job(call: Call) -> tuple[Any, str, str]:
    match call.argument:
        case [int() as name, str() as function, str() as text] if function in FUNCTIONS:
            return name, function, text
    raise ModelError(
        call.invoke_index,
        f"{shown(call.argument)} is no job: give [id, {' or '.join(FUNCTIONS)}, text]",
    )


def _expected(call: Call) -> list[list[Any]]:
    _, function, text = _job(call)
    try:
        return computed(function, text)
    except ValueError:
        raise ModelError(
            call.invoke_index, f"{shown(text)}: each line is a key, a space and a whole number"
        ) from None


def _wrong(ended: list[Call], expected: Mapping[Any, list[list[Any]]]) -> Iterator[Anomaly]:
    for call in ended:
        wanted = expected[call.argument[0]]
        if call.result != wanted:
            said = f"job {call.argument[0]} gave {_difference(call.result, wanted)}"
            events = call.invoke_index, call.complete_index or call.invoke_index
            yield Anomaly("wrong-output", said, events)


def _misread(
    reads: list[Call], jobs: Mapping[Any, Call], expected: Mapping[Any, list[list[Any]]]
) -> Iterator[Anomaly]:
    for read in reads:
        assert read.completed is not None
        assert read.complete_index is not None
        found = dict(read.result)
        reader = f"process {read.process} reads"
        for name, output in found.items():
            job = jobs.get(name)
            if job is None or job.invoked > read.completed:
                said = f"{reader} the output of job {shown(name)}, which nobody had asked for"
                yield Anomaly("unrequested-output", said, (read.complete_index,))
            elif output != expected[name]:
                said = f"{reader} of job {name} {_difference(output, expected[name])}"
                yield Anomaly("wrong-output", said, (job.invoke_index, read.complete_index))
        for name, job in jobs.items():
            before = job.outcome == OK and (job.completed or 0) < read.invoked
            if before and name not in found:
                said = f"job {name} had ended, and process {read.process} reads no output of it"
                yield Anomaly("lost-output", said, (job.invoke_index, read.complete_index))


def _difference(output: Any, wanted: list[list[Any]]) -> str:
    got = _rows_by_key(output)
    right = _rows_by_key(wanted)
    for key in sorted(got.keys() | right.keys()):
        if sorted(got.get(key, ())) != sorted(right.get(key, ())):
            mine = shown(got.get(key))
            return f"{key} -> {mine}, and its input says {shown(right.get(key))}"
    return f"{shown(output)}, not in order or with a key twice"


def _rows_by_key(rows: Any) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for key, *rest in rows if isinstance(rows, list) else ():
        found.setdefault(str(key), []).append(rest[0] if len(rest) == 1 else rest)
    return found


ENTRY = CheckerEntry(
    NAME, batch_output, "the output of a batch job is what its input says", verify=verify
)
