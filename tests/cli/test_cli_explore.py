"""`splitbrain explore`: the bound is said, and the exit code is the verdict."""

import pytest

from splitbrain.harness.commands.cli import main

SMALL = ("--operations", "3", "-w", "set")


def explored(capsys, *words):
    with pytest.raises(SystemExit) as ended:
        main(["explore", "leader-follower-summary", *words])
    return ended.value.code, capsys.readouterr().out


def test_a_bounded_proof_says_of_what(capsys):
    code, told = explored(capsys, *SMALL)
    assert code == 0
    assert "fails: these are all runs with at most 1 deviation\n" in told
    assert "leader-follower-summary / set, 3 operations of 2 clients on 3 servers" in told
    assert "not covered: more deviations" in told


def test_what_was_not_tried_is_not_proved(capsys):
    code, told = explored(capsys, *SMALL, "--most", "4")
    assert code == 3
    assert "none of the 4 runs made fails, and there are more: nothing is proved" in told
