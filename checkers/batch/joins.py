"""A join has each pair of a fact and a row of the table once, as the table was in one version.

*Property.* Rows are added to a table, ``add`` ``[key, value]`` -> ``[key, value, version]``, values
all different; its version is how many rows it has. A job is ``run`` ``[id, algorithm, text]``,
lines ``key number``, and gives ``{"version": v, "rows": [[key, number, value], ...]}``: each line
with each row of its key, as the table was at v, which is not before what had been acknowledged when
the job was asked for. Reads, ``published``, list ``[id, output]`` of jobs that have ended.

==================  ================================================================================
stale-table         a row that was acknowledged before the job was asked for is behind its version
missing-row         a pair of a line and a row of the table up to the version is not there
repeated-row        one is there more often than the lines and rows are
later-row           a pair with a row that was added after the version
torn-row            a row whose ``add`` is in doubt is joined with some of the lines of its key
invented-row        a pair of which there is no line, or no row
changed-output      an output is other than it was
==================  ================================================================================

A row whose ``add`` is of unknown outcome may be in the table or not, but for the whole of a job.
Histories with reads ``joins`` are of streams: `splitbrain.checkers.streams.stream_joins`.

*Source.* DDIA chapter 10, "Reduce-Side Joins and Grouping", "Map-Side Joins"; chapter 11,
"Time-dependence of joins".

*Algorithm.* The join, once a job: O(lines * rows of a key) each.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from splitbrain.checkers.certificate import Certified, NoCertificate
from splitbrain.checkers.entry import CheckerEntry
from splitbrain.checkers.findings import verdict_of
from splitbrain.checkers.history import FAIL, OK, Call, History
from splitbrain.checkers.models.model import ModelError, shown
from splitbrain.checkers.streams import stream_joins
from splitbrain.checkers.streams.recheck.joins import verify_joins
from splitbrain.checkers.verdict import Anomaly, Checker, Verdict

ADD, RUN, READ = "add", "run", "published"
NAME = "join-complete"

Found = tuple[str, str, tuple[int, ...]]
"""The kind of an anomaly, a sentence, and the events."""


def join_complete() -> Checker:
    """A checker: joins are what text and table say. See the module."""
    return _JoinComplete()


@dataclass(frozen=True, slots=True)
class _Added:
    """A row of the table: where it was added, and its version; None if that is in doubt."""

    call: Call
    key: str
    value: Any
    version: int | None


@dataclass(frozen=True, slots=True)
class _JoinComplete:
    name: str = NAME

    def check(self, history: History) -> Verdict:
        """See `splitbrain.checkers.verdict.Checker`.

        Raises:
            ModelError: a row, a job, an output or a read is none, or two rows have one value.
        """
        calls = history.calls()
        if any(call.f == stream_joins.JOINS for call in calls):
            return stream_joins.judge(self.name, calls)
        table = _table(calls)
        jobs = {_job(call)[0]: call for call in calls if call.f == RUN}
        outputs = list(_outputs(calls, jobs))
        found: dict[str, Anomaly] = {}
        first: dict[Any, Any] = {}
        pairs = 0
        for name, output, at, completed in outputs:
            version, rows = _output(output, at)
            pairs += len(rows)
            before = first.setdefault(name, output)
            problems = list(_problems(jobs[name], version, rows, table, completed))
            if before != output:
                problems.append(("changed-output", "is another one than it was", ()))
            for kind, said, events in problems:
                told = f"the output of job {shown(name)} {said}"
                found.setdefault(told, Anomaly(kind, told, (*events, at)))
        coverage = {"jobs": len(jobs), "outputs": len(outputs), "rows": pairs}
        holds = f"{len(outputs)} outputs of {len(jobs)} joins are what text and table say"
        vain = None if pairs else "no join has any row"
        return verdict_of(self.name, found.values(), coverage, holds=holds, vain=vain)


def _table(calls: list[Call]) -> list[_Added]:
    table: dict[Any, _Added] = {}
    for call in calls:
        if call.f != ADD:
            continue
        match call.argument, call.result if call.outcome == OK else [None]:
            case [str() as key, int() as value], [*_, version] if (
                version is None or type(version) is int
            ):
                added = _Added(call, key, value, version)
            case _:
                raise ModelError(
                    call.invoke_index,
                    f"{ADD} {shown(call.argument)} gave {shown(call.result)}: give [key, value] "
                    "and [key, value, version]",
                )
        if value in table:
            said = f"{shown(value)} was added before: values must be all different"
            raise ModelError(call.invoke_index, said)
        table[value] = added
    return list(table.values())


def _job(call: Call) -> tuple[Any, list[tuple[str, int]]]:
    match call.argument:
        case [int() as name, str(), str() as text]:
            try:
                lines = [line.split(" ") for line in text.splitlines()]
                return name, [(key, int(number)) for key, number in lines]
            except ValueError:
                pass
    said = f"{shown(call.argument)} is no join: give [id, algorithm, lines of key and number]"
    raise ModelError(call.invoke_index, said)


def _outputs(calls: list[Call], jobs: Mapping[Any, Call]) -> Iterator[tuple[Any, Any, int, int]]:
    """Job, output, event and time of each output that was told."""
    for call in calls:
        at, completed = call.complete_index or call.invoke_index, call.completed or 0
        if call.f == RUN and call.outcome == OK:
            yield call.argument[0], call.result, at, completed
        if call.f == READ and call.outcome == OK:
            for name, output in call.result:
                if name not in jobs:
                    said = f"{READ} has the output of job {shown(name)}, which nobody had asked for"
                    raise ModelError(at, said)
                yield name, output, at, completed


def _output(output: Any, at: int) -> tuple[int, Counter[tuple[Any, ...]]]:
    match output:
        case {"version": int() as version, "rows": list() as rows} if all(
            isinstance(row, list) and len(row) == 3 for row in rows
        ):
            return version, Counter(tuple(row) for row in rows)
    raise ModelError(at, f"{shown(output)} is no output: give version and rows, three parts each")


def _problems(
    job: Call,
    version: int,
    rows: Counter[tuple[Any, ...]],
    table: list[_Added],
    completed: int,
) -> Iterator[Found]:
    lines = Counter(_job(job)[1])
    known: set[tuple[Any, ...]] = set()
    for added in table:
        wanted = {
            (*line, added.value): count for line, count in lines.items() if line[0] == added.key
        }
        known.update(wanted)
        got = {row: rows[row] for row in wanted}
        events = (added.call.complete_index or added.call.invoke_index,)
        row = f"row {shown([added.key, added.value])}"
        is_early = added.version is not None and (added.call.completed or 0) < job.invoked
        if is_early and (added.version or 0) > version:
            yield "stale-table", f"is of version {version}, and {row} was there before", events
        yield from _of_row(added, version, wanted, got, row, events)
        is_in = added.version is not None and added.version <= version
        if added.call.invoked > completed and (is_in or any(got.values())):
            yield "invented-row", f"has or counts {row}, which is added after it", events
    for pair in rows:
        if pair not in known:
            yield (
                "invented-row",
                f"has {shown(list(pair))}, of which there is no line or no row",
                (),
            )


def _of_row(
    added: _Added,
    version: int,
    wanted: Mapping[tuple[Any, ...], int],
    got: Mapping[tuple[Any, ...], int],
    row: str,
    events: tuple[int, ...],
) -> Iterator[Found]:
    """What is wrong with the pairs of one row of the table."""
    if any(got[pair] > count for pair, count in wanted.items()):
        yield "repeated-row", f"has {row} more often than there are lines", events
        return
    some, all_of = any(got.values()), all(got[pair] == count for pair, count in wanted.items())
    if added.call.outcome == FAIL:
        if some:
            yield "invented-row", f"has {row}, which was not added", events
    elif added.version is None:
        if some and not all_of:
            yield "torn-row", f"has {row} with some of the lines of its key", events
    elif added.version <= version:
        if not all_of:
            yield "missing-row", f"lacks {row} for some line of its key", events
    elif some:
        yield "later-row", f"is of version {version} and has {row}, of {added.version}", events


def verify(history: History, verdict: Verdict, options: Mapping[str, Any]) -> Certified:
    """What independent code says of a verdict on streams; there is none for jobs.

    Raises:
        CertificateError: a finding is not there, or one is there that the verdict doesn't have.
        NoCertificate: the history is of batch jobs.
    """
    calls = history.calls()
    if any(call.f == stream_joins.JOINS for call in calls):
        return verify_joins(calls, verdict)
    raise NoCertificate("verdicts on joins of batch jobs have no certificate")


ENTRY = CheckerEntry(
    NAME, join_complete, "a join has each pair of a line and a row, once", verify=verify
)
