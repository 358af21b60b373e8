"""What each anomaly of list-append histories looks like, and what it rules out."""

from dataclasses import replace

import pytest

from splitbrain.checkers.history import History
from splitbrain.checkers.isolation import CONSISTENCY_MODELS, CertificateError, verify
from splitbrain.checkers.isolation.consistency import implied
from splitbrain.checkers.isolation.lists.checker import list_append
from splitbrain.checkers.isolation.notation import transactions
from splitbrain.checkers.verdict import INVALID, UNKNOWN, VALID, Verdict


def kinds(text, consistency=None):
    return set(list_append(consistency).check(transactions(text)).certificate["anomalies"])


VALID_HISTORIES = [
    "T1: ax1 | T2: rx1 | T3: rx",
    "T1: ax1 rx1 ax2 rx12 | T2: rx",
    "T1: rx ax1 | T2: rx1 ax2 | T3: rx12",
    "T1!: ax1 | T2: rx",
    "T1?: ax1 | T2: rx1",
    "T1?: ax1 | T2: rx || T3: rx || T4: rx1",
    "T1: ax1 ay1 | T2: rx1 ry1 | T3: rx ry",
    "T3@b: rx | T1@a: ax1 | T2@a: rx1",
]

ANOMALIES = [
    # What one transaction must see of itself.
    ("internal", "T1: ax1 rx"),
    ("internal", "T1: rx1 rx | T2: ax1"),
    ("internal", "T1: rx1 ax2 rx2 | T3: ax1"),
    ("future-read", "T1: rx1 ax1"),
    # Reads of what never was, or was taken back.
    ("garbage", "T1: ax1 | T2: rx7"),
    ("G1a", "T1!: ax1 | T2: rx1"),
    ("G1b", "T1: ax1 ax2 | T2: rx1"),
    ("dirty-update", "T1!: ax1 | T2: ax2 | T3: rx12"),
    ("dirty-update", "T1!: ax1 | T2?: ax2 | T3: ax3 | T4: rx123"),
    ("duplicate-elements", "T1: ax1 | T2: rx11"),
    ("incompatible-order", "T1: ax1 | T2: ax2 | T3: rx12 | T4: rx21"),
    ("lost-update", "T1: rx ax1 | T2: rx ax2 | T3: rx"),
    # Parts of what one transaction appended: in its order, and all or none.
    ("append-order", "T1: ax2 ax3 | T2: ax1 | T3: rx321"),
    ("append-order", "T1: ax2 ax3 | T2: rx32"),
    ("append-order", "T1: ax1 ax2 | T2: rx2"),
    ("append-order", "T1: ax1 ax2 ax3 | T2: ax4 | T3: rx134"),
    ("append-order", "T1?: ax1 ax2 | T2: ax3 | T3: rx213"),
    ("append-order", "T1!: ax1 ax2 | T2: rx21"),
    ("append-order", "T1: ax1 ax2 rx21"),
    ("append-order", "T1: ax1 ax2 | T2: rx12 | T3: rx21"),
    ("G1b", "T1?: ax1 ax2 ax3 | T2: rx12"),
    ("G0", "T1: ax1 ax2 | T2: ax3 | T3: rx13"),
    ("G0", "T1?: ax1 ax2 | T2?: ax3 | T3: rx132"),
    ("dirty-update", "T1: ax1 ax2 | T2!: ax3 | T3: rx132"),
    # Cycles.
    ("G0", "T1: ax1 ay1 | T2: ax2 ay2 | T3: rx12 ry21"),
    ("G0", "T1: ax1 ax3 | T2: ax2 | T3: rx123"),
    ("G1c", "T1: ax1 ry1 | T2: ay1 rx1"),
    ("G1c", "T1: ax1 ry1 | T2: ax2 ay1 | T3: rx12"),
    ("G-single", "T1: rx ry1 | T2: ax1 ay1"),
    ("G-single", "T1: rx ax1 | T2: rx ax2 | T3: rx12"),
    ("G-nonadjacent", "T1: ax1 | T2: ay1 | T3: rx1 ry | T4: rx ry1"),
    ("G2-item", "T1: rx ay1 | T2: ry ax1"),
    ("G2-item", "T1: rx ay1 | T2: ry ax1 | T3: rx1 ry1"),
    ("G0-process", "T1@a: ax1 | T2@a: ax2 | T3: rx21"),
    ("G1c-process", "T1@a: rx1 | T2@a: ax1"),
    ("G-single-process", "T1@a: ax1 | T2@a: rx | T3: rx1"),
    ("G-nonadjacent-process", "T1@a: ax1 | T2@a: ry | T3@b: ay1 | T4@b: rx"),
    ("G2-item-process", "T1: rx ay1 | T2@a: ax1 | T3@a: ry | T4: rx1 ry1"),
    ("G0-realtime", "T1: ax1 || T2: ax2 || T3: rx21"),
    ("G1c-realtime", "T1: rx1 || T2: ax1"),
    ("G-single-realtime", "T1: ax1 || T2: rx || T3: rx1"),
    ("G-nonadjacent-realtime", "T1?: ax1 | T2: rx1 ry | T3@c: ay1 | T4@c: rz | T5: rx"),
    ("G2-item-realtime", "T1: rx ay1 | T2@a: ax1 | T3@a: rz | T4: ry | T5: rx1 ry1"),
]


