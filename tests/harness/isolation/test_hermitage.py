"""The Hermitage matrix: which of ten scripted anomalies happen in which system."""

import pytest
from click.testing import CliRunner

from splitbrain.harness.commands.cli import main
from splitbrain.harness.isolation.hermitage import SCRIPTS, experiment
from splitbrain.harness.isolation.ladder import climb, matrix
from splitbrain.harness.plan import InvalidPlan
from splitbrain.harness.runs.running import run
from splitbrain.systems import registry

NAMES = ("G0", "G1a", "G1b", "G1c", "OTV", "PMP", "P4", "G-single", "G2-item", "G2")

HAPPENS = {
    "two-phase-locking": "",
    "snapshot-isolation": "G2-item G2",
    "serializable-snapshot-isolation": "",
    "two-phase-commit": "",
    "transactions-summary": "PMP P4 G-single G2-item G2",
    "TX-01": "G0 G1a G1b G1c OTV PMP P4 G-single G2-item G2",
    "TX-02": "G1a G1b G1c OTV PMP P4 G-single G2-item G2",
    "TX-03": "G1a G1b G1c OTV G2-item G2",
    "TX-04": "PMP G-single G2-item G2",
    "TX-05": "P4 G2-item G2",
    "TX-06": "G2-item G2",
    "TX-07": "PMP G2",
    "TX-08": "G2-item G2",
    "TX-13": "P4 G-single G2-item",
}
"""By system, or planted bug."""


def chosen(name):
    planted = registry.bugs().get(name)
    return planted or (registry.SYSTEMS.named(name), None)


def play(script, name):
    system, bug = chosen(name)
    server = bug.server if bug else system.server
    made = experiment(script, system.name, server, system.client, nodes=system.nodes)
    return run(made, tracing=False)


def test_there_are_ten_scripts():
    assert tuple(script.name for script in SCRIPTS) == NAMES


@pytest.mark.parametrize("name", HAPPENS)
def test_what_happens_in(name):
    verdicts = {script.name: play(script, name).verdicts[0] for script in SCRIPTS}

    assert "unknown" not in {verdict.validity for verdict in verdicts.values()}
    happens = [name for name, verdict in verdicts.items() if verdict.validity == "invalid"]
    assert " ".join(happens) == HAPPENS[name]


def test_a_script_is_told_as_it_went():
    script = next(script for script in SCRIPTS if script.name == "P4")

    assert play(script, "snapshot-isolation").verdicts[0].reason == (
        "T1 read x -> 10; T2 read x -> 10; T1 write x 11; T2 write x 12; T1 commit; "
        "T2 commit refused"
    )


def test_a_step_that_waits_is_told_when_it_was_answered():
    script = next(script for script in SCRIPTS if script.name == "G0")

    told = play(script, "two-phase-locking").verdicts[0].reason
    assert told.index("T1 write y 21") < told.index("T2 write x 12") < told.index("T1 commit")


@pytest.mark.parametrize(
    ("name", "highest", "refuted"),
    [
        ("two-phase-locking", "strong-serializable", ()),
        ("snapshot-isolation", "strong-snapshot-isolation", ("repeatable-read", "serializable")),
        ("TX-02", "read-uncommitted", ("read-committed", "snapshot-isolation")),
        ("TX-04", "monotonic-atomic-view", ("consistent-view", "snapshot-isolation")),
        ("transactions-summary", None, ("consistent-view", "strong-serializable")),
    ],
)
def test_the_ladder(name, highest, refuted):
    system, bug = chosen(name)
    rungs = {rung.level: rung for rung in climb(system, bug=bug, seeds=2).rungs}

    assert highest is None or rungs[highest].refuted_by is None
    for level in refuted:
        assert rungs[level].refuted_by is not None
        assert rungs[level].refuted_by.witness


@pytest.mark.slow
def test_an_invariant_of_a_workload_refutes_a_level():
    system, bug = chosen("TX-09")
    ladder = climb(system, bug=bug, seeds=5)

    assert not any(played.validity == "invalid" for played in ladder.played)
    assert not ladder.holds


def test_the_command_prints_the_matrix_and_says_whether_the_claim_holds():
    result = CliRunner().invoke(main, ["isolation", "snapshot-isolation", "--seeds", "1"])

    assert result.exit_code == 0
    assert "G2-item   HAPPENS" in result.output
    assert "repeatable-read" in result.output
    said = " ".join(result.output.split())
    assert "claims strong-snapshot-isolation: not refuted (10 scripts, 5 runs" in said


def test_the_command_fails_if_the_claim_is_refuted():
    options = ["--bug", "TX-06", "--seeds", "0"]
    result = CliRunner().invoke(main, ["isolation", "serializable-snapshot-isolation", *options])

    assert result.exit_code == 1
    assert "claims strong-serializable: REFUTED" in result.output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["raft"], "raft has no transactions to judge the isolation of"),
        (["rafd"], "there is no system 'rafd': did you mean raft"),
        (["two-phase-locking", "--bug", "TX-06"], "is a bug of serializable-snapshot-isolation"),
        (["two-phase-locking", "--faults", "storm"], "unknown fault 'storm'"),
    ],
)
def test_the_command_refuses(arguments, message):
    result = CliRunner().invoke(main, ["isolation", *arguments])

    assert result.exit_code == 2
    assert message in result.stderr


def test_a_system_without_transactions_has_no_ladder():
    with pytest.raises(InvalidPlan, match="raft has no transactions"):
        climb(registry.SYSTEMS.named("raft"))


def test_a_matrix_has_a_line_for_each_script_and_each_level():
    text = matrix(climb(registry.SYSTEMS.named("two-phase-locking"), seeds=0))

    assert all(f"\n{name} " in text for name in NAMES)
    assert text.count("not refuted") == 10
    assert max(map(len, text.splitlines())) <= 100
