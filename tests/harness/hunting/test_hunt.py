"""A hunt finds, groups, makes small and remembers; what it remembers it tries first."""

import json
import shutil
import sqlite3
import subprocess
import sys
from concurrent.futures import Future
from dataclasses import replace
from itertools import islice
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hunted import AtOnce, crew, target
from small_register import Client, Durable

from splitbrain.harness.commands.common.exits import EXIT_UNKNOWN
from splitbrain.harness.commands.common.hunting import finish
from splitbrain.harness.hunting import drawing, hunt, telling, work
from splitbrain.harness.hunting.counting import Counts
from splitbrain.harness.hunting.drawing import target_of
from splitbrain.harness.hunting.hunt import Hunt, Limits, ranked
from splitbrain.harness.hunting.memory import FIXED, FLAKY, KNOWN, NEW, Memory
from splitbrain.harness.nemesis.claims import Claims
from splitbrain.harness.plan import Plan
from splitbrain.harness.runs.folders import StoreError, read_plan
from splitbrain.harness.runs.running import run
from splitbrain.harness.system import System
from splitbrain.systems import registry


@pytest.fixture
def hunting(tmp_path):
    """Hunt in one process: ``hunting("forgetful", runs=8)``."""

    def go(*systems, runs=8, memory="hunt.db", **limits):
        kept = Memory(tmp_path / memory)
        kept.begin()
        targets = [target(system) for system in systems]
        limits = {"seconds": None, "shrink_budget": 60, "runs": runs, **limits}
        made = Hunt(targets, kept, runs=str(tmp_path), limits=Limits(**limits))
        made.go(crew())
        kept.close()
        return made

    return go


def test_failures_with_one_signature_are_one_group_that_is_made_small(hunting, tmp_path):
    found = hunting("forgetful", runs=12)

    (group,) = found.groups.values()
    assert group.state == NEW
    assert group.signature == "linearizable(cas-register)/stale-read"
    assert 1 < group.times == found.count.failing
    assert group.faults == 1
    assert group.operations <= 2
    # Losing its memory at a restart takes no luck.
    assert (group.failed, group.schedules) == (10, 10)
    assert "10 of 10" in telling.terminal(found.count, [group])
    assert (tmp_path / group.folder / "shrunk" / "plan.json").exists()


def test_its_smallest_plan_fails_by_itself(hunting):
    (group,) = hunting("forgetful").groups.values()
    again = work.attempt(target("forgetful"), dict(group.plan))
    assert again.signature == group.signature


def test_a_sound_system_is_left_in_peace(hunting):
    found = hunting("durable", runs=20)
    assert found.groups == {}
    assert found.count.runs == 20
    assert found.count.valid + found.count.unknown == 20
    assert found.count.valid > 10


def test_what_could_not_be_judged_is_told_with_the_reason_why_not(hunting):
    found = hunting("refusing", runs=3)

    assert found.count.unknown == 3
    told = telling.terminal(found.count, ranked(found.groups))
    assert "not judged, 3 times: no operation that observes the state succeeded" in told
    assert "none of 3 runs" not in told


def test_a_workload_that_was_hunted_in_in_vain_is_told(hunting):
    found = hunting("refusing", "durable", runs=24)

    (said,) = found.count.in_vain()
    assert said.startswith("none of 12 runs of the workload register on refusing could be judged")
    for tell in (telling.terminal, telling.markdown, telling.json_lines):
        assert "none of 12 runs of the workload register" in tell(found.count, [])
    with pytest.raises(SystemExit) as ended:
        finish(found.count, [], cells=[], markdown=None, junit=None, jsonl=None)
    assert ended.value.code == EXIT_UNKNOWN


def test_the_next_hunt_goes_on_where_the_last_one_ended(hunting, tmp_path):
    hunting("durable", runs=6)
    hunting("durable", runs=6)

    kept = Memory(tmp_path / "hunt.db")
    assert kept.tried(target("durable")) == 12
    assert next(kept.untried(target("durable"))) == 12


