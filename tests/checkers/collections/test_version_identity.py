"""One version, one content: examples, a twin that compares all pairs, mutants, re-checks."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from random import Random

import pytest

from splitbrain.checkers import INVALID, UNKNOWN, VALID, Anomaly
from splitbrain.checkers.certificate import CertificateError
from splitbrain.checkers.collections import version_identity
from splitbrain.checkers.collections.row_versions import ENTRY
from splitbrain.checkers.history import History, Operation
from splitbrain.checkers.models import ModelError


def told(*ends):
    """A history: each end is an operation, how it ended, and what it told."""
    events = []
    for process, (f, kind, value) in enumerate(ends):
        asked = value[0] if isinstance(value, list) else None
        events += [(process, "invoke", f, asked), (process, kind, f, value)]
    return History.from_operations(Operation(i, i, *event) for i, event in enumerate(events))


def ok(f, key, version, value):
    return f, "ok", [key, version, value]


@pytest.mark.parametrize(
    ("ends", "validity", "pairs"),
    [
        ([ok("write", "x", 1, 7), ok("read", "x", 1, 7)], VALID, []),
        ([ok("write", "x", 1, 7), ok("read", "x", 1, 8)], INVALID, [(1, 3)]),
        ([ok("write", "x", 1, 7), ok("write", "x", 1, 8)], INVALID, [(1, 3)]),
        ([ok("write", "x", 1, 7), ok("read", "y", 1, 8), ok("read", "x", 1, 7)], VALID, []),
        ([ok("read", "x", 0, None), ok("read", "x", 0, 3)], INVALID, [(1, 3)]),
        ([ok("write", "x", 1, 7), ok("write", "x", 2, 8)], UNKNOWN, []),
        ([("write", "info", None), ok("read", "x", 1, 8)], UNKNOWN, []),
        ([], UNKNOWN, []),
    ],
)
def test_examples(ends, validity, pairs):
    verdict = version_identity().check(told(*ends))

    assert (verdict.validity, [a.operations for a in verdict.anomalies]) == (validity, pairs)


def test_the_checker_agrees_with_its_twin_and_the_recheck_with_both():
    random, counts = Random(1), {VALID: 0, INVALID: 0}
    for _ in range(2_000):
        ends = [
            ok(random.choice(("read", "write")), random.choice("xy"), version, value)
            for version, value in [divmod(random.randrange(12), 2) for _ in range(6)]
        ]
        history = told(*ends)
        verdict = version_identity().check(history)
        seen = [tuple(value) for _, _, value in ends]
        twin = any(a[:2] == b[:2] and a[2] != b[2] for a, b in combinations(seen, 2))
        assert bool(verdict.anomalies) == twin
        if verdict.validity is not UNKNOWN:
            counts[verdict.validity] += 1
            assert ENTRY.verified(history, verdict).complete
            opposite = VALID if verdict.validity is INVALID else INVALID
            shown = verdict.anomalies or (Anomaly("repeated", "it is wrong", (0, 1)),)
            with pytest.raises(CertificateError):
                ENTRY.verified(history, replace(verdict, validity=opposite, anomalies=shown))
    assert min(counts.values()) > 100, counts


def test_a_valid_history_of_which_one_content_is_changed_is_refuted():
    random = Random(2)
    for _ in range(200):
        ends = [ok("read", "x", version, 10 * version) for version in (1, 2, 3) for _ in range(2)]
        random.shuffle(ends)
        assert version_identity().check(told(*ends)).validity is VALID
        f, kind, (key, version, value) = ends[(at := random.randrange(6))]
        ends[at] = (f, kind, [key, version, value + 1])
        assert version_identity().check(told(*ends)).validity is INVALID


def test_a_forged_pair_is_refuted_and_what_is_no_answer_refused():
    history = told(ok("read", "x", 1, 7), ok("read", "x", 1, 8), ok("read", "x", 2, 9))
    verdict = version_identity().check(history)
    forged = replace(verdict.anomalies[0], operations=(1, 5))
    with pytest.raises(CertificateError, match="show no version's two contents"):
        ENTRY.verified(history, replace(verdict, anomalies=(forged,)))
    with pytest.raises(ModelError, match="key, version, value"):
        version_identity().check(told(("read", "ok", 7)))
