"""Echoes come back as they were sent."""

from dataclasses import replace
from random import Random

import pytest

from splitbrain.checkers import INVALID, UNKNOWN, VALID, Anomaly
from splitbrain.checkers.calls import echoed
from splitbrain.checkers.calls.echoes import ENTRY
from splitbrain.checkers.certificate import CertificateError
from splitbrain.checkers.history import History, Operation


def echoes(*ends):
    """A history: each end is what was sent, a kind and what came back."""
    events = []
    for process, (sent, kind, back) in enumerate(ends):
        events += [(process, "invoke", "echo", sent), (process, kind, "echo", back)]
    return History.from_operations(Operation(i, i, *event) for i, event in enumerate(events))


@pytest.mark.parametrize(
    ("ends", "validity", "altered"),
    [
        ([("a", "ok", "a"), ("b", "ok", "b")], VALID, []),
        ([("a", "ok", "b"), ("b", "ok", "b")], INVALID, [(0, 1)]),
        ([(1, "ok", 1.0)], INVALID, [(0, 1)]),
        ([({"x": [1]}, "ok", {"x": [1]})], VALID, []),
        ([("a", "ok", None)], INVALID, [(0, 1)]),
        ([("a", "info", "a"), ("b", "fail", "b")], UNKNOWN, []),
        ([], UNKNOWN, []),
    ],
)
def test_examples(ends, validity, altered):
    verdict = echoed().check(echoes(*ends))

    assert (verdict.validity, [a.operations for a in verdict.anomalies]) == (validity, altered)


def test_the_recheck_confirms_each_verdict_and_refuses_its_opposite():
    random, counts = Random(2), {VALID: 0, INVALID: 0, UNKNOWN: 0}
    for _ in range(500):
        ends = []
        for _ in range(random.randrange(5)):
            sent = random.randrange(3)
            back = sent if random.random() < 0.8 else random.randrange(3)
            ends.append((sent, random.choice(["ok", "ok", "info"]), back))
        history = echoes(*ends)
        verdict = echoed().check(history)
        right = [sent == back for sent, kind, back in ends if kind == "ok"]
        expected = UNKNOWN if not right else VALID if all(right) else INVALID
        assert verdict.validity is expected
        counts[expected] += 1
        if expected is not UNKNOWN:
            assert ENTRY.verified(history, verdict).complete
            opposite = VALID if expected is INVALID else INVALID
            shown = verdict.anomalies or (Anomaly("altered", "it is wrong", (0, 1)),)
            with pytest.raises(CertificateError):
                ENTRY.verified(history, replace(verdict, validity=opposite, anomalies=shown))
    assert min(counts.values()) > 50, counts