def test_a_hunt_can_begin_at_another_seed_and_what_it_left_out_comes_later(hunting, tmp_path):
    hunting("durable", runs=4, first_seed=6)
    kept = Memory(tmp_path / "hunt.db")
    assert list(islice(kept.untried(target("durable")), 8)) == [0, 1, 2, 3, 4, 5, 10, 11]
    assert list(islice(kept.untried(target("durable"), 8), 2)) == [10, 11]


def test_a_failure_that_breaks_the_shrinker_is_kept_and_ends_nothing(hunting, monkeypatch):
    def broken(*arguments, **named):
        raise RuntimeError("no way to make it small")

    monkeypatch.setattr(work, "investigate", broken)
    found = hunting("forgetful", runs=12)
    (group,) = found.groups.values()
    assert found.count.runs == 12
    assert group.signature == "linearizable(cas-register)/stale-read"
    assert (group.state, group.plan["system"]) == (NEW, "forgetful")
    told = " ".join(telling.terminal(found.count, []).split())
    assert "RuntimeError: no way to make it small" in told


def test_a_known_failure_is_tried_first_and_told_as_known(hunting):
    hunting("forgetful")
    again = hunting("forgetful", runs=0)

    (group,) = again.groups.values()
    assert group.state == KNOWN


def test_a_known_failure_whose_folder_is_gone_gets_one_again(hunting):
    (group,) = hunting("forgetful").groups.values()
    shutil.rmtree(group.folder)
    (again,) = hunting("forgetful", runs=0).groups.values()

    assert Plan.from_json(again.plan) == read_plan(Path(again.folder) / "plan.json")
    assert (again.faults, again.operations) == (group.faults, group.operations)
    assert f" {again.folder}" in telling.terminal(Counts(), [again])


def test_a_failure_that_passes_now_is_fixed_until_it_fails_again(hunting, tmp_path):
    (group,) = hunting("forgetful").groups.values()
    kept = Memory(tmp_path / "hunt.db")
    kept.begin()
    passing = Plan("forgetful", "register", nodes=1, time_limit=1.0).to_json()
    kept.made_small(group, work.Small(group.folder, passing, 0, None, None))
    kept.close()

    (now,) = hunting("forgetful", runs=0).groups.values()
    assert now.state == FIXED
    (later,) = hunting("forgetful", runs=8).groups.values()
    assert later.state == KNOWN


def test_a_failure_that_does_not_come_again_is_flaky(hunting, monkeypatch):
    monkeypatch.setattr(hunt, "make_small", lambda *arguments: work.Small("kept", {}, 1, 1, "gone"))
    (group,) = hunting("forgetful").groups.values()
    assert group.state == FLAKY


def test_another_outcome_in_another_process_is_a_failure_of_its_own(tmp_path, monkeypatch):
    class Elsewhere(AtOnce):
        def submit(self, function, /, *arguments, **named):
            monkeypatch.setenv("PYTHONHASHSEED", "1")
            try:
                return super().submit(function, *arguments, **named)
            finally:
                monkeypatch.setenv("PYTHONHASHSEED", "0")

    monkeypatch.setenv("PYTHONHASHSEED", "0")
    monkeypatch.setattr(hunt, "AGAIN_EVERY", 2)
    kept = Memory(tmp_path / "hunt.db")
    limits = Limits(seconds=None, runs=4, shrink_budget=0)
    made = Hunt([target("peeking", ("none",))], kept, runs=str(tmp_path), limits=limits)
    made.go(crew(others=Elsewhere()))

    (group,) = made.groups.values()
    assert group.signature == hunt.NONDETERMINISTIC
    assert "hash order" in group.reason


def test_a_run_that_breaks_is_counted_and_told_and_ends_nothing(hunting):
    found = hunting("broken", "durable", runs=8)
    assert found.count.errors == 4
    assert found.count.valid > 0
    assert "RuntimeError: no such thing" in telling.terminal(found.count, [])


def test_it_can_end_at_the_first_failure(hunting):
    found = hunting("forgetful", runs=1000, first_only=True)
    assert found.count.runs < 30


