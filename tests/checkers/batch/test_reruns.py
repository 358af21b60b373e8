"""Reruns give the same: examples, and mutants of right histories against a twin."""

from __future__ import annotations

from itertools import combinations
from random import Random

import pytest

from splitbrain.checkers import INVALID, UNKNOWN, VALID
from splitbrain.checkers.batch import batch_deterministic, partition_invariant, rerun_equal
from splitbrain.checkers.batch.reruns import DETERMINISTIC_ENTRY, ENTRY, PARTITIONS_ENTRY
from splitbrain.checkers.certificate import CertificateError
from splitbrain.checkers.history import History
from splitbrain.checkers.history.operation import Operation
from splitbrain.checkers.models import ModelError


def history(*calls):
    """Calls ``(f, value, result)``, one after the other."""
    events = []
    for f, value, result in calls:
        kind = "fail" if result is None else "ok"
        for type_, told in (("invoke", value), (kind, value if result is None else result)):
            events.append(Operation(len(events), len(events), 0, type_, f, told))
    return History.from_operations(events)


def judged(checker, entry, made):
    """What a checker says, which other code confirms if it says anything."""
    verdict = checker.check(made)
    assert verdict.validity is UNKNOWN or entry.verified(made, verdict, {}).complete
    return verdict.validity


ONE, OTHER = [["a", 1]], [["a", 2]]


@pytest.mark.parametrize(
    ("calls", "equal", "invariant"),
    [
        ([("run", [1, "words", ""], ONE), ("rerun", [1, 2], ONE)], VALID, UNKNOWN),
        ([("run", [1, "words", ""], ONE), ("rerun", [1, 2], OTHER)], INVALID, UNKNOWN),
        ([("run", [1, "words", ""], ONE), ("rerun", [2, 2], OTHER)], UNKNOWN, UNKNOWN),
        ([("rerun", [1, 2], ONE), ("rerun", [1, 3], OTHER)], INVALID, INVALID),
        ([("rerun", [1, 2], ONE), ("rerun", [1, 3], ONE)], VALID, VALID),
        ([("rerun", [1, 2], ONE), ("rerun", [1, 2], OTHER)], INVALID, UNKNOWN),
        ([("rerun", [1, 2], ONE), ("rerun", [1, 3], None)], UNKNOWN, UNKNOWN),
        (
            [("run", [1, "x", ""], {"version": 1, "rows": ONE}), ("rerun", [1, 1], ONE)],
            VALID,
            UNKNOWN,
        ),
        ([], UNKNOWN, UNKNOWN),
    ],
)
def test_reruns(calls, equal, invariant):
    made = history(*calls)

    assert judged(rerun_equal(), ENTRY, made) is equal
    assert judged(partition_invariant(), PARTITIONS_ENTRY, made) is invariant


@pytest.mark.parametrize("value", [None, [], [1], [1, "two"], [1, 2, 3]])
def test_what_is_no_rerun_is_named(value):
    with pytest.raises(ModelError, match="is no rerun"):
        rerun_equal().check(history(("rerun", value, ONE)))


def announced(*digests):
    value = {"job": 1, "run": 0, "task": "0.0 of 2"}
    events = [
        Operation(at, at, "n1", "info", "made-again", {**value, "digests": each})
        for at, each in enumerate(digests)
    ]
    return History.from_operations(events)


def test_tasks_that_are_done_again_make_the_same():
    assert batch_deterministic().check(announced()).validity is UNKNOWN
    for right in (announced([1, 1], [2, 2]), announced([1, 1])):
        assert judged(batch_deterministic(), DETERMINISTIC_ENTRY, right) is VALID
    assert judged(batch_deterministic(), DETERMINISTIC_ENTRY, announced([2, 3])) is INVALID
    found = batch_deterministic().check(announced([1, 1], [2, 3]))
    assert [(a.kind, a.operations) for a in found.anomalies] == [("task-differs", (1,))]
    with pytest.raises(ModelError, match="two digests"):
        batch_deterministic().check(announced([1]))


def differing(calls, pairs_of):
    """Whether any two outputs of a job differ, of pairs that are to be compared."""
    outputs = [(value[0], value[1], f, result) for f, value, result in calls if result is not None]
    return any(
        one[0] == other[0] and one[3] != other[3]
        for one, other in combinations(outputs, 2)
        if pairs_of(one, other)
    )


@pytest.mark.parametrize("seed", range(5))
def test_the_checkers_agree_with_a_comparison_of_all_pairs(seed):
    random = Random(seed)
    invalid = 0
    for _ in range(200):
        calls = [("run", [job, "words", ""], [["a", job]]) for job in range(3)]
        for _ in range(random.randrange(8)):
            job = random.randrange(3)
            wrong = random.random() < 0.1
            calls.append(("rerun", [job, random.randint(1, 3)], [["a", 9 if wrong else job]]))
        made = history(*calls)
        reruns = [call for call in calls if call[0] == "rerun"]

        equal = judged(rerun_equal(), ENTRY, made) is not INVALID
        assert equal == (not differing(calls, lambda one, other: True))
        found = judged(partition_invariant(), PARTITIONS_ENTRY, made) is INVALID
        invalid += found
        if found:
            assert differing(reruns, lambda one, other: one[1] != other[1])
        first = {}
        kept = [c for c in reruns if first.setdefault(c[1][0], c[1][1]) == c[1][1] or c]
        assert found == any(
            one[1][0] == other[1][0] and one[1][1] != other[1][1] and one[2] != other[2]
            for one in [next(c for c in kept if c[1][0] == job) for job in {c[1][0] for c in kept}]
            for other in kept
        )
    assert invalid > 3


@pytest.mark.parametrize(
    ("checker", "entry", "good", "bad"),
    [
        (rerun_equal(), ENTRY, *(history(("rerun", [1, 2], ONE), ("rerun", [1, 3], each))
                                 for each in (ONE, OTHER))),
        (partition_invariant(), PARTITIONS_ENTRY,
         *(history(("rerun", [1, 2], ONE), ("rerun", [1, 3], each)) for each in (ONE, OTHER))),
        (batch_deterministic(), DETERMINISTIC_ENTRY, announced([1, 1]), announced([1, 2])),
    ],
    ids=["rerun-equal", "partition-invariant", "batch-deterministic"],
)  # fmt: skip
def test_a_forged_verdict_is_refuted(checker, entry, good, bad):
    with pytest.raises(CertificateError, match="the verdict doesn't tell"):
        entry.verified(bad, checker.check(good), {})
    with pytest.raises(CertificateError, match="doesn't show it"):
        entry.verified(good, checker.check(bad), {})
