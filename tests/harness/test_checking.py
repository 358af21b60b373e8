"""What `check` does beside judging: its own valid verdicts are checked again."""

from dataclasses import dataclass

import pytest

from splitbrain.checkers import INVALID, VALID, Anomaly, Verdict
from splitbrain.checkers.certificate import CertificateError, Certified, NoCertificate
from splitbrain.checkers.entry import CheckerEntry
from splitbrain.checkers.history import drawn
from splitbrain.harness import checking
from splitbrain.harness.checking import InternalError, SelfChecking

HISTORY = drawn("a: [w1] [r1]")


@dataclass
class Says:
    validity: object = VALID
    name: str = "says"

    def check(self, history):
        shown = (Anomaly("wrong", "so it says", (0,)),) if self.validity is INVALID else ()
        return Verdict(self.name, self.validity, "so it says", shown)


class Wrong:
    """Independent code that finds every verdict wrong, and counts."""

    def __init__(self):
        self.asked = []

    def __call__(self, history, verdict, options):
        self.asked.append(options)
        raise CertificateError("operation 3 does not fit there")


def checker(verify, *, validity=VALID, asked=None):
    entry = CheckerEntry("says", Says, "says what it is told", verify=verify)
    return SelfChecking(entry, entry.make(validity), {"initial": 0}, asked)


def test_a_valid_verdict_that_is_refuted_is_an_error_of_ours_that_names_itself():
    with pytest.raises(InternalError, match=r"says says valid.*operation 3 does not fit there"):
        checker(Wrong()).check(HISTORY)


def test_independent_code_is_given_the_options_of_the_checker():
    wrong = Wrong()
    with pytest.raises(InternalError):
        checker(wrong).check(HISTORY)
    assert wrong.asked == [{"initial": 0}]


def test_invalid_verdicts_are_not_checked_again():
    wrong = Wrong()
    assert checker(wrong, validity=INVALID).check(HISTORY).validity is INVALID
    assert wrong.asked == []


def test_large_histories_only_if_that_is_asked_for(monkeypatch):
    monkeypatch.setattr(checking, "VERIFIED_BELOW", 2)
    assert checker(Wrong()).check(HISTORY).validity is VALID
    with pytest.raises(InternalError):
        checker(Wrong(), asked=True).check(HISTORY)
    monkeypatch.setattr(checking, "VERIFIED_BELOW", 3)
    with pytest.raises(InternalError):
        checker(Wrong()).check(HISTORY)
    assert checker(Wrong(), asked=False).check(HISTORY).validity is VALID


def test_what_is_valid_without_a_proof_stays_so():
    def nothing(history, verdict, options):
        raise NoCertificate("valid by default")

    assert checker(nothing).check(HISTORY).validity is VALID
    assert checker(lambda *_: Certified("yes")).check(HISTORY).validity is VALID


def test_the_models_options_reach_independent_code():
    """Else the order would be run again from null, and refused."""
    history = drawn("a: [r1] [w2] [r2]")
    assert checking.checker("register", options={"initial": 1}).check(history).validity is VALID
    assert checking.checker("register").check(history).validity is INVALID


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"seconds": 3.0}, "--budget is not for set-full"),
        ({"algorithm": "search"}, "--algorithm is not for set-full"),
        ({"consistency": "serializable"}, "--consistency is not for set-full"),
    ],
)
def test_what_a_checker_does_not_take_is_refused(asked, message):
    with pytest.raises(ValueError, match=message):
        checking.checker("set-full", **asked)
