"""Checkers by the name of their model."""

import pytest

from splitbrain.checkers import CHECKERS, INVALID, UNKNOWN, VALID, checker_for_model
from splitbrain.checkers.history import drawn
from splitbrain.checkers.models import MODELS


def test_every_model_has_its_checker():
    assert set(MODELS) < set(CHECKERS)
    assert {name: checker_for_model(name).name for name in MODELS} == {
        name: f"linearizable({name})" for name in MODELS
    }
    assert checker_for_model("set-full").name == "set-full"


def test_options_reach_the_checker_and_its_model():
    history = drawn("a: [r0] [w1] [r1] [w2] [r2]")
    assert checker_for_model("register").check(history).validity is INVALID
    assert checker_for_model("register", initial=0).check(history).validity is VALID
    limited = checker_for_model("register", initial=0, budget=1, algorithm="search")
    assert limited.check(history).validity is UNKNOWN


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("cas_register", "did you mean cas-register or"),
        ("sett-full", "did you mean set-full or set?"),
        ("xyzzy", "there are register, cas-register, multi-register, kv, set, queue, stack"),
    ],
)
def test_an_unknown_name_is_answered_with_the_nearest(name, hint):
    with pytest.raises(ValueError) as raised:
        checker_for_model(name)
    assert hint in str(raised.value)


def test_an_unknown_option_is_refused():
    with pytest.raises(ValueError, match=r"model 'set-full'.*colour"):
        checker_for_model("set-full", colour="red")
    with pytest.raises(ValueError, match=r"model 'kv'.*colour"):
        checker_for_model("kv", colour="red")
