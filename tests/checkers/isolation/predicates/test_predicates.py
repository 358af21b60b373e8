"""Phantoms, and other anomalies of predicate reads."""

import pytest

from splitbrain.checkers.history import INFO, INVOKE, OK, History, Operation
from splitbrain.checkers.isolation import CertificateError, predicate_reads, verify
from splitbrain.checkers.isolation.predicates.history import matches
from splitbrain.checkers.models.model import ModelError
from splitbrain.checkers.verdict import INVALID, UNKNOWN, VALID


def history_of(*txns, end=OK):
    """Transactions that all run at once."""
    operations = [
        Operation(at, at, at, INVOKE, "txn", [[f, k, v if f == "w" else None] for f, k, v in txn])
        for at, txn in enumerate(txns)
    ]
    for process, txn in enumerate(txns):
        at = len(operations)
        operations.append(Operation(at, at, process, end, "txn", txn))
    return History.from_operations(operations)


def kinds(*txns, consistency=None):
    return set(predicate_reads(consistency).check(history_of(*txns)).certificate["anomalies"])


ODD = ["mod", 2, 1]


def test_a_phantom_is_a_g2_that_repeatable_read_allows():
    """Two who check that no odd item is there, and insert one each."""
    txns = [["rp", ODD, []], ["w", "x", 1]], [["rp", ODD, []], ["w", "y", 3]]
    history = history_of(*txns)
    verdict = predicate_reads().check(history)
    assert verdict.certificate["anomalies"] == {"G2": 1}
    assert verdict.certificate["ruled out"] == ["serializable"]
    assert 'T1 read all that match ["mod", 2, 1] before T2 wrote y' in verdict.reason
    assert predicate_reads("repeatable-read").check(history).validity is VALID
    assert predicate_reads("snapshot-isolation").check(history).validity is VALID
    assert predicate_reads("serializable").check(history).validity is INVALID


def test_a_read_that_sees_half_of_an_insertion_is_a_g_single():
    writes = [["w", "x", 1], ["w", "y", 3]]
    reads = [["r", "x", 1], ["rp", ["=", 3], []]]
    assert kinds(writes, reads) == {"G-single-predicate"}
    assert kinds(writes, reads, consistency="consistent-view") == {"G-single-predicate"}
    history = history_of(writes, reads)
    assert predicate_reads("repeatable-read").check(history).validity is VALID
    assert predicate_reads("snapshot-isolation").check(history).validity is INVALID


def test_items_keep_their_names():
    assert kinds([["w", "x", 1], ["w", "y", 1]], [["r", "x", 1], ["r", "y", None]]) == {"G-single"}
    skew = [["r", "x", None], ["w", "y", 1]], [["r", "y", None], ["w", "x", 1]]
    assert kinds(*skew) == {"G2-item"}


def test_deleting_what_a_predicate_saw_is_an_anti_dependency():
    insert = [["w", "x", 1], ["w", "y", 1]]
    one = [["rp", "all", [["x", 1], ["y", 1]]], ["w", "x", None]]
    other = [["rp", "all", [["x", 1], ["y", 1]]], ["w", "y", None]]
    assert kinds(insert, one, other) == {"G2"}


@pytest.mark.parametrize(
    "txns",
    [
        ([["rp", ODD, []], ["w", "x", 1]], [["rp", ODD, [["x", 1]]], ["w", "y", 3]]),
        ([["rp", ODD, []], ["w", "x", 2]], [["rp", ODD, []], ["w", "y", 4]]),
        ([["w", "x", 1]], [["rp", ODD, []]]),
    ],
)
def test_serializable_predicate_reads_are_valid(txns):
    assert predicate_reads().check(history_of(*txns)).validity is VALID


def test_what_a_predicate_cannot_have_seen():
    assert kinds([["rp", "all", [["x", 1]]]]) == {"garbage"}
    assert kinds([["w", "x", 2]], [["rp", ODD, [["x", 2]]]]) == {"garbage"}


@pytest.mark.parametrize(
    ("kind", "txn"),
    [
        ("internal", [["w", "x", 1], ["r", "x", None]]),
        ("internal", [["w", "x", 1], ["rp", ODD, []]]),
        ("internal", [["w", "x", 1], ["w", "x", None], ["rp", "all", [["x", 1]]]]),
        ("future-read", [["r", "x", 1], ["w", "x", 1]]),
        ("future-read", [["rp", ODD, [["x", 1]]], ["w", "x", 1]]),
    ],
)
def test_a_transaction_sees_its_own_writes_once_it_has_made_them(kind, txn):
    history = history_of(txn)
    verdict = predicate_reads().check(history)
    assert set(verdict.certificate["anomalies"]) == {kind}
    verify(history, verdict)
    elsewhere = history_of([["w", "y", 1]], [["rp", "all", [["y", 1]]]])
    with pytest.raises(CertificateError):
        verify(elsewhere, verdict)


def test_what_no_order_explains_is_not_valid_though_no_cycle_shows_it():
    """It sees the item, then not, then again: no dependency says when the second read was."""
    again = [["rp", "all", [["x", 1]]], ["r", "x", None], ["r", "x", 1]]
    verdict = predicate_reads("serializable").check(
        history_of([["w", "x", 1]], again, [["w", "x", None]])
    )
    assert verdict.validity is UNKNOWN
    assert "no order that explains every read was found" in verdict.reason


@pytest.mark.parametrize(
    ("predicate", "value", "expected"),
    [
        ("all", 5, True),
        (["=", 5], 5, True),
        (["<", 5], 5, False),
        ([">", 5], 6, True),
        (["mod", 3, 2], 5, True),
        (["mod", 3, 1], 5, False),
    ],
)
def test_predicates(predicate, value, expected):
    assert matches(predicate, value) == expected


@pytest.mark.parametrize(
    ("txn", "problem"),
    [
        ([["rp", ["~", 1], []]], "is no predicate"),
        ([["rp", "all", 3]], "a predicate read returned 3"),
        ([["append", "x", 1]], "is none of"),
        ([["r", "x", "a"]], "is no integer"),
        ([["w", "x", 1], ["w", "x", 2]], "written twice"),
    ],
)
def test_mistakes_are_named(txn, problem):
    with pytest.raises(ModelError, match=problem):
        predicate_reads().check(history_of(txn))


def test_without_successful_reads_it_is_unknown():
    history = history_of([["rp", "all", None]], end=INFO)
    assert predicate_reads().check(history).validity is UNKNOWN
