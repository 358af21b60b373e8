"""A plan of the simulation is tried on processes, and what fails alike is counted."""

import sys

import pytest
from click.testing import CliRunner

from splitbrain.harness.commands.cli import main

SYSTEM = """
from small_register import Client, Forgetful
from splitbrain.harness.system import System

SYSTEM = System("forgetful", "forgets", Forgetful, Client, ("register",), nodes=1)
"""


def command(*words):
    done = CliRunner().invoke(main, words)
    return done.exit_code, done.output


@pytest.fixture
def failed(tmp_path, monkeypatch):
    """The folder of a simulated run whose server forgot what it had acknowledged."""
    (tmp_path / "forgetful.py").write_text(SYSTEM)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path)
    code, _ = command(
        *("run", "forgetful:SYSTEM", "--faults", "kill", "--time-limit", "1s", "--rate", "60"),
        *("--shrink-budget", "0", "--seed", "1"),
    )
    assert code == 1
    (folder,) = tmp_path.glob("runs/*-forgetful*")
    return str(folder)


@pytest.mark.nightly
@pytest.mark.skipif(sys.platform != "linux", reason="the ground needs Linux")
def test_the_tries_that_fail_as_the_simulation_did_are_counted(failed):
    code, said = command("replay", failed, "--ground", "processes", "--tries", "2")
    assert code == 1
    assert "tries failed as recorded (linearizable(cas-register)" in said
    assert "0 of 2" not in said


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--tries", "2"), "--tries 2: the ground simulation gives the same run each time"),
        (("--ground", "processes", "--at", "1s"), "look into servers of the simulation"),
        (("--ground", "moon"), "there is no ground 'moon'"),
    ],
)
def test_what_makes_no_sense_is_refused(failed, words, says):
    code, said = command("replay", failed, *words)
    assert code == 2
    assert says in said
