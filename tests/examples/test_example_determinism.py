"""The examples leave the same bytes in any process and under any hash seed, on both libraries."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from splitbrain.harness import Plan, run
from splitbrain.harness.planning import draw

HERE = Path(__file__).parent
ROOT = HERE.parents[1]

NEEDS = {
    "job_queue": (),
    "ledger": (),
    "lock_service": (),
    "notice_board": ("kademlia",),
    "rest_store": ("fastapi", "httpx", "uvicorn"),
}
"""The examples, and what each is built on."""

every = pytest.mark.parametrize("example", NEEDS)


def digest(example, seed):
    """What a run of this seed leaves, under faults of all kinds that the example claims."""
    system = importlib.import_module(f"examples.{example}.system").SYSTEM
    plan = Plan(system.name, system.workloads[0], nodes=system.nodes, seed=seed, time_limit=1.0)
    drawn = draw(plan, ",".join(kind for kind in system.claims.kinds))
    made = run(system.experiment(drawn))
    return made.trace.digest()


def elsewhere(example, seeds, hash_seed):
    """The same of many seeds, in a process of its own."""
    script = (
        "import json, sys; from test_example_determinism import digest; name, many = sys.argv[1:]; "
        "print(json.dumps([digest(name, seed) for seed in range(int(many))]))"
    )
    paths = os.pathsep.join([str(HERE), str(ROOT), *sys.path])
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": paths}
    command = [sys.executable, "-c", script, example, str(seeds)]
    done = subprocess.run(command, cwd=HERE, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def compared(example, seeds):
    for library in NEEDS[example]:
        pytest.importorskip(library)
    one, other = (elsewhere(example, seeds, hash_seed) for hash_seed in ("1", "2"))
    assert len(one) == seeds
    assert one == other


@every
@pytest.mark.slow
def test_a_run_is_the_same_in_any_process_and_under_any_hash_seed(example):
    compared(example, 2)


@every
@pytest.mark.nightly
def test_two_hundred_runs_are(example):
    compared(example, 200)
