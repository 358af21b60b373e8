"""Partitioned logs: examples of each anomaly."""

from __future__ import annotations

import pytest
from log_histories import assign, circle, did, drain, history, poll, send, subscribe, txn, whole

from splitbrain.checkers import INVALID, UNKNOWN, VALID
from splitbrain.checkers.certificate import CertificateError
from splitbrain.checkers.models import ModelError
from splitbrain.checkers.streams import kafka
from splitbrain.checkers.streams.partitioned_logs import ENTRY


def polled_in_txn(process, offset, kind="ok"):
    records = {"x": [[offset, offset + 1]]}
    return did(process, "txn", [["poll"]], [["poll", records]], kind)


ABC = [*send(1, 0), *send(2, 1), *send(3, 2)]


@pytest.mark.parametrize(
    ("parts", "validity", "kinds"),
    [
        ([ABC, assign(), poll((0, 1), (1, 2)), poll((2, 3))], VALID, []),
        ([ABC, poll((2, 3)), poll((0, 1))], VALID, []),  # reads nothing in particular
        ([ABC, subscribe(), poll((0, 1), (1, 2)), poll((2, 3)), poll((1, 2))], VALID, []),
        ([ABC, subscribe(), poll((0, 1)), poll((2, 3)), poll((1, 2))], INVALID, ["group-skip"]),
        ([ABC, subscribe(), subscribe(2), poll((0, 1), (1, 2)), poll((2, 3), process=2)],
         VALID, []),
        ([ABC, subscribe(), polled_in_txn(1, 0), polled_in_txn(1, 1), poll((2, 3))], VALID, []),
        ([ABC, subscribe(), polled_in_txn(1, 0), poll((0, 1))], VALID, []),
        ([ABC, subscribe(), subscribe(2), polled_in_txn(1, 0), polled_in_txn(2, 0)], INVALID,
         ["group-repeat"]),
        ([ABC, subscribe(), polled_in_txn(1, 0, "info"), subscribe(2), poll((2, 3), process=2)],
         VALID, []),
        ([ABC, assign(), poll((0, 1)), assign(), poll((0, 1))], VALID, []),
        ([ABC, drain((0, 1), (1, 2), (2, 3))], VALID, []),
        ([send(1, 5), send(2, 9), drain((5, 1), (9, 2))], VALID, []),  # markers stand between
        ([send(1, None), drain((0, 1))], VALID, []),
        ([send(1, 0), send(2, 0, 7, "info"), drain((0, 1))], VALID, []),
        ([send(1, 0), send(2, 0, 7, "info"), drain((0, 1), (1, 2))], VALID, []),
        ([ABC, drain((0, 1), (2, 3))], INVALID, ["lost-write", "int-poll-skip"]),
        ([ABC, drain((0, 1), (1, 2))], INVALID, ["lost-write"]),
        ([ABC, assign(), poll((0, 1)), poll((2, 3))], INVALID, ["lost-write", "poll-skip"]),
        ([ABC, assign(), poll((1, 2)), assign(2), poll((2, 3), process=2)], INVALID,
         ["lost-write", "poll-skip", "poll-skip"]),
        ([ABC, assign(), poll((1, 2), (2, 3)), assign(2), poll((0, 1), process=2)], INVALID,
         ["poll-skip"]),
        ([send(1, 5), assign(), poll((5, 1))], VALID, []),  # what stands before is of no key
        ([ABC, send(4, 0, key="y"), assign(), poll((0, 4), key="y")], VALID, []),
        ([ABC, subscribe(), poll((0, 1), (2, 3))], INVALID, ["group-skip", "int-poll-skip"]),
        ([ABC, assign(), poll((0, 1)), poll((0, 1))], INVALID, ["nonmonotonic-poll"]),
        ([ABC, poll((1, 2), (0, 1))], INVALID, ["int-nonmonotonic-poll"]),
        ([send(1, 0), poll((0, 2)), send(2, 1)], INVALID,
         ["inconsistent-offsets", "duplicate", "unsent"]),
        ([send(1, 0), send(2, 0), drain((0, 1))], INVALID, None),
        ([send(1, 0), poll((0, 1), (1, 1))], INVALID, ["duplicate"]),
        ([send(1, 0, kind="fail"), poll((0, 1))], INVALID, ["aborted-read"]),
        ([send(1, 4), send(2, 3), drain((3, 2), (4, 1))], INVALID, ["nonmonotonic-send"]),
        ([send(1, 4), send(2, 3, process=5), drain((3, 2), (4, 1))], VALID, []),
        ([txn(0, ["send", "x", [1, 1]], ["send", "x", [0, 2]]), poll((0, 2))], INVALID,
         ["int-nonmonotonic-send"]),
        ([ABC], UNKNOWN, []),
        ([poll()], UNKNOWN, []),
        ([], UNKNOWN, []),
    ],
)  # fmt: skip
def test_each_anomaly_by_its_name(parts, validity, kinds):
    verdict = kafka().check(whole(*parts))

    assert verdict.validity == validity, verdict
    if kinds is not None:
        assert [anomaly.kind for anomaly in verdict.anomalies] == kinds


def test_two_that_polled_each_other_s_records_are_g1c():
    events = circle(
        (["send", "x", [0, 1]], ["poll", {"y": [[0, 2]]}]),
        (["send", "y", [0, 2]], ["poll", {"x": [[0, 1]]}]),
    )
    assert [a.kind for a in kafka().check(history(*events)).anomalies] == ["G1c"]


def test_two_orders_of_the_same_transactions_are_g0_if_orders_count():
    events = circle(
        (["send", "x", [0, 1]], ["send", "y", [1, 1]]),
        (["send", "x", [1, 2]], ["send", "y", [0, 2]]),
    )
    told = history(*events, *poll((0, 1)))

    assert kafka().check(told).validity is VALID
    assert [a.kind for a in kafka(write_order=True).check(told).anomalies] == ["G0"]


@pytest.mark.parametrize(
    "event",
    [
        (0, "send", None, None),
        (0, "send", [["push", "x", 1]], None),
        (0, "send", [["send", "x"]], None),
        (0, "send", [["send", [1], 1]], None),
        (0, "poll", [["poll"]], [["poll", [1]]]),
        (0, "poll", [["poll"]], [["poll", {"x": [[1]]}]]),
        (0, "poll", [["poll"]], [["poll", {"x": [["a", 1]]}]]),
        (0, "drain", None, [1]),
    ],
)
def test_what_is_no_operation_of_a_log_is_named(event):
    with pytest.raises(ModelError):
        kafka().check(history(*did(*event)))


def test_a_value_is_sent_once():
    with pytest.raises(ModelError, match='is sent to "x" twice, before at operation 0'):
        kafka().check(whole(send(1, 0), send(1, 1)))


def test_the_order_of_writes_is_asked_for_by_true_or_false():
    with pytest.raises(ValueError, match="give true or false"):
        kafka(write_order="no")


def test_a_forged_verdict_is_refuted():
    good, bad = whole(ABC, drain((0, 1), (1, 2), (2, 3))), whole(ABC, drain((0, 1), (1, 2)))
    valid, invalid = (kafka().check(each) for each in (good, bad))

    with pytest.raises(CertificateError, match="the history shows lost-write"):
        ENTRY.verified(bad, valid)
    with pytest.raises(CertificateError, match="doesn't show it"):
        ENTRY.verified(good, invalid)