def test_the_time_may_be_up_before_it_begins(hunting):
    assert hunting("durable", runs=None, seconds=0.0).count.runs == 0


def test_two_failures_of_one_run_are_told_by_the_most_telling(hunting):
    (group,) = hunting("forgetful").groups.values()
    assert group.checker == "linearizable(cas-register)"


# The memory


def test_what_is_no_memory_is_refused(tmp_path):
    (tmp_path / "hunt.db").write_bytes(b"not a database at all, but long enough to be read as one")
    with pytest.raises(StoreError, match="can't be used as the memory of hunts"):
        Memory(tmp_path / "hunt.db")


def test_a_memory_of_another_format_is_refused(tmp_path):
    Memory(tmp_path / "hunt.db").close()
    with sqlite3.connect(tmp_path / "hunt.db") as db:
        db.execute("update about set format = 99")
    with pytest.raises(StoreError, match="format 99"):
        Memory(tmp_path / "hunt.db")


def test_a_full_disk_is_told_in_a_sentence(tmp_path):
    kept = Memory(tmp_path / "hunt.db")
    kept._db.execute("pragma max_page_count = 1")  # no more than it has: SQLite's own full disk
    tried = work.attempt(target("durable"), target("durable").plan(0).to_json())
    many = (replace(tried, plan={**tried.plan, "seed": seed}) for seed in range(10_000))
    with pytest.raises(StoreError, match=r"can't be used as .*: database or disk is full"):
        any(not kept.count(one) for one in many)


def test_two_hunts_at_once_share_a_memory(hunting, tmp_path):
    other = Memory(tmp_path / "hunt.db")
    tried = work.attempt(target("durable"), target("durable").plan(1).to_json())
    assert other.count(tried)
    found = hunting("durable", runs=4)

    assert not other.count(tried)
    assert found.count.runs == 4
    assert other.tried(target("durable")) == 5


def test_what_is_not_over_long_after_the_time_is_told(hunting, monkeypatch):
    monkeypatch.setattr(AtOnce, "submit", lambda self, function, *arguments: Future())
    monkeypatch.setattr(hunt, "GRACE", 0.0)
    monkeypatch.setattr(hunt, "TICK", 0.01)
    found = hunting("durable", runs=None, seconds=0.01)

    told = " ".join(telling.terminal(found.count, []).split())
    assert "not judged, 2 times: " in told
    assert "durable: a run was not over 0 s after the hunt's time was up, and given up" in told


# Drawing


def test_a_seed_gives_one_plan_and_seeds_differ_in_size_machines_and_faults():
    plans = [drawing.plan_for(target("durable", ("all",)), seed) for seed in range(200)]

    assert plans == [drawing.plan_for(target("durable", ("all",)), seed) for seed in range(200)]
    assert {plan.clients for plan in plans} == {2, 3, 5, 8}
    assert len({plan.rate for plan in plans}) > 100
    slow = [p for p in plans if p.options.get("disk", {}).get("fsync_latency", 0) > 0.01]
    assert 10 < len(slow) < 60
    kinds = [len({fault.kind for fault in plan.faults}) for plan in plans]
    assert kinds.count(0) > 3
    assert kinds.count(1) > 10
    assert max(kinds) > 6


def test_seeds_differ_in_skew_bursts_density_and_the_mix_of_operations():
    made = target_of(registry.SYSTEMS.named("raft"), workloads=["kv"])
    plans = [made.plan(seed) for seed in range(400)]
    options = [plan.options for plan in plans]

    assert {o["skew"] for o in options if "skew" in o} == {1.0, 2.0, 10.0}
    assert all(o.get("keys") != 1 for o in options if "skew" in o)
    assert 80 < sum("turnover" in o for o in options) < 160
    assert all(o["keys"] >= 6 for o in options if "turnover" in o)
    assert {o["burst"] for o in options if "burst" in o} == {2, 4, 8, 16}
    mixed = [[o[f] for f in ("get", "append", "cas", "delete")] for o in options if "cas" in o]
    assert 150 < len(mixed) < 250
    assert all(sum(shares) <= 1 for shares in mixed)
    assert sum(shares[2] > 0.2 for shares in mixed) > 10
    crowds = [len(plan.faults) / plan.time_limit for plan in plans]
    assert sum(crowd > 5 for crowd in crowds) > 20
    assert sum(0 < crowd < 2 for crowd in crowds) > 20


