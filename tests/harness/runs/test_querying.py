"""Questions to a trace: which events, what a node knew, when it heard of something."""

import json

import pytest
from click.testing import CliRunner

from splitbrain.harness.commands.cli import main
from splitbrain.harness.plan import InvalidPlan
from splitbrain.harness.runs.querying import hears_of, matching, moment_of
from splitbrain.harness.runs.recorded_trace import RunTrace

EVENTS = (
    [0.0, "boot", "n1", 0],
    [0.1, "boot", "n2", 0],
    [0.2, "role", "n1", "leader", 7],
    [0.3, "send", "n1", "n2", 1, ["append", 7, {"x": "left"}]],
    [0.4, "role", "n2", "candidate", 77],
    [0.5, "receive", "n1", "n2", 1],
    [0.6, "send", "n2", "n3", 2, ["append", 7]],
    [0.7, "drop", "n2", "n3", 2, "f1"],
    [0.8, "fsync", "n3", "wal"],
)


@pytest.fixture
def trace(tmp_path):
    (tmp_path / "trace.jsonl").write_text("".join(json.dumps(e) + "\n" for e in EVENTS))
    return RunTrace(tmp_path)


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["role"], [2, 4]),
        (["role", "7"], [2]),  # a number is a whole one
        (["lead"], [2]),
        (["left"], [3]),
        (["append", "n2"], [3, 6]),
        (["nothing"], []),
        ([], list(range(9))),
    ],
)
def test_events_have_all_words(trace, words, found):
    assert matching(trace, words, None) == found


def test_a_node_hears_of_what_a_message_brings_and_of_nothing_that_was_lost(trace):
    assert hears_of(trace, 2, "n2") == 5
    assert hears_of(trace, 2, "n1") == 2
    assert hears_of(trace, 4, "n1") is None
    assert hears_of(trace, 6, "n3") is None


def test_what_a_node_knew_ends_where_it_had_heard_nothing_more(trace):
    before, after = (trace.past([moment_of(trace, text).event]) for text in ("n2@4", "n2@0.5s"))

    assert matching(trace, ["role"], before) == [4]
    assert matching(trace, ["role"], after) == [2, 4]
    assert moment_of(trace, "n2@3").event == 1


@pytest.mark.parametrize("text", ["n2", "@3", "n9@3", "n3@2", "n2@soon"])
def test_a_moment_that_is_none_is_refused_in_a_sentence(trace, text):
    with pytest.raises(InvalidPlan):
        moment_of(trace, text)


def test_on_the_command_line(trace, tmp_path):
    def said(*words):
        return CliRunner().invoke(main, ["trace", str(tmp_path), *words])

    told = said("leader", "7", "--heard", "n2").output.splitlines()
    assert told[0].split()[:2] == ["2", "0.200000"]
    assert told[1].split()[:6] == ["n2", "hears", "of", "it:", "5", "0.500000"]
    assert "n3 never hears of it" in said("leader", "--heard", "n3").output
    assert "n1: 3  0.300000 send" in said("--knew", "n2@8").output
    assert "... 8 more" in said("--limit", "1").output
    assert said("--heard", "n9").exit_code == 2
    assert CliRunner().invoke(main, ["trace", str(tmp_path / "none")]).exit_code == 2
