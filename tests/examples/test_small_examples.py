"""The lock service and the queue of jobs: sound under what they claim, their first forms not."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from examples.job_queue.system import SYSTEM as QUEUE
from examples.lock_service.system import SYSTEM as LOCK
from splitbrain.harness import Plan, run, shrink
from splitbrain.harness.planning import draw

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
SYSTEMS = {"queue": QUEUE, "lock": LOCK}
CLAIMED = "process,net,clock,client"

both = pytest.mark.parametrize("system", SYSTEMS.values(), ids=SYSTEMS)


def sound(system, seed):
    plan = Plan(system.name, system.workloads[0], nodes=1, seed=seed, time_limit=4.0)
    return run(system.experiment(draw(plan, CLAIMED)))


def found(system):
    """The first run that shows the bug."""
    (bug,) = system.bugs
    runs = (run(system.hunt(bug, seed)) for seed in range(bug.seeds))
    return next(made for made in runs if made.signature.startswith(bug.shows))


def digests(seeds):
    """What runs of these seeds leave."""
    return [sound(system, seed).trace.digest() for system in (QUEUE, LOCK) for seed in seeds]


@both
def test_the_corrected_form_is_sound_under_all_that_it_claims(system):
    assert [sound(system, seed).signature for seed in range(2)] == [""] * 2


@both
@pytest.mark.nightly
def test_the_corrected_form_is_sound_under_hundreds_of_seeds(system):
    assert [sound(system, seed).signature for seed in range(400)] == [""] * 400


@both
def test_the_bug_of_the_first_form_is_found(system):
    assert found(system)


@both
@pytest.mark.nightly
def test_it_is_told_in_one_operation_and_one_fault(system):
    made = found(system)
    (bug,) = system.bugs
    small = shrink(system.hunt(bug, made.plan.seed), made, budget=100).run.plan
    assert (len(small.operations), len(small.faults)) == (1, 1)


@pytest.mark.slow
def test_runs_are_the_same_in_any_process_and_under_any_hash_seed():
    script = "import json, test_small_examples as t; print(json.dumps(t.digests(range(2))))"

    def output(seed):
        paths = os.pathsep.join([str(ROOT), *sys.path])
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": paths}
        command = [sys.executable, "-c", script]
        done = subprocess.run(command, cwd=HERE, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout.splitlines()[-1])

    assert output("1") == output("2")
