"""Certificates of drawn histories: what is confirmed, what is refused."""

import json

import pytest

from splitbrain.checkers import VALID, linearizable, models
from splitbrain.checkers.history import drawn
from splitbrain.checkers.linearizability import (
    CertificateError,
    NoCertificate,
    verify,
    verify_order,
)

REGISTER = models.cas_register()
CHECKER = linearizable(REGISTER)
BAD_CERTIFICATES = {
    "out of real-time order": [4, 0, 2],
    "an operation twice": [0, 2, 2, 4],
    "an operation missing": [0, 4],
    "one that isn't there": [0, 2, 4, 9],
    "one that failed": [0, 2, 6, 4],
    "an order the register refuses": [2, 4, 0],
}


@pytest.mark.parametrize("name", BAD_CERTIFICATES)
def test_a_certificate_is_refused(name):
    history = drawn("a: [w1] [w2] [r2] [w3!]")
    verify_order(REGISTER, history.calls(), [0, 2, 4])
    with pytest.raises(CertificateError):
        verify_order(REGISTER, history.calls(), BAD_CERTIFICATES[name])


def test_a_certificate_of_other_keys_is_refused():
    history = drawn("a: [w1] [r1]")
    certificate = dict(CHECKER.check(history).certificate)
    certificate["linearizations"] = [{"key": "x", "order": [0, 2]}]
    with pytest.raises(CertificateError, match="keys"):
        verify(REGISTER, history, certificate)


BROKEN = """
    a: [w1              ]
    b: [w2              ]
    c:      [r1] [r2]
    d:      [r2] [r1]
"""


def test_the_witness_of_an_invalid_verdict_can_be_checked():
    history = drawn(BROKEN)
    certificate = json.loads(json.dumps(CHECKER.check(history).certificate))
    certified = verify(REGISTER, history, certificate)
    assert certified.complete
    assert certified.sentence == (
        "invalid: 1 witnesses are as told; all orders were tried again for the history: there is "
        "none"
    )


def test_a_witness_alone_proves_nothing_and_it_is_said_so():
    history = drawn(BROKEN)
    certified = verify(REGISTER, history, CHECKER.check(history).certificate, limit=3)
    assert not certified.complete
    assert certified.sentence == "the refusals of 1 witnesses hold"
    assert "that no other order exists is not checked" in certified.unchecked


def test_a_refutation_of_a_valid_history_is_refuted_however_true_its_refusals():
    """The prefix is one, the operation does not fit after it: another prefix was to be taken."""
    history = drawn("""
        a: [w1]
        b: [w2]
        c:      [r1]
    """)
    assert CHECKER.check(history).validity is VALID
    forged = {"key": None, "prefix": [0, 1], "blocked": 4, "candidates": []}
    forged["candidates"] = [{"operation": 4, "fits": False}]
    certificate = {"model": "cas-register", "keyed": False, "refutations": [forged]}
    with pytest.raises(CertificateError, match="there is an order of all operations"):
        verify(REGISTER, history, certificate)


def test_a_certificate_must_say_what_its_verdict_says():
    history = drawn("a: [w1] [r1]")
    certificate = CHECKER.check(history).certificate
    with pytest.raises(CertificateError, match="the verdict says invalid"):
        verify(REGISTER, history, certificate, valid=False)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"blocked": 99}, "no operation that succeeded"),
        ({"prefix": []}, "is left out"),
        ({"prefix": [0, 0]}, "twice"),
        ({"candidates": []}, "was open, but is left out"),
        ({"candidates": [{"operation": 7, "fits": True}]}, "said to fit"),
        ({"key": "z"}, "no key 'z'"),
    ],
)
def test_a_witness_that_is_not_as_told_is_refused(change, message):
    history = drawn(BROKEN)
    certificate = dict(CHECKER.check(history).certificate)
    certificate["refutations"] = [certificate["refutations"][0] | change]
    with pytest.raises(CertificateError, match=message):
        verify(REGISTER, history, certificate)


@pytest.mark.parametrize(
    "certificate",
    [
        {},
        {"keyed": True},
        {"keyed": 1, "linearizations": []},
        {"keyed": False, "linearizations": [{"key": None, "order": [[0]]}]},
        {"keyed": False, "refutations": [{"key": None, "prefix": 1, "blocked": 0}]},
    ],
)
def test_what_is_no_certificate_is_refused(certificate):
    with pytest.raises(NoCertificate, match="splitbrain check --json"):
        verify(REGISTER, drawn("a: [w1]"), certificate)
