"""What a system's own probe saw makes a run invalid, or unknown if the probe failed."""

from __future__ import annotations

from splitbrain.checkers.history import History, Operation
from splitbrain.checkers.invariants.declared import declared_invariants


def judged(*values):
    events = [Operation(i, 2 * 10**9, "n2", "info", "invariant", v) for i, v in enumerate(values)]
    return declared_invariants().check(History.from_operations(events, source="test"))


def test_a_run_without_a_breach_is_valid():
    assert judged().validity == "valid"


def test_a_breach_is_told_with_its_server_and_time():
    verdict = judged({"invariant": "one-leader", "said": "n1 and n2 lead"})

    assert verdict.signature == "invariants/one-leader"
    assert verdict.reason == "n1 and n2 lead (n2 at 2.000 s)"
    assert verdict.anomalies[0].operations == (0,)


def test_of_a_probe_that_failed_nothing_is_said():
    verdict = judged({"failed": "KeyError: 1", "traceback": ["probe.py:3 in look"]})

    assert (verdict.validity, verdict.anomalies) == ("unknown", ())
    assert "KeyError: 1" in verdict.reason
    assert verdict.cost == {"traceback": ["probe.py:3 in look"]}
