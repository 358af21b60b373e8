"""Whatever a checker does, the run stands: its verdict is unknown, and the others judge."""

from __future__ import annotations

import sys

import pytest

from splitbrain.checkers import INVALID, UNKNOWN, VALID, Verdict
from splitbrain.checkers.history import INVOKE, History, HistoryError, Operation, drawn
from splitbrain.checkers.vocabulary import LEADER, REPLICA_STATE
from splitbrain.harness.runs.judging import judge

HISTORY = drawn("a: [w1] [r1]")


class Judge:
    name = "judge"

    def __init__(self, check):
        self.check = check


def fine(history):
    return Verdict("fine", VALID, "as it should be")


def missing(history):
    return history["w1"]


def exiting(history):
    sys.exit("enough")


def verdicts(*checks):
    return {v.checker: v for v in judge(HISTORY, tuple(Judge(check) for check in checks))}


@pytest.mark.parametrize(
    ("check", "reason"),
    [
        (missing, "the checker failed: TypeError"),
        (exiting, "the checker failed: SystemExit: enough"),
        (lambda history: None, "the checker gave a NoneType, not a Verdict"),
        (lambda history: True, "the checker gave a bool, not a Verdict"),
    ],
    ids=["raises", "exits", "nothing", "a boolean"],
)
def test_a_checker_that_does_anything_else_than_judge_is_unknown(check, reason):
    found = verdicts(check, fine)

    assert found["judge"].validity is UNKNOWN
    assert found["judge"].reason.startswith(reason)
    assert found["fine"].validity is VALID


def test_its_traceback_is_kept_with_the_line():
    found = verdicts(missing)["judge"]

    assert any('missing: return history["w1"]' in line for line in found.cost["traceback"])


def test_a_history_that_it_refuses_is_told_in_its_words():
    def refusing(history):
        raise HistoryError("no such operation", index=0)

    assert "could not judge this history: " in verdicts(refusing)["judge"].reason


def test_ctrl_c_is_no_failure_of_a_checker():
    def interrupted(history):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        verdicts(interrupted)


def test_a_checker_without_a_name_goes_by_its_class():
    class Nameless:
        def check(self, history):
            raise ValueError("no")

    found = judge(HISTORY, (Nameless(),))
    assert "Nameless" in {verdict.checker for verdict in found}


def test_a_checker_that_needs_operations_is_asked_where_there_are_some():
    class OfReplicas(Judge):
        needs_operations = REPLICA_STATE

    asked = Operation(0, 0, 0, INVOKE, REPLICA_STATE, "n1")

    assert "fine" not in {v.checker for v in judge(HISTORY, (OfReplicas(fine),))}
    assert "fine" in {
        v.checker for v in judge(History.from_operations([asked]), (OfReplicas(fine),))
    }


def test_a_checker_that_needs_events_is_asked_where_there_are_some():
    class OfLeaders(Judge):
        needs_events = LEADER

    assert "fine" not in {v.checker for v in judge(HISTORY, (OfLeaders(fine),))}
    assert "fine" in verdicts(fine)


@pytest.mark.parametrize(
    ("validity", "coverage", "asked"),
    [
        (UNKNOWN, {"pairs": 0}, False),
        (UNKNOWN, {"pairs": 1}, True),
        (UNKNOWN, {}, True),
        (INVALID, {"pairs": 0}, True),
        (VALID, {"pairs": 0}, True),
    ],
)
def test_a_checker_that_found_nothing_of_what_it_is_about_is_no_part_of_the_verdict(
    validity, coverage, asked
):
    class OfPairs:
        name = "pairs"
        needs_coverage = "pairs"

        def check(self, history):
            return Verdict(self.name, validity, "so it is", coverage=coverage)

    assert ("pairs" in {v.checker for v in judge(HISTORY, (OfPairs(),))}) is asked
