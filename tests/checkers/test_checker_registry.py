"""Checkers by the name of their model."""

import json
import subprocess
import sys

import pytest

from splitbrain.checkers import CHECKERS, INVALID, UNKNOWN, VALID, checker_for_model
from splitbrain.checkers.certificate import Certified
from splitbrain.checkers.history import INFO, NEMESIS, History, Operation, drawn, write_jsonl
from splitbrain.checkers.models import MODELS
from splitbrain.checkers.registry import GROUP, entry_named, entry_of_verdict
from splitbrain.harness import checking

REQUIRED = {"bounded-staleness": {"versions": 1}}
"""Options without which there is no such checker."""


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


@pytest.mark.parametrize("name", CHECKERS)
def test_every_entry_is_complete_and_makes_what_it_says(name):
    entry = CHECKERS[name]
    assert entry.name == name
    assert entry.description
    made = entry.make(**REQUIRED.get(name, {}))
    assert entry.judged(made.name)
    assert entry_of_verdict(made.name).name == name


@pytest.mark.parametrize("name", CHECKERS)
def test_a_history_in_which_nobody_did_anything_is_not_valid(name):
    fault = [Operation(i, i, NEMESIS, INFO, "fault", {"id": "kill-1"}) for i in range(2)]
    made = CHECKERS[name].make(**REQUIRED.get(name, {}))
    said = [made.check(History.from_operations(events)).validity for events in ([], fault)]

    assert said == [UNKNOWN, UNKNOWN]


def test_names_in_brackets_are_told_apart_from_families():
    assert entry_of_verdict("sequential(queue)").name == "queue"
    assert entry_of_verdict("list-append(serializable)").name == "list-append"
    assert entry_of_verdict("linearizable(MyOwn)") is None


def test_registering_a_name_loads_no_checker():
    code = (
        "import sys; from splitbrain.checkers.registry import PATHS, entry_named;"
        "entry_named('set-full');"
        "print([m for m in sys.modules if 'isolation' in m or 'linearizability' in m])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


OUTSIDE = """
from splitbrain.checkers import UNKNOWN, VALID, Verdict
from splitbrain.checkers.certificate import Certified
from splitbrain.checkers.entry import CheckerEntry


class AtMost:
    name = "at-most"

    def __init__(self, number=10):
        self.number = number

    def check(self, history):
        return Verdict(self.name, VALID if len(history) <= self.number else UNKNOWN, "counted")


def verify(history, verdict, options):
    assert len(history) <= options.get("number", 10)
    return Certified("counted again")


ENTRY = CheckerEntry("at-most", AtMost, "not many events", verify=verify)
"""


@pytest.fixture
def outside(tmp_path, monkeypatch):
    """A checker in a distribution of its own, installed beside this one."""
    (tmp_path / "at_most.py").write_text(OUTSIDE)
    metadata = tmp_path / "at_most-1.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: at-most\nVersion: 1\n")
    (metadata / "entry_points.txt").write_text(f"[{GROUP}]\nat-most = at_most:ENTRY\n")
    monkeypatch.syspath_prepend(tmp_path)
    vars(CHECKERS).pop("_installed", None)  # what is installed is looked up once
    yield
    sys.modules.pop("at_most", None)
    vars(CHECKERS).pop("_installed", None)


@pytest.mark.parametrize("name", ["at-most", "at_most:ENTRY"])
def test_a_checker_is_added_from_outside(outside, tmp_path, name):
    history = drawn("a: [w1] [r1]")
    assert checker_for_model(name, number=4).check(history).validity is VALID
    assert checker_for_model(name, number=3).check(history).validity is UNKNOWN
    assert entry_named(name).description == "not many events"
    write_jsonl(history, tmp_path / "history.jsonl")
    verdict = checking.checker(name, options={"number": 4}).check(history)
    (tmp_path / "verdict.json").write_text(json.dumps(verdict.to_json()))
    certified = checking.verified(tmp_path / "history.jsonl", tmp_path / "verdict.json", name)
    assert certified == Certified("counted again")


def test_what_is_registered_outside_is_listed(outside):
    assert "at-most" in CHECKERS
    assert list(CHECKERS)[-1] == "at-most"
    assert entry_of_verdict("at-most").name == "at-most"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("def f(", r"broken\.py cannot be imported \('\(' was never closed"),
        ("import nowhere", r"broken\.py cannot be imported \(No module named 'nowhere'\)"),
        ("\n1 / 0", r"broken\.py cannot be imported \(ZeroDivisionError: .*broken\.py:2\)"),
        (
            "from splitbrain.checkers.entries import Entries\nEntries('a', int, {}).named('b')",
            r"broken\.py cannot be imported \(.*broken\.py:2\)",
        ),
        ("Latch = 7", "broken.py:Latch': 7 is no model: it has no initial and no step"),
        ("", "broken.py has no Latch"),
    ],
)
def test_a_file_that_cannot_be_used_is_told_in_one_sentence(text, complaint, tmp_path):
    (tmp_path / "broken.py").write_text(text)
    with pytest.raises(ValueError, match=complaint):
        entry_named(f"{tmp_path}/broken.py:Latch")


def test_a_file_is_read_again_when_it_is_named_again(tmp_path):
    file = tmp_path / "latch.py"
    for name in ("latch", "other-latch"):
        file.write_text(f"class Latch:\n    name = '{name}'\n    initial = 0\n    step = None\n")
        assert entry_named(f"{file}:Latch").name == name
