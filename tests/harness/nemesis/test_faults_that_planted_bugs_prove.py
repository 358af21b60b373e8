"""Clocks, duplication, disks, clients, services and versions each find a bug that does not show
without them.

The planted bugs of the systems are found by other faults; the ones below by these. Each is a few
lines, valid without faults, and invalid within a few seeds of its fault.
"""

from __future__ import annotations

import pytest
from faulty_copies import (
    BlindLog,
    CacheClient,
    Impatient,
    ImpatientClient,
    LeasedCache,
    LessImpatient,
    LogClient,
    MirrorClient,
    PolledLog,
    Trusting,
    WallClockCache,
)
from faulty_lists import (
    Fallible,
    Keeper,
    LockAndList,
    Migrating,
    Overflowing,
    RemembersTheLast,
    Retrying,
    Rewriter,
    Unheeding,
    Worker,
)

from splitbrain.harness import Plan
from splitbrain.harness.nemesis.catalogue import KINDS
from splitbrain.harness.plan import Fault
from splitbrain.harness.planning import draw
from splitbrain.harness.runs.running import run
from splitbrain.harness.searching.seeds import search
from splitbrain.harness.workloads import register, set_
from splitbrain.systems.registry import bugs


def unheeding(server, plan):
    return plan.using(server, set_(Unheeding))


def impatient(server, plan):
    return plan.using(server, register(ImpatientClient, keys=1))


def trusting(server, plan):
    return plan.using(server, register(ImpatientClient, keys=3))


def mirrored(server, plan):
    return plan.using(server, register(MirrorClient, keys=3))


def worker(server, plan):
    return plan.using(server, set_(Worker))


def rewriter(server, plan):
    return plan.using(server, set_(Rewriter))


def retrying(server, plan):
    return plan.using(server, set_(Retrying))


def cache(server, plan):
    return plan.using(server, register(CacheClient, keys=1))


def log(server, plan):
    return plan.using(server, set_(LogClient))


CASES = [
    # fault, server, experiment, what it looks like, the first seed that finds it
    ("clock.drift", LeasedCache, cache, "linearizable(cas-register)/", 15),
    ("clock.bump", WallClockCache, cache, "linearizable(cas-register)/", 0),
    ("clock.strobe", PolledLog, log, "set-full/lost", 0),
    ("clock.freeze", WallClockCache, cache, "linearizable(cas-register)/", 0),
    ("clock.backward", PolledLog, log, "set-full/lost", 0),
    ("clock.slew", WallClockCache, cache, "linearizable(cas-register)/", 14),
    ("clock.leap", WallClockCache, cache, "linearizable(cas-register)/", 0),
    ("net.duplicate", BlindLog, log, "set-full/duplicated", 0),
    ("disk.slow", Impatient, impatient, "linearizable(cas-register)/", 0),
    ("disk.stall", LessImpatient, impatient, "linearizable(cas-register)/", 0),
    ("disk.fsync_error,process.power_loss", Trusting, trusting, "linearizable(cas-register)/", 13),
    ("disk.eio", Trusting, trusting, "linearizable(cas-register)/", 1),
    ("disk.enospc", Trusting, trusting, "linearizable(cas-register)/", 0),
    ("disk.short_io", Trusting, trusting, "linearizable(cas-register)/", 0),
    ("disk.lost_write", Trusting, trusting, "linearizable(cas-register)/", 0),
    ("disk.misdirected", Trusting, trusting, "linearizable(cas-register)/", 0),
    ("disk.stale_read", Trusting, trusting, "linearizable(cas-register)/", 2),
    ("disk.bitrot", Trusting, trusting, "linearizable(cas-register)/", 9),
    ("disk.truncate", Trusting, trusting, "linearizable(cas-register)/", 0),
    ("disk.helix", Trusting, mirrored, "linearizable(cas-register)/", 1),
    ("client.kill", LockAndList, rewriter, "set-full/lost", 0),
    ("client.pause", LockAndList, worker, "set-full/lost", 0),
    ("service.answers_lost", Keeper, retrying, "set-full/duplicated", 1),
    ("service.error_fast", Fallible, unheeding, "set-full/lost", 0),
    ("service.slow", Keeper, retrying, "set-full/duplicated", 0),
    ("service.load_spike", Overflowing, retrying, "set-full/lost", 0),
    ("version.upgrade", Migrating, retrying, "set-full/lost", 0),
    ("version.rollback", Migrating, retrying, "set-full/lost", 0),
    ("client.partition", Keeper, retrying, "set-full/duplicated", 1),
    ("client.duplicate", Keeper, retrying, "set-full/duplicated", 0),
]

ELSEWHERE = {"member.dead", *(kind.id for kind in KINDS if kind.apart)}
"""The first finds who needs the dead, in ``tests/harness/runs/test_liveness.py``; those of real
processes find in ``tests/harness/processes`` what they must, those of connections, of tasks' order
and of rare branches in ``tests/harness/programs``."""


def test_every_kind_of_fault_has_a_bug_that_it_finds():
    shown = {kind for faults, *_ in CASES for kind in faults.split(",")}
    shown.update(kind for _, bug in bugs().values() for kind in bug.faults)

    assert shown | ELSEWHERE == {kind.id for kind in KINDS}


def hunt(server, experiment, faults, seeds):
    plan = Plan("", "", nodes=2, time_limit=6.0, rate=120.0)
    return search(lambda seed: experiment(server, draw(plan.with_(seed=seed), faults)), seeds)


@pytest.mark.parametrize(("fault", "server", "experiment", "shows", "seed"), CASES)
def test_the_fault_finds_the_bug(fault, server, experiment, shows, seed):
    found = hunt(server, experiment, fault, [seed])

    assert found.failure is not None
    assert found.failure.signature.startswith(shows)


@pytest.mark.slow
@pytest.mark.parametrize(("fault", "server", "experiment", "shows", "seed"), CASES)
def test_it_finds_it_within_twenty_seeds(fault, server, experiment, shows, seed):
    found = hunt(server, experiment, fault, range(20))

    assert found.failure is not None
    assert found.failure.plan.seed == seed


def test_only_copies_that_come_late_find_who_remembers_one_request_of_each():
    def first_invalid(later):
        fault = Fault("client.duplicate", 0.5, 5.0, "all", {"probability": 0.5, "later": later})
        plan = Plan("", "", nodes=2, time_limit=6.0, rate=20.0, clients=2, faults=(fault,))
        made = [retrying(RemembersTheLast, plan.with_(seed=seed)) for seed in range(3)]
        return [run(one, tracing=False).signature for one in made]

    assert first_invalid(0.0) == [""] * 3
    assert first_invalid(0.4) == ["set-full/duplicated"] * 3


@pytest.mark.parametrize(("fault", "server", "experiment", "shows", "seed"), CASES)
def test_without_faults_the_bug_does_not_show(fault, server, experiment, shows, seed):
    found = hunt(server, experiment, "none", range(seed, seed + 4))

    assert (found.valid, found.failure) == (4, None)
