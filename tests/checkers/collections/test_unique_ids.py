"""No id twice: examples, a twin that compares all pairs, re-checks."""

from dataclasses import replace
from itertools import combinations
from random import Random

import pytest

from splitbrain.checkers import INVALID, UNKNOWN, VALID, Anomaly
from splitbrain.checkers.certificate import CertificateError
from splitbrain.checkers.collections import unique_ids
from splitbrain.checkers.collections.identifiers import ENTRY
from splitbrain.checkers.history import History, Operation


def generated(*ends):
    """A history: each end is a kind and what came of it."""
    events = []
    for process, (kind, value) in enumerate(ends):
        events += [(process, "invoke", "generate", None), (process, kind, "generate", value)]
    return History.from_operations(Operation(i, i, *event) for i, event in enumerate(events))


@pytest.mark.parametrize(
    ("ends", "validity", "pairs"),
    [
        ([("ok", 1), ("ok", 2)], VALID, []),
        ([("ok", "a"), ("ok", "b"), ("ok", "a")], INVALID, [(1, 5)]),
        ([("ok", 1), ("ok", 1), ("ok", 1)], INVALID, [(1, 3), (1, 5)]),
        ([("ok", 1), ("ok", 1.0), ("ok", "1"), ("ok", True), ("ok", [1])], VALID, []),
        ([("ok", {"node": 1, "n": 2}), ("ok", {"n": 2, "node": 1})], INVALID, [(1, 3)]),
        ([("ok", None), ("ok", None)], INVALID, [(1, 3)]),
        ([("ok", 1), ("info", None), ("fail", None), ("ok", 2)], VALID, []),
        ([("ok", 1), ("info", None)], UNKNOWN, []),
        ([], UNKNOWN, []),
    ],
)
def test_examples(ends, validity, pairs):
    verdict = unique_ids().check(generated(*ends))

    assert (verdict.validity, [a.operations for a in verdict.anomalies]) == (validity, pairs)


def test_the_checker_agrees_with_its_twin_and_the_recheck_with_both():
    random, counts = Random(1), {VALID: 0, INVALID: 0, UNKNOWN: 0}
    for _ in range(1_000):
        count = random.randrange(8)
        ends = [(random.choice(["ok", "ok", "info"]), random.randrange(12)) for _ in range(count)]
        history = generated(*ends)
        verdict = unique_ids().check(history)
        given = [value for kind, value in ends if kind == "ok"]
        assert bool(verdict.anomalies) == any(a == b for a, b in combinations(given, 2))
        counts[verdict.validity] += 1
        if verdict.validity is not UNKNOWN:
            assert ENTRY.verified(history, verdict).complete
            opposite = VALID if verdict.validity is INVALID else INVALID
            shown = verdict.anomalies or (Anomaly("repeated", "it is wrong", (0, 1)),)
            with pytest.raises(CertificateError):
                ENTRY.verified(history, replace(verdict, validity=opposite, anomalies=shown))
    assert min(counts.values()) > 100, counts


def test_a_forged_pair_is_refuted():
    history = generated(("ok", 1), ("ok", 1), ("ok", 2))
    verdict = unique_ids().check(history)
    forged = replace(verdict.anomalies[0], operations=(1, 5))
    with pytest.raises(CertificateError, match="were not given the same id"):
        ENTRY.verified(history, replace(verdict, anomalies=(forged,)))


def test_ids_of_which_one_is_changed_to_another_are_refuted():
    random = Random(2)
    for _ in range(200):
        ends = [("ok", number) for number in random.sample(range(100), 6)]
        assert unique_ids().check(generated(*ends)).validity is VALID
        one, other = random.sample(range(6), 2)
        ends[one] = ends[other]
        assert unique_ids().check(generated(*ends)).validity is INVALID
