"""What simulated workers make amid crashes is what the same programs make on real executors."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from random import Random

import pytest
from local_cluster import dask_executor

from splitbrain.harness import Plan, run
from splitbrain.harness.planning import draw
from splitbrain.systems import registry
from splitbrain.systems.batch.dataflow import local as dataflow
from splitbrain.systems.batch.mapreduce import local as mapreduce

LOCAL = {"mapreduce": mapreduce.run_locally, "dataflow": dataflow.run_locally}


def ended(system, workload, seed):
    """What succeeded in a run with crashes and slow messages."""
    plan = Plan(system, workload, nodes=4, seed=seed, time_limit=3.0, rate=20.0)
    result = run(registry.experiment(draw(plan, "process.kill,net.latency")), tracing=False)
    return [call for call in result.history.calls() if call.outcome == "ok"]


def rows(output):
    return [[*map(plain, row)] for row in output]


def plain(value):
    return list(value) if isinstance(value, tuple) else value


@pytest.mark.parametrize(
    ("system", "workload"),
    [
        ("mapreduce", "batch"),
        pytest.param("dataflow", "wordcount", marks=pytest.mark.slow),
        pytest.param("dataflow", "sessionise", marks=pytest.mark.slow),
    ],
)
def test_simulated_workers_make_what_threads_make(system, workload):
    jobs = [call for call in ended(system, workload, 1) if call.f == "run"]
    assert len(jobs) > 5
    with ThreadPoolExecutor(2) as pool:
        for job in jobs:
            _, function, text = job.argument
            assert rows(LOCAL[system](pool, function, text)) == job.result


@pytest.mark.slow
def test_simulated_workers_join_what_threads_join():
    calls = ended("dataflow", "join", 1)
    added = {call.result[-1]: tuple(call.argument) for call in calls if call.f == "add"}
    compared = 0
    with ThreadPoolExecutor(2) as pool:
        for job in (call for call in calls if call.f == "run"):
            _, algorithm, text = job.argument
            versions = range(1, job.result["version"] + 1)
            if all(version in added for version in versions):
                table = tuple(added[version] for version in versions)
                made = dataflow.run_locally(pool, algorithm, text, table)
                assert rows(made) == job.result["rows"]
                compared += bool(made)
    assert compared > 5


def text(random):
    return "".join(f"k{random.randrange(5)} {random.randrange(100)}\n" for _ in range(40))


def on(executor):
    """Jobs of MapReduce with splits and parts of several sizes."""
    given = text(Random(2))
    return [
        mapreduce.run_locally(executor, function, given, split, reducers)
        for function in ("count", "mean")
        for split, reducers in ((7, 1), (50, 3), (1000, 2))
    ]


def test_a_job_gives_the_same_whatever_its_splits_and_parts():
    with ThreadPoolExecutor(2) as threads:
        counts, means = (set(map(str, found)) for found in (on(threads)[:3], on(threads)[3:]))
    assert len(counts) == len(means) == 1


@pytest.mark.slow
def test_processes_give_what_threads_give():
    with ThreadPoolExecutor(2) as threads, ProcessPoolExecutor(2) as processes:
        assert on(processes) == on(threads)


@pytest.mark.slow
def test_a_dask_cluster_gives_what_threads_give():
    with dask_executor() as cluster, ThreadPoolExecutor(2) as threads:
        assert on(cluster) == on(threads)
