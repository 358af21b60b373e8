"""The same plan gives the same history and trace, byte for byte, whatever else there is."""

import subprocess
import sys

import pytest

from splitbrain.harness import Plan, run
from splitbrain.harness.nemesis.catalogue import resolve
from splitbrain.harness.planning import draw
from splitbrain.harness.simulation.ground import Simulation
from splitbrain.harness.simulation.trace import first_difference
from splitbrain.harness.simulation.trio_direct import DirectRun
from splitbrain.harness.simulation.trio_runs import GuestRun
from splitbrain.systems import registry

SYSTEMS = [
    ("raft", "register"),
    ("raft", "kv"),
    ("leader-follower", "set"),
    ("two-phase-commit", "bank"),
]
EVERYTHING = Plan("", "", seed=11, clients=3, time_limit=2.0)


def experiment(system, workload, kinds="all", seed=11):
    plan = EVERYTHING.with_(system=system, workload=workload, seed=seed)
    return registry.experiment(draw(plan, kinds))


def fingerprint(result):
    return (
        result.trace.digest(),
        [(o.index, o.time, o.process, o.type, o.f, o.value, o.error) for o in result.history],
        result.signature,
    )


@pytest.mark.parametrize(("system", "workload"), SYSTEMS)
def test_twice_in_one_process(system, workload):
    one, other = run(experiment(system, workload)), run(experiment(system, workload))
    assert first_difference(one.trace.events, other.trace.events) is None
    assert fingerprint(one) == fingerprint(other)


def test_whatever_ran_before():
    alone = fingerprint(run(experiment(*SYSTEMS[0])))
    run(experiment(*SYSTEMS[2], seed=5))
    run(experiment(*SYSTEMS[1], seed=6))
    assert fingerprint(run(experiment(*SYSTEMS[0]))) == alone


def test_with_or_without_the_trace():
    traced = run(experiment(*SYSTEMS[0]))
    untraced = run(experiment(*SYSTEMS[0]), tracing=False)
    assert untraced.trace.events == []
    assert list(untraced.history) == list(traced.history)


@pytest.mark.parametrize("system", ["raft", "leader-follower"])
@pytest.mark.parametrize("kind", [kind.id for kind in resolve("all,disk.eio")])
def test_however_trio_is_driven(system, kind):
    traces = [
        run(experiment(system, "register", [kind]), ground=Simulation(how)).trace
        for how in (DirectRun, GuestRun)
    ]
    assert len(traces[0].events) > 500
    assert first_difference(*(trace.events for trace in traces)) is None


def test_another_seed_gives_another_run():
    one, other = (run(experiment(*SYSTEMS[0], "none", seed)) for seed in (1, 2))
    assert one.trace.digest() != other.trace.digest()


_PRINT = """
import sys
{imports}
from splitbrain.harness import Plan, run
from splitbrain.harness.planning import draw
from splitbrain.systems import registry
for system, workload in {systems}:
    plan = Plan(system, workload, seed=11, clients=3, time_limit=2.0)
    result = run(registry.experiment(draw(plan, "all")))
    sys.stdout.write(result.trace.digest() + chr(10))
    sys.stdout.writelines(f"{{event}}" + chr(10) for event in result.history)
"""


def test_in_another_process_under_any_hash_seed_with_anything_imported(monkeypatch):
    here = []
    for system, workload in SYSTEMS:
        result = run(experiment(system, workload))
        here += [result.trace.digest(), *(f"{event}" for event in result.history)]
    for hash_seed, imports in (
        ("0", ""),
        ("1", "import hypothesis, pytest, random; random.seed(5)"),
    ):
        monkeypatch.setenv("PYTHONHASHSEED", hash_seed)
        program = _PRINT.format(imports=imports, systems=SYSTEMS)
        there = subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, check=True
        )
        assert there.stdout.splitlines() == here