def test_faults_that_a_system_only_notices_are_drawn_now_and_then():
    made = target_of(registry.SYSTEMS.named("raft"))
    kinds = [{fault.kind for fault in made.plan(seed).faults} for seed in range(300)]
    assert 10 < sum("disk.bitrot" in drawn for drawn in kinds) < 60


def test_faults_that_a_system_assumes_away_are_drawn_only_where_they_are_asked_for():
    system = System("s", "s", Durable, Client, ("register",), Claims(("net",), assumes=("drift",)))

    def drawn(*faults):
        plans = [target_of(system, faults=faults).plan(seed) for seed in range(60)]
        return {fault.kind for plan in plans for fault in plan.faults}

    assert {"clock.bump", "net.loss"} <= drawn("all")
    assert "clock.drift" not in drawn("all")
    assert "clock.drift" in drawn("clock")


def test_shares_of_what_a_client_cannot_do_are_not_drawn():
    class Plain(Client):
        cas = None

    system = System("plain", "no cas", Durable, Plain, ("register",))
    assert "cas" not in target_of(system).shares["register"]
    for seed in range(50):
        system.experiment(target_of(system).plan(seed))


def test_every_plan_of_a_hunt_can_be_written_read_and_run():
    plan = drawing.plan_for(target("durable", ("all",)), 3)
    assert Plan.from_json(plan.to_json()) == plan
    experiment = target("durable").experiment(plan)
    assert run(experiment).history == run(experiment).history


# Telling


def test_what_a_system_says_does_nothing_on_a_page(hunting):
    found = hunting("forgetful")
    (group,) = found.groups.values()
    hostile = [
        replace(group, signature="<script>[x](javascript:y)|\x1b[2J", reason="]]></failure>")
    ]

    assert "<script>" not in telling.markdown(found.count, hostile)
    assert "](javascript" not in telling.markdown(found.count, hostile)
    xml = telling.junit(found.count, hostile, ["forgetful"])
    (failure,) = ElementTree.fromstring(xml).iter("failure")
    assert "]]></failure>" in failure.text
    assert "\x1b" not in telling.terminal(found.count, hostile)


def test_a_failure_is_told_in_as_many_columns_as_there_are_and_its_folder_unbroken(hunting):
    found = hunting("forgetful")
    folder = "runs/" + 70 * "a"
    (group,) = (replace(each, folder=folder) for each in found.groups.values())

    lines = telling.terminal(found.count, [group], 60).splitlines()
    assert max(len(line) for line in lines if folder not in line) <= 60
    assert f"  {folder}" in lines
    for word in ("linearizable(cas-register)/stale-read", "forgetful", "10 of 10", "8 runs"):
        assert word in "\n".join(lines)


def test_junit_and_json_lines_say_the_same(hunting):
    found = hunting("forgetful", "durable", runs=16)
    groups = ranked(list(found.groups.values()))

    xml = telling.junit(found.count, groups, ["forgetful", "durable"])
    assert 'tests="2" failures="1"' in xml
    assert "splitbrain replay" in xml
    lines = telling.json_lines(found.count, groups).splitlines()
    assert [json.loads(line)["type"] for line in lines] == ["count", "cell", "cell", "group"]


LATE = """
import multiprocessing, os, sys
from types import SimpleNamespace
from splitbrain.harness import workers
hunt = SimpleNamespace(pid=os.getppid() + int(sys.argv[1]))
multiprocessing.parent_process = lambda: hunt
workers.ready()
print("at work")
"""


@pytest.mark.parametrize(("other", "printed"), [(0, "at work\n"), (1, "")])
def test_a_worker_whose_hunt_is_gone_before_it_is_ready_ends(other, printed):
    words = [sys.executable, "-c", LATE, str(other)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == (printed, "")
