"""Hunts on a real Dask cluster of this machine: workers die, the scheduler starts anew, and each
seed is counted once."""

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import pytest
from hunted import target

from splitbrain.harness.hunting.dask_cluster import cluster
from splitbrain.harness.hunting.hunt import Crew, Hunt, Limits
from splitbrain.harness.hunting.memory import Memory
from splitbrain.harness.hunting.pool import local
from splitbrain.harness.runs.folders import StoreError

pytest.importorskip("distributed", reason="needs the extra: pip install 'splitbrain[dask]'")
pytestmark = pytest.mark.nightly

RUNS = 240
HERE = Path(__file__).parent


class Cluster:
    """A scheduler and workers, each a process with its own life."""

    def __init__(self, folder):
        self._folder = folder
        with socket.socket() as found:
            found.bind(("127.0.0.1", 0))
            self.address = f"tcp://127.0.0.1:{found.getsockname()[1]}"
        self.scheduler = None
        self.workers = []

    def start(self, workers=2):
        port = self.address.rpartition(":")[2]
        self.scheduler = self._process("scheduler", "--host", "127.0.0.1", "--port", port)
        while True:
            try:
                socket.create_connection(("127.0.0.1", int(port)), timeout=1).close()
                break
            except OSError:
                assert self.scheduler.poll() is None
                time.sleep(0.1)
        for _ in range(workers):
            self.add_worker()

    def add_worker(self):
        words = ("--nthreads", "1", "--no-nanny", "--host", "127.0.0.1", "--death-timeout", "60")
        self.workers.append(self._process("worker", self.address, *words))

    def _process(self, role, *words):
        with (self._folder / "cluster.log").open("a") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "distributed.cli.dask_" + role, "--no-dashboard", *words],
                stdout=log,
                stderr=log,
                cwd=self._folder,
                env={**os.environ, "PYTHONPATH": os.pathsep.join([*map(str, sys.path), str(HERE)])},
            )

    def kill(self, process):
        process.send_signal(signal.SIGKILL)
        process.wait()

    def end(self):
        for process in [*self.workers, self.scheduler]:
            if process is not None and process.poll() is None:
                self.kill(process)


@pytest.fixture
def dask(tmp_path):
    made = Cluster(tmp_path)
    try:
        made.start()
        yield made
    finally:
        made.end()


@pytest.fixture
def hunting(tmp_path, dask, monkeypatch):
    """Hunt on the cluster; ``midway(count)`` is called now and then with the runs so far."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(map(str, sys.path)))

    def go(midway=lambda runs: None):
        memory = Memory(tmp_path / "hunt.db")
        limits = Limits(None, RUNS, shrink_budget=20)
        targets = [target("durable"), target("forgetful")]
        hunt = Hunt(targets, memory, runs=str(tmp_path), limits=limits)
        with ExitStack() as stack:
            here, other = (stack.enter_context(local(1, seed)) for seed in (0, 1))
            there = stack.enter_context(cluster(dask.address))
            hunt.go(Crew(there, here, other), lambda hunt: midway(hunt.count.runs))
        return hunt, memory

    return go


def each_seed_once(hunt, memory):
    seeds = memory._db.execute("select cell, seed from runs order by cell, seed").fetchall()
    wanted = [(cell, seed) for cell in ("durable", "forgetful") for seed in range(RUNS // 2)]
    broken = memory._db.execute("select * from runs where validity = 'error'").fetchall()
    assert broken == []
    assert seeds == wanted
    assert hunt.count.runs == RUNS
    assert hunt.count.errors == 0
    (group,) = hunt.groups.values()
    assert group.target == "forgetful"
    assert group.times == hunt.count.failing > 1
    assert (Path(group.folder) / "shrunk" / "plan.json").exists()


def once(action, after):
    """Do something once so many runs were counted."""
    done = []

    def midway(runs):
        if runs >= after and not done:
            done.append(runs)
            action()

    midway.done = done
    return midway


def test_a_cluster_does_what_this_machine_would(hunting):
    each_seed_once(*hunting())


def test_a_worker_that_is_killed_half_way_costs_nothing(hunting, dask):
    def kill_one():
        dask.kill(dask.workers[0])
        dask.add_worker()

    midway = once(kill_one, RUNS // 4)
    each_seed_once(*hunting(midway))
    assert midway.done


def test_a_scheduler_that_starts_anew_costs_nothing(hunting, dask):
    def restart():
        dask.end()
        dask.start()

    midway = once(restart, RUNS // 4)
    each_seed_once(*hunting(midway))
    assert midway.done


def test_where_no_scheduler_is_one_sentence_says_so(monkeypatch):
    monkeypatch.setattr("splitbrain.harness.hunting.dask_cluster.CONNECTING_S", 1)
    with pytest.raises(StoreError, match="no Dask scheduler answers at"):
        cluster("tcp://127.0.0.1:9")
