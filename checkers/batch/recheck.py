"""Verdicts on outputs of batch jobs checked again: each function computed another way.

The definition is that of `splitbrain.checkers.batch.outputs`; what jobs compute is restated, line
by line of the input, and in fractions where the detector adds floats.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from splitbrain.checkers.certificate import Certified, NoCertificate, compare
from splitbrain.checkers.history import OK, Call, History
from splitbrain.checkers.verdict import Verdict

_GAP = 20


def verify(history: History, verdict: Verdict, options: Mapping[str, Any]) -> Certified:
    """What each job's input says of each output. Quadratic in the lines of a job.

    Raises:
        CertificateError: a finding is not there, or one is there that the verdict doesn't have.
        NoCertificate: a job computes what is not known here.
    """
    calls = history.calls()
    jobs = {call.argument[0]: call for call in calls if call.f == "run"}
    right = {name: _computed(call) for name, call in jobs.items()}
    found: dict[int, set[str]] = {}
    told = 0
    for call in calls:
        kinds = found.setdefault(call.complete_index or call.invoke_index, set())
        if call.f == "run" and call.outcome == OK:
            told += 1
            if call.result != right[call.argument[0]]:
                kinds.add("wrong-output")
        if call.f == "published" and call.outcome == OK:
            outputs = dict(call.result)
            told += len(outputs)
            kinds |= {_of(name, outputs[name], call, jobs, right) for name in outputs} - {""}
            ended = [n for n, j in jobs.items() if j.outcome == OK and _before(j, call)]
            if not set(ended) <= set(outputs):
                kinds.add("lost-output")
    return compare(verdict, found, f"{told} outputs were computed again")


def _before(job: Call, read: Call) -> bool:
    return (job.completed or 0) < read.invoked


def _of(name: Any, output: Any, read: Call, jobs: Mapping[Any, Call], right: Any) -> str:
    """What is wrong with an output that a read has; nothing if nothing is."""
    if name not in jobs or jobs[name].invoked > (read.completed or 0):
        return "unrequested-output"
    return "wrong-output" if output != right[name] else ""


def _computed(job: Call) -> list[list[Any]]:
    _, function, text = job.argument
    lines = [line.split(" ") for line in text.split("\n") if line]
    if function == "words":
        words = [word for line in lines for word in line if word]
        return [[word, words.count(word)] for word in sorted(set(words))]
    pairs = [(key, int(number)) for key, number in lines]
    if function == "ranked":
        places = sorted((number, place) for place, (_, number) in enumerate(pairs))
        return [list(pairs[place]) for _, place in places]
    keys = sorted({key for key, _ in pairs})
    if function == "sessions":
        return [row for key in keys for row in _sessions(key, pairs)]
    if function not in ("count", "mean", "totals"):
        raise NoCertificate(f"what {function} computes is not known here")
    rows = []
    for key in keys:
        mine = [number for other, number in pairs if other == key]
        tenths = float(sum((Fraction(number / 10) for number in mine), Fraction()))
        made = {"count": len(mine), "mean": [sum(mine), len(mine)], "totals": tenths}
        rows.append([key, made[function]])
    return rows


def _sessions(user: str, pairs: list[tuple[str, int]]) -> list[list[Any]]:
    """Each event that none precedes by less than the gap begins a session."""
    times = sorted(time for other, time in pairs if other == user)
    begins = [t for t in sorted(set(times)) if not any(t - _GAP < other < t for other in times)]
    found = []
    for begin, after in zip(begins, [*begins[1:], float("inf")], strict=True):
        mine = [time for time in times if begin <= time < after]
        found.append([user, begin, mine[-1] + _GAP, len(mine)])
    return found


def verify_combined(history: History, verdict: Verdict, options: Mapping[str, Any]) -> Certified:
    """What was combined, by the text of its tree: of two whose digits are the same, the results
    are. Quadratic in the operations.

    Raises:
        CertificateError: a finding is not there, or one is there that the verdict doesn't have.
    """
    done = [call for call in history.calls() if call.f == "combine" and call.outcome == OK]
    written = [str(call.argument).replace("[", " ").replace("]", " ").split(",") for call in done]
    leaves = [[int(word) for word in words] for words in written]
    found: dict[int, set[str]] = {}
    for at, call in enumerate(done):
        one = next(i for i in range(at + 1) if sorted(leaves[i]) == sorted(leaves[at]))
        if done[one].result != call.result:
            same = leaves[one] == leaves[at]
            kind = "grouping-dependent" if same else "order-dependent"
            found[call.complete_index or call.invoke_index] = {kind}
    return compare(verdict, found, f"{len(done)} results were compared again")


def verify_reruns(history: History, verdict: Verdict, options: Mapping[str, Any]) -> Certified:
    """Each rerun against what its job gave at first, looked up anew. Quadratic in the operations.

    Raises:
        CertificateError: a finding is not there, or one is there that the verdict doesn't have.
    """
    done = [call for call in history.calls() if call.outcome == OK]
    runs = [call for call in done if call.f == "run"]
    reruns = [call for call in done if call.f == "rerun"]
    found: dict[int, set[str]] = {}
    for call in reruns:
        same = [other for other in (*runs, *reruns) if other.argument[0] == call.argument[0]]
        if _rows(same[0]) != _rows(call):
            found[call.complete_index or 0] = {"rerun-differs"}
    return compare(verdict, found, f"{len(reruns)} reruns were compared again")


def verify_partitions(history: History, verdict: Verdict, options: Mapping[str, Any]) -> Certified:
    """Each rerun against the first of its job, if that was in another number of partitions.

    Raises:
        CertificateError: a finding is not there, or one is there that the verdict doesn't have.
    """
    reruns = [call for call in history.calls() if (call.f, call.outcome) == ("rerun", OK)]
    found: dict[int, set[str]] = {}
    for call in reruns:
        one = next(other for other in reruns if other.argument[0] == call.argument[0])
        if one.argument[1] != call.argument[1] and _rows(one) != _rows(call):
            found[call.complete_index or 0] = {"partition-dependent"}
    return compare(verdict, found, f"{len(reruns)} reruns were compared again")


def verify_tasks(history: History, verdict: Verdict, options: Mapping[str, Any]) -> Certified:
    """The digests that servers announced of tasks that were done again.

    Raises:
        CertificateError: a finding is not there, or one is there that the verdict doesn't have.
    """
    told = [event for event in history.events() if event.f == "made-again"]
    found = {
        event.index: {"task-differs"} for event in told if len(set(event.value["digests"])) > 1
    }
    return compare(verdict, found, f"{len(told)} announcements were read again")


def _rows(call: Call) -> Any:
    return call.result["rows"] if isinstance(call.result, dict) else call.result
