"""Whether a run exercised anything."""

import pytest

from splitbrain.checkers import UNKNOWN, VALID, exercised
from splitbrain.checkers.history import History, drawn


@pytest.mark.parametrize(
    ("text", "at_least", "validity", "reason"),
    [
        ("a: [w1] [r1]", 1, VALID, "2 of 2 operations succeeded, some of every kind"),
        ("a: [w1] [w2!] [r1]", 2, VALID, "2 of 3 operations succeeded, some of every kind"),
        ("a: [w1] [r1]", 3, UNKNOWN, "2 operations succeeded, and 3 were wanted"),
        ("a: [w1] [c12!]", 1, UNKNOWN, "no cas ever succeeded"),
        ("a: [w1?] [r1!]", 1, UNKNOWN, "no read and no write ever succeeded"),
    ],
)
def test_exercised(text, at_least, validity, reason):
    verdict = exercised(at_least=at_least).check(drawn(text))
    assert (verdict.validity, verdict.reason) == (validity, reason)


def test_an_empty_history_exercises_nothing():
    assert exercised().check(History.from_operations([])).validity is UNKNOWN


def test_operations_are_counted_by_kind_and_outcome():
    verdict = exercised().check(drawn("a: [w1] [w2!] [r1] [w3?]"))
    assert verdict.coverage == {
        "operations": 4,
        "ok": 2,
        "fail write": 1,
        "info write": 1,
        "ok read": 1,
        "ok write": 1,
    }


def test_nothing_is_not_enough():
    with pytest.raises(ValueError, match="give at least 1"):
        exercised(at_least=0)
