"""Looking into a replay: changes of what servers hold, their state, their tasks; nothing else."""

import re
import subprocess
import sys
from itertools import pairwise

import pytest
from click.testing import CliRunner

from splitbrain.harness import Plan, run
from splitbrain.harness.commands.cli import main
from splitbrain.harness.plan import InvalidPlan
from splitbrain.harness.runs.looking import Look, Watched
from splitbrain.harness.runs.store import run_in_folder
from splitbrain.systems import registry

PLAN = Plan("raft", "register", seed=3, time_limit=1.5, rate=10.0)


def looked(**eyes):
    lines = []
    watches = [Watched(text) for text in eyes.pop("watches", ())]
    result = run(registry.experiment(PLAN), look=Look(lines.append, watches, **eyes))
    return lines, result


def test_each_change_of_a_watched_path_is_told_once_with_its_event():
    lines, result = looked(watches=["*: core.term"])

    for name in PLAN.servers:
        own = [line for line in lines if f"  {name}: core.term = " in line]
        values = [re.search(r"core\.term = (\S+)", line)[1] for line in own]
        assert all(a != b for a, b in pairwise(values))
    roles = [event for event in result.trace.events if event[1] == "role" and event[3] == "leader"]
    time, _, leader, _, term = roles[0]
    told = [line for line in lines if f"  {leader}: core.term = {term} " in line]
    assert len(told) == 1
    assert float(told[0].split()[0]) <= time + 1e-6


def test_a_look_changes_nothing():
    plain = run(registry.experiment(PLAN))
    _, result = looked(watches=["*: core"], at=0.7, event=50)

    assert result.trace.digest() == plain.trace.digest()
    assert result.verdicts == plain.verdicts


def test_at_a_moment_each_server_shows_its_state_and_where_its_tasks_wait():
    lines, _ = looked(at=0.7)

    assert lines[0].startswith("at 0.700000 s, after event ")
    assert [line.split(":")[0] for line in lines[1:] if not line.startswith(" ")] == [*PLAN.servers]
    assert sum(line.startswith("    core.server.ballot.term = ") for line in lines) == len(
        PLAN.servers
    )
    assert sum(" waits at shell.py:" in line for line in lines) >= len(PLAN.servers)


def test_after_an_event_servers_are_shown_once():
    lines, result = looked(event=50)

    heads = [line for line in lines if line.startswith("at ")]
    assert len(heads) == 1
    at = int(heads[0].rstrip(":").rsplit(" ", 1)[1])
    assert at >= 50
    assert f"at {result.trace.events[at][0]:.6f} s" in heads[0]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("n1: numbers[1]", "2"),
        ("n1: numbers[-1]", "3"),
        ("n1: names['a b'].x", "7"),
        ('n1: names["a b"]', "Inner(x=7)"),
        ("n1: numbers[9]", "(no 9)"),
        ("n1: numbres", "(no numbres; did you mean numbers or names?)"),
        ("n1: zz.more", "(no zz; there are angry, escape, mute, names, numbers)"),
        ("n1: angry", "(angry raises RuntimeError)"),
        ("n1: mute", "(Mute, whose repr raises ValueError)"),
        ("n1: escape", r"'\x1b[31m'"),
    ],
)
def test_paths_lead_through_attributes_elements_and_keys(path, value):
    class Inner:
        x = 7

        def __repr__(self):
            return "Inner(x=7)"

    class Mute:
        def __repr__(self):
            raise ValueError

    class Server:
        numbers = (1, 2, 3)
        names = {"a b": Inner()}  # noqa: RUF012 - what a path leads through
        mute = Mute()
        escape = "\x1b[31m"

        @property
        def angry(self):
            raise RuntimeError

    assert Watched(path).value(Server()) == value


@pytest.mark.parametrize(
    "text", ["core.term", "n1:", ": x", "n1: f()", "n1: a + b", "n1: __import__('os')", "n1: a[b]"]
)
def test_what_is_no_path_is_one_sentence(text):
    with pytest.raises(InvalidPlan, match="give a server and a path of attributes"):
        Watched(text)


def test_a_server_that_the_run_does_not_have_is_one_sentence():
    with pytest.raises(InvalidPlan, match="there is no server n9: the run has n1, n2, n3"):
        looked(watches=["n9: core"])


def test_the_command_looks_compares_and_keeps_nothing(tmp_path):
    folder = tmp_path / "run"
    folder.mkdir()
    run_in_folder(registry.experiment(PLAN), folder)
    before = sorted(tmp_path.rglob("*"))
    words = ["replay", str(folder), "--watch", "n1: core.term", "--runs", str(tmp_path / "kept")]
    result = CliRunner().invoke(main, words)

    assert "n1: core.term = 0" in result.output
    assert "same trace, byte for byte" in result.output
    assert sorted(tmp_path.rglob("*")) == before


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    folder = tmp_path_factory.mktemp("debugged")
    run_in_folder(registry.experiment(PLAN), folder)
    return folder


def test_the_debugger_opens_in_the_code_of_a_node_and_the_run_stays_the_same(recorded):
    typed = "p (type(self).__name__, self.node.name)\nc\n"
    asked = ["replay", str(recorded), "--pdb", "n2@0.7s"]

    # A process of its own: click's runner of tests gives debuggers the real terminal.
    done = subprocess.run(
        [sys.executable, "-m", "splitbrain", *asked], input=typed, capture_output=True, text=True
    )

    assert done.returncode == 0, done.stderr
    assert re.search(r"^0\.[789]\d* s, n2; c goes on", done.stdout, re.MULTILINE)
    assert "('RaftKV', 'n2')" in done.stdout
    assert "same trace, byte for byte" in done.stdout


def test_who_leaves_the_debugger_ends_the_run_and_nothing_is_compared(recorded):
    asked = ["replay", str(recorded), "--pdb", "n2@0.7s"]
    done = subprocess.run(
        [sys.executable, "-m", "splitbrain", *asked], input="q\n", capture_output=True, text=True
    )

    assert done.returncode == 130
    assert done.stderr == "splitbrain: the debugger was left: nothing was compared\n"


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (["--event", "9999999"], "--event 9999999 never came: the run was over after "),
        (["--at", "99s"], "--at 99s never came: "),
        (["--pdb", "n2@99s"], "--pdb n2@99s: no code ran there: "),
    ],
)
def test_a_moment_after_the_end_is_told(recorded, asked, told):
    done = CliRunner().invoke(main, ["replay", str(recorded), *asked])

    assert done.exit_code == 2
    assert told in done.output + str(done.exception)


@pytest.mark.parametrize("stop", ["n2", "n9@1s", "n2@soon", "@1s"])
def test_a_stop_that_is_none_is_refused(recorded, stop):
    done = CliRunner().invoke(main, ["replay", str(recorded), "--pdb", stop])

    assert done.exit_code == 2
    assert "--pdb" in done.output