@pytest.mark.parametrize("text", VALID_HISTORIES)
def test_histories_without_anomalies_are_valid_and_their_order_is_given(text):
    verdict = list_append().check(transactions(text))
    assert verdict.validity is VALID, verdict.reason
    assert verdict.certificate["order"]


@pytest.mark.parametrize(("kind", "text"), ANOMALIES)
def test_anomalies_have_their_names(kind, text):
    verdict = list_append().check(transactions(text))
    assert verdict.validity is INVALID
    assert kind in verdict.certificate["anomalies"], verdict.certificate["anomalies"]


def test_a_cycle_quotes_the_evidence_for_each_of_its_edges():
    verdict = list_append().check(transactions("T1: ax1 ay1 | T2: ax2 ay2 | T3: rx12 ry21"))
    anomaly = verdict.anomalies[0]
    assert anomaly.message == (
        "T1 < T2 < T1: T2 appended 2 to x just after T1's 1, because T3 read [1 2]; "
        "T1 appended 1 to y just after T2's 2, because T3 read [2 1]"
    )
    assert [step["type"] for step in anomaly.details["cycle"]] == ["ww", "ww"]
    assert anomaly.operations == (3, 4)


@pytest.mark.parametrize(
    ("text", "kind", "named"),
    [
        ("T1: ax1 | T2: ax2 | T3: rx12 | T4: rx21", "incompatible-order", {"T3", "T4"}),
        ("T1!: ax1 | T2: rx1", "G1a", {"T1", "T2"}),
        ("T1: ax1 ax2 | T2: rx1", "G1b", {"T1", "T2"}),
        ("T1: ax1 | T2: rx7", "garbage", {"T2"}),
    ],
)
def test_a_wrong_read_names_the_other_transaction_that_it_is_about(text, kind, named):
    anomaly = list_append().check(transactions(text)).anomalies[0]

    assert anomaly.kind == kind
    assert {entry["name"] for entry in anomaly.details["transactions"]} == named
    assert len(anomaly.operations) == len(named)


def test_an_aborted_write_is_told_before_the_orders_that_come_of_it():
    verdict = list_append().check(transactions("T1: ax1 | T2!: ax2 | T3: rx2 | T4: rx1"))

    assert [anomaly.kind for anomaly in verdict.anomalies[:2]] == ["G1a", "incompatible-order"]


def test_writes_that_nobody_read_come_after_all_that_were_read():
    text = "T1: rx1 ay1 | T2: ax1 | T3: ry ax2"
    verdict = list_append("serializable").check(transactions(text))
    assert verdict.anomalies[0].kind == "G2-item"
    assert "T1 read [1] of x before T3 appended 2, which no read saw" in verdict.reason


def test_an_indeterminate_transaction_counts_from_when_something_of_it_is_seen():
    assert kinds("T1?: ax1 ay1 | T2: rx1 | T3: ry") == set()
    assert kinds("T1?: ax1 ay1 || T2: rx1 || T3: ry") == {"G-single-realtime"}


