"""Unmodified programs under `simulate`: what is found, shrunk and repeated, as for any server."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import trio_store

from splitbrain.harness import InvalidPlan, Plan, faults, run
from splitbrain.harness.oracle import always, oracles
from splitbrain.harness.programs import program
from splitbrain.harness.workloads import register

HERE = Path(__file__).parent


def trio_register(plan, main="trio_store:main"):
    return plan.using(program(main), register(trio_store.Client))


def runs(make, sources, seeds, **options):
    """The runs of these seeds."""
    for seed in seeds:
        plan = Plan(
            "", "", nodes=1, clients=3, seed=seed, time_limit=4.0, options={"cas": 0.0, **options}
        )
        if sources is not None:
            plan = plan.with_(faults=sources.draw(seed, plan))
        yield run(make(plan))


NETWORK = faults.swarm("pause,partition,loss,latency,duplicate,client-kill")


def test_a_store_without_faults_of_its_processes_is_right():
    verdicts = [made.validity.value for made in runs(trio_register, NETWORK, range(8))]
    assert set(verdicts) <= {"valid", "unknown"}
    assert verdicts.count("valid") >= 6


def test_memory_is_lost_with_the_process_and_that_is_found():
    found = [made.signature for made in runs(trio_register, faults.kill(), range(3))]
    assert any(signature.startswith("linearizable(cas-register)") for signature in found)


def test_a_read_that_is_taken_for_a_whole_request_is_found():
    def careless(plan):
        return trio_register(plan, "trio_store:careless")

    assert any("unhandled-exceptions" in made.signature for made in runs(careless, None, range(3)))


def test_a_run_is_the_same_in_any_process_and_under_any_hash_seed():
    script = (
        "from test_simulated_programs import *\n"
        "for made in runs(trio_register, faults.swarm('all'), range(4)):\n"
        "    print(made.trace.digest(), made.signature)\n"
    )

    def output(seed):
        environment = {
            **os.environ,
            "PYTHONHASHSEED": seed,
            "PYTHONPATH": os.pathsep.join(sys.path),
        }
        command = [sys.executable, "-c", script]
        done = subprocess.run(command, cwd=HERE, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert output("1") == output("2")


@pytest.mark.parametrize(
    ("main", "problem"),
    [
        ("trio_store", "give package.module:function"),
        ("trio_store:nothing", "trio_store has no nothing"),
        ("trio_store:answer", "is no async function"),
        ("no_such_module:main", "cannot be imported"),
    ],
)
def test_what_is_no_program_is_refused(main, problem):
    with pytest.raises(InvalidPlan, match=problem):
        program(main)


def test_a_program_whose_library_is_not_clear_asks():
    async def main():
        raise AssertionError

    with pytest.raises(InvalidPlan, match="imports neither trio nor asyncio: say which"):
        program(main)


def test_what_must_hold_is_seen_in_the_programs_own_module_of_this_life():
    def small(up):
        return all(len(module.values) < 2 for module in up.values()) or "two keys were written"

    def stated(plan):
        made = trio_register(plan)
        return plan.using(made.server, made.workload, invariants=oracles(always("small", small)))

    (made,) = runs(stated, None, range(1))

    assert made.signature.startswith("invariants/small")
    assert made.virtual_seconds < 1.0
