"""All that a crash may leave is tried: no state is missing, and each is recovered from."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from splitbrain.harness.bug import planted
from splitbrain.harness.commands.cli import main
from splitbrain.harness.crashes.states import Explored, explore
from splitbrain.harness.plan import Fault, InvalidPlan, Plan
from splitbrain.harness.simulation.disk import SECTOR, SimulatedDisk
from splitbrain.harness.simulation.disks_after_a_crash import ATOMS, crash_states
from splitbrain.systems import registry
from splitbrain.systems.storage.files import write_all
from splitbrain.systems.storage.witnessed_log import WitnessedLog, fresh
from splitbrain.systems.storage.write_ahead_log.engine import LogStoreServer, SmallLogStore

ENGINES = ("write-ahead-log", "bitcask", "lsm-tree", "b-tree")


def disk():
    return SimulatedDisk(random.Random(0))


def sync(target, path):
    target.end_sync(target.begin_sync(path))


def left(target, most=1000):
    """What is enumerated, each state as a sorted tuple."""
    return {tuple(sorted(state.items())) for state in crash_states(target.directory, most).states}


def test_a_write_that_is_not_synced_is_there_or_not():
    target = disk()
    target.append("f", b"a")
    sync(target, "f")
    target.append("f", b"b")

    assert left(target) == {(("f", b"a"),), (("f", b"ab"),)}


def test_a_new_file_has_its_name_or_not_and_its_content_or_not():
    target = disk()
    target.append("f", b"a")

    assert left(target) == {(), (("f", b""),), (("f", b"a"),)}


def test_a_write_is_torn_at_sectors():
    target = disk()
    target.append("f", b"x" * 2 * SECTOR)
    sync(target, "f")
    target.write("f", 0, b"y" * 2 * SECTOR)

    assert len(left(target)) == 4


def some_changes(seed):
    dice, target = random.Random(seed), disk()
    for _ in range(dice.randint(1, 7)):
        call = dice.choice(
            ["append", "append", "write", "truncate", "rename", "remove", "sync", "dir"]
        )
        names = target.list()
        if call == "dir":
            target.end_sync(target.begin_sync_dir())
        elif call in ("append", "write") or not names:
            name = dice.choice("ab")
            data = dice.choice([b"x", b"y" * (SECTOR + 1)])
            target.append(name, data) if call == "append" else target.write(name, 1, data)
        elif call == "sync":
            sync(target, dice.choice(names))
        else:
            extra = {"truncate": (1,), "rename": (dice.choice("ab"),), "remove": ()}[call]
            getattr(target, call)(dice.choice(names), *extra)
    return target


@given(st.integers(0, 2**32))
@settings(max_examples=60)
def test_whatever_a_power_loss_leaves_was_enumerated(seed):
    found = crash_states(some_changes(seed).directory, 10_000)
    known = {tuple(sorted(state.items())) for state in found.states}
    for crash in range(20):
        target = some_changes(seed)
        target._random = random.Random(crash)
        target.power_loss("any_subset")
        state = tuple(sorted((name, target.read(name)) for name in target.list()))
        assert state in known or not found.complete


def test_it_says_when_there_are_too_many():
    target = disk()
    target.append("f", b"")
    sync(target, "f")
    for number in range(ATOMS + 2):
        target.append("f", bytes([number + 1]))
    many = crash_states(target.directory, 10_000)
    assert not many.complete
    assert {b"", bytes([1]), bytes(range(1, ATOMS + 3))} <= {s["f"] for s in many.states}
    few = crash_states(target.directory, 3)
    assert (len(few.states), few.complete) == (3, False)


def experiment(system, bug=None, **plan):
    settled = {"clients": 4, "rate": 200.0, "time_limit": 0.1, "nodes": 1, **plan}
    return registry.experiment(Plan(system, "store", bug=bug, **settled))


@pytest.mark.parametrize("system", ENGINES)
def test_an_engine_recovers_from_all_crash_states(system):
    found = explore(experiment(system, time_limit=0.06))

    assert found.failures == (), found.failures[0].verdicts
    assert found.states[0] > 20
    assert found.bounded == 0
    assert str(found) == f"all {found.states[0]} crash states at {found.moments} moments recover"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("system", "bug", "kind"),
    [
        ("write-ahead-log", "STO-04", "lost"),
        ("write-ahead-log", "STO-06", "not-recovered"),
        ("write-ahead-log", "STO-13", "fractured"),
        ("lsm-tree", "LSM-03", "not-recovered"),
        ("b-tree", "BT-01", "not-recovered"),
        ("journalled-b-tree", "BT-02", "not-recovered"),
        ("b-tree", "BT-04", "lost"),
        ("b-tree", "BT-07", "not-recovered"),
    ],
)
def test_a_bug_is_found_in_some_crash_state(system, bug, kind):
    found = explore(experiment(system, bug, time_limit=0.08), most=30)

    kinds = {a.kind for failure in found.failures for v in failure.verdicts for a in v.anomalies}
    assert kind in kinds
    assert f"{len(found.failures)} of {found.states[0]} crash states" in str(found)


def test_it_says_where_it_stopped_counting():
    assert str(Explored((1000,), 20, 3, ())) == (
        "all 1,000 crash states at 20 moments recover (at 3 moments there are more, which were not "
        "tried)"
    )
    assert str(Explored((900, 100), 20, 0, ())) == (
        "all 1,000 crash states at 20 moments recover (900 after crash 1, 100 after crash 2)"
    )


@pytest.mark.parametrize(
    ("system", "seconds"),
    [
        ("b-tree", 0.03),
        ("write-ahead-log", 0.02),
        pytest.param("journalled-b-tree", 0.02, marks=pytest.mark.slow),
        *(pytest.param(system, 0.08, marks=pytest.mark.slow) for system in ENGINES),
        pytest.param("journalled-b-tree", 0.08, marks=pytest.mark.nightly),
    ],
)
def test_an_engine_recovers_from_crashes_in_the_middle_of_recovery(system, seconds):
    found = explore(experiment(system, time_limit=seconds), crashes=2)

    assert found.failures == (), found.failures[0].verdicts
    assert 0 < found.states[0] < found.states[1]


class RecoversInPlace(WitnessedLog):
    """Writes what it has found at the start over what it has found it in."""

    async def begin(self, records):
        if self.chain.sequence or not self.epoch:
            await super().begin(records)
            return
        self.epoch += 1
        self.chain, content = fresh(self.epoch, records)
        self.disk.truncate(self.path, 0)
        write_all(self.disk, self.path, 0, content)
        await self.disk.fsync(self.path)


def test_a_recovery_that_survives_no_crash_is_found_by_the_second_one():
    engine = planted(SmallLogStore, log_class=RecoversInPlace)
    right = experiment("write-ahead-log", time_limit=0.02)
    wrong = replace(right, server=planted(LogStoreServer, engine_class=engine))

    assert explore(wrong).failures == ()
    found = explore(wrong, crashes=2)
    assert {failure.crash for failure in found.failures} == {2}
    assert "log has lost its beginning" in found.failures[0].verdicts[0].reason


def test_several_servers_crash_together():
    plan = Plan("raft", "set", nodes=3, clients=4, rate=200.0, time_limit=0.3)
    found = explore(registry.experiment(plan), most=1)

    assert found.failures == ()
    assert found.states[0] > 10
    assert found.bounded > 0


@pytest.mark.slow
def test_what_no_majority_has_on_disk_is_lost_when_all_crash():
    plan = Plan("raft", "set", bug="CON-03", nodes=5, clients=4, rate=200.0, time_limit=0.4)
    found = explore(registry.experiment(plan), most=8)

    kinds = {a.kind for failure in found.failures for v in failure.verdicts for a in v.anomalies}
    assert "lost" in kinds


def test_faults_are_refused():
    faults = (Fault("process.kill", 0.1),)
    with pytest.raises(InvalidPlan, match="without any other faults"):
        explore(experiment("b-tree", faults=faults))


def test_the_command_says_what_it_found():
    runner = CliRunner()
    right = runner.invoke(main, ["crash-states", "b-tree", "--operations", "4"])
    assert right.exit_code == 0
    assert "b-tree, workload store: all" in right.output
    wrong = runner.invoke(
        main, ["crash-states", "write-ahead-log", "--bug", "STO-04", "--operations", "14"]
    )
    assert wrong.exit_code == 1
    assert "after a crash at" in wrong.output
    assert "durable/lost" in wrong.output
