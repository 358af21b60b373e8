"""What the weak levels forbid."""

import pytest

from splitbrain.checkers.isolation import list_append, rw_register, verify
from splitbrain.checkers.isolation.notation import transactions
from splitbrain.checkers.verdict import INVALID, VALID

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


GUARANTEES = [
    ("read-your-writes", "T1@a: wx1 | T2@a: rx"),
    ("monotonic-reads", "T3@b: wx1 | T1@a: rx1 | T2@a: rx"),
    ("monotonic-writes", "T1@a: wx1 | T2@a: wy1 | T3: ry1 rx"),
    ("writes-follow-reads", "T1: wx1 | T2: rx1 wy1 | T3: ry1 rx"),
]


@pytest.mark.parametrize(("guarantee", "text"), GUARANTEES)
@pytest.mark.parametrize("model", [name for name, _ in GUARANTEES])
def test_each_session_guarantee_is_broken_by_its_own_history(guarantee, text, model):
    history = transactions(text, registers=True)
    verdict = rw_register(model, initial=True).check(history)
    assert (verdict.validity is INVALID) == (guarantee == model)
    if verdict.validity is INVALID:
        assert verdict.anomalies[0].kind == guarantee
        verify(history, verdict)


@pytest.mark.parametrize(("guarantee", "text"), GUARANTEES)
def test_causal_consistency_has_all_session_guarantees(guarantee, text):
    verdict = rw_register("causal", initial=True).check(transactions(text, registers=True))
    assert {"causality-violation", guarantee} <= set(verdict.certificate["anomalies"])


@pytest.mark.parametrize(("guarantee", "text"), GUARANTEES)
def test_lists_break_them_too(guarantee, text):
    lists = text.replace("wx", "ax").replace("wy", "ay")
    assert list_append(guarantee).check(transactions(lists)).validity is INVALID
