"""What the weak levels forbid."""

import pytest

from checkers.isolation import list_append, rw_register
from checkers.isolation.notation import transactions
from checkers.verdict import INVALID, VALID

FRACTURED = "T1: wx1 wy1 | T2: rx1 ry"
FRACTURED_BEFORE = "T1: wx1 wy1 | T2: ry rx1"
CAUSAL = "T1: wx1 | T2: rx1 wy1 | T3: ry1 rx"
SESSION = "T3@b: rx | T1@a: wx1 wy1 | T2@a: rx"
FORK = "T1: wx1 | T2: wy1 | T3: rx1 ry | T4: rx ry1"


@pytest.mark.parametrize(
    ("level", "text", "kind"),
    [
        ("monotonic-atomic-view", FRACTURED, "non-monotonic-reads"),
        ("read-atomic", FRACTURED, "fractured-read"),
        ("read-atomic", FRACTURED_BEFORE, "fractured-read"),
        ("causal", CAUSAL, "causality-violation"),
        ("causal", SESSION, "causality-violation"),
    ],
)
def test_what_is_refuted(level, text, kind):
    verdict = rw_register(level, initial=True).check(transactions(text, registers=True))
    assert verdict.validity is INVALID
    assert verdict.anomalies[-1].kind == kind


@pytest.mark.parametrize(
    ("level", "text"),
    [
        ("monotonic-atomic-view", FRACTURED_BEFORE),
        ("read-atomic", CAUSAL),
        ("read-atomic", SESSION),
        ("causal", FORK),
    ],
)
def test_what_is_allowed(level, text):
    verdict = rw_register(level, initial=True).check(transactions(text, registers=True))
    assert verdict.validity is VALID


def test_the_evidence_is_a_cycle_in_the_order_of_commits():
    verdict = rw_register("read-atomic", initial=True).check(
        transactions(FRACTURED, registers=True)
    )
    assert verdict.anomalies[0].message == (
        "the initial state < T1 < the initial state: the initial state comes first; T2 read y from "
        "the initial state although it saw T1, which wrote y too"
    )
    assert verdict.anomalies[0].operations == (2, 3)


def test_lists_show_fractured_reads_too():
    verdict = list_append().check(transactions("T1: ax1 ay1 | T2: rx1 ry"))
    assert "monotonic-atomic-view" in verdict.certificate["ruled out"]
    assert verdict.certificate["anomalies"] == {"G-single": 1}
    verdict = list_append("read-atomic").check(transactions("T1: ax1 ay1 | T2: rx1 ry"))
    assert set(verdict.certificate["anomalies"]) == {
        "fractured-read",
        "non-monotonic-reads",
        "G-single",
    }