def test_only_what_the_model_forbids_is_held_against_it():
    skew = transactions("T1: rx ay1 | T2: ry ax1")
    assert list_append("snapshot-isolation").check(skew).validity is VALID
    assert list_append("serializable").check(skew).validity is INVALID
    stale = transactions("T1: ax1 || T2: rx || T3: rx1")
    assert list_append("serializable").check(stale).validity is VALID
    assert list_append("strict-serializable").check(stale).validity is INVALID


def test_without_a_model_the_verdict_places_the_history_in_the_lattice():
    verdict = list_append().check(transactions("T1: rx ay1 | T2: ry ax1"))
    assert verdict.certificate["ruled out"] == ["repeatable-read"]
    assert "strong-snapshot-isolation" in verdict.certificate["strongest not refuted"]
    assert [up["witness"] for up in verdict.certificate["next up"]] == ["G2-item"]


def test_all_anomalies_are_counted_and_some_are_shown():
    pairs = [f"T{2 * i + 1}: r{k}1 | T{2 * i + 2}!: a{k}1" for i, k in enumerate("abcdefghij")]
    verdict = list_append(witnesses=3).check(transactions(" | ".join(pairs)))
    assert verdict.certificate["anomalies"] == {"G1a": 10}
    assert len(verdict.anomalies) == 3


def test_lists_that_only_end_alike_are_different_versions():
    text = "T1: ax1 | T2: ax2 | T3: rx12 ax3 | T4: rx2 ax4"
    assert "lost-update" not in kinds(text)


def test_an_element_appended_twice_makes_the_verdict_unknown():
    verdict = list_append().check(transactions("T1: ax1 | T2: ax1 | T3: rx1"))
    assert verdict.validity is UNKNOWN
    assert "T1 and T2 (operation 4) both append 1 to x" in verdict.reason


@pytest.mark.parametrize(
    ("history", "reason"),
    [
        (History.from_operations([]), "the history has no transactions"),
        (transactions("T1: ax1"), "no transaction that reads succeeded"),
        (transactions("T1!: rx | T2: ax1"), "no transaction that reads succeeded"),
    ],
)
def test_a_history_that_exercised_nothing_is_unknown(history, reason):
    verdict = list_append().check(history)
    assert verdict.validity is UNKNOWN
    assert reason in verdict.reason


def test_a_search_without_budget_is_unknown_and_says_so():
    history = transactions("T1: ax1 ay1 | T2: ax2 ay2 | T3: rx12 ry21")
    verdict = list_append(edges=0).check(history)
    assert verdict.validity is UNKNOWN
    assert "cycle-search-timeout" in verdict.reason


def test_verdicts_survive_json():
    verdict = list_append().check(transactions("T1: ax1 ry1 | T2: ay1 rx1"))
    assert Verdict.from_json(verdict.to_json()).to_json() == verdict.to_json()


def test_an_unknown_model_is_named_with_its_neighbors():
    with pytest.raises(ValueError, match="did you mean serializable"):
        list_append("serialisable")


REVERSED = [
    "T1: ax2 ax3 || T2: ax1 || T3: rx321",
    "T1: ax2 ax3 || T3: rx32",
    "T1: ax1 ax2 || T2: rx2",
]


@pytest.mark.parametrize("text", REVERSED)
def test_what_breaks_a_transactions_own_order_rules_out_all_from_read_committed_up(text):
    for name in CONSISTENCY_MODELS:
        verdict = list_append(name).check(transactions(text))
        expected = INVALID if "read-committed" in implied(name) else VALID
        assert verdict.validity is expected, (name, verdict.reason)
        verify(transactions(text), verdict)
    assert "with T1's" in list_append("read-committed").check(transactions(text)).reason


def test_a_read_that_others_extend_by_the_same_element_again_is_no_lost_update():
    text = "T1: ax1 | T2: rx1 ax2 | T3: rx11 ax3"
    assert kinds(text, "read-atomic") == {"duplicate-elements"}


@pytest.mark.parametrize("text", REVERSED)
def test_a_false_verdict_of_valid_on_them_is_refuted(text):
    verdict = list_append("read-uncommitted").check(transactions(text))
    forged = {**verdict.certificate, "consistency": "read-committed"}
    with pytest.raises(CertificateError, match=r"read (append-order|G1b) of"):
        verify(
            transactions(text),
            replace(verdict, checker="list-append(read-committed)", certificate=forged),
        )
