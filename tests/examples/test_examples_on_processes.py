"""The examples on real processes: they pass or fail as they do in simulation."""

import sys

import pytest

from examples.job_queue.system import SYSTEM as QUEUE
from examples.ledger.system import SYSTEM as LEDGER
from examples.lock_service.system import SYSTEM as LOCK
from splitbrain.checkers.verdict import VALID
from splitbrain.harness import Fault, Plan, PlannedOperation, run, shrink
from splitbrain.harness.ground import ground_named
from splitbrain.harness.plan import When
from splitbrain.harness.processes.network import networks
from splitbrain.harness.runs.retrying import prepared

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the ground needs Linux")

TRIES = 10
"""In so many tries a failure of the simulation comes again; an idle machine needs one."""

KILL = Fault("process.kill", 1.0, 0.3, "n1", id="f1")
PAUSE = Fault("process.pause", 1.6, 0.2, "n1", id="f2")
PLAN = Plan("", "", nodes=1, time_limit=2.5, ground="processes", faults=(KILL, PAUSE))


def on_processes(system, bug=None, **changes):
    plan = PLAN.with_(system=system.name, workload=system.workloads[0], bug=bug, **changes)
    return run(system.experiment(plan))


@pytest.mark.nightly
@pytest.mark.parametrize("system", [QUEUE, LOCK, LEDGER], ids=["queue", "lock", "ledger"])
def test_the_corrected_forms_survive_a_kill_and_a_pause(system):
    result = on_processes(system)
    assert result.validity is VALID, [v.reason for v in result.verdicts]


@pytest.mark.nightly
def test_the_queue_that_does_not_flush_loses_jobs_in_a_kill():
    puts = [PlannedOperation(number / 50, number % 5, "enqueue", number) for number in range(60)]
    kill = Fault("process.kill", 0.0, 0.3, "n1", when=When("acknowledged", count=20), id="f1")
    changes = {"faults": (kill,), "operations": tuple(puts)}
    tries = (on_processes(QUEUE, "JOBS-01", **changes).signature for _ in range(TRIES))
    assert any(signature.startswith("total-queue") for signature in tries)


@pytest.mark.nightly
def test_the_ledger_of_transfers_in_two_steps_shows_another_total():
    result = on_processes(LEDGER, "LEDGER-01", faults=(), rate=200.0)
    assert result.signature.startswith("bank")


@pytest.mark.nightly
@pytest.mark.parametrize("system", [QUEUE, LEDGER], ids=["queue", "ledger"])
def test_what_the_simulation_found_fails_alike_on_processes(system):
    fails_alike(system, "processes")


def fails_alike(system, ground):
    """The small plan of the simulation is tried as it is."""
    (bug,) = system.bugs
    hunted = (run(system.hunt(bug, seed)) for seed in range(bug.seeds))
    failed = next(made for made in hunted if made.signature.startswith(bug.shows))
    small = shrink(system.hunt(bug, failed.plan.seed), failed, budget=100)
    plan = prepared(system.experiment(small.run.plan), ground, ground_named(ground))
    tries = (run(system.experiment(plan)).signature for _ in range(TRIES))
    assert any(signature == failed.signature for signature in tries)


@pytest.mark.nightly
def test_the_replicated_store_under_uvicorn_survives_a_partition_and_a_pause():
    pytest.importorskip("fastapi")
    pytest.importorskip("uvicorn")
    from examples.rest_store.system import SYSTEM as STORE

    cut = Fault("net.partition", 0.5, 0.5, "one", id="f1")
    result = on_processes(STORE, nodes=3, faults=(cut, PAUSE))
    assert result.validity is VALID, [v.reason for v in result.verdicts]


@pytest.mark.nightly
@pytest.mark.parametrize("bug", [None, "BOARD-01"])
def test_the_board_that_joins_once_stays_cut_in_two_where_udp_is_under_the_faults(bug):
    pytest.importorskip("kademlia")
    if (why := networks.unavailable()) is not None:
        pytest.skip(why)
    from examples.notice_board.system import SYSTEM as BOARD

    cut = Fault("net.partition", 0.5, 6.0, "n1", id="f1")  # longer than a call waits
    changes = {"ground": "namespaces", "nodes": 2, "faults": (cut,), "options": {"read": 0.02}}
    changes["time_limit"] = 8.0
    tries = (on_processes(BOARD, bug, **changes) for _ in range(TRIES))
    if bug is None:  # an answer takes hundreds of others, which a busy machine has no time for
        signature = next(
            made.signature for made in tries if not made.signature.startswith("progress")
        )
        assert signature == ""
    else:
        assert any(made.signature.startswith("set-full") for made in tries)


@pytest.mark.nightly
def test_what_the_simulation_found_of_the_board_fails_alike_on_networks_of_their_own():
    pytest.importorskip("kademlia")
    if (why := networks.unavailable()) is not None:
        pytest.skip(why)
    from examples.notice_board.system import SYSTEM as BOARD

    fails_alike(BOARD, "namespaces")
