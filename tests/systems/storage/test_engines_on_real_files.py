"""The same engines on the real file system: a process that is killed loses nothing that it said was
durable."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from engines import ENGINES
from real_writer import batch
from store_driver import applied, contents, done, opened

from splitbrain.harness.directory_disk import DirectoryDisk

WRITER = Path(__file__).with_name("real_writer.py")


def killed(name, folder, first, acknowledged):
    """Let a process write from batch `first` on, and kill it when it has acknowledged so many; the
    number of the last one that it did."""
    paths = os.pathsep.join(path for path in sys.path if path)
    writer = subprocess.Popen(
        [sys.executable, str(WRITER), name, str(folder), str(first)],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": paths},
    )
    with writer:
        lines = [writer.stdout.readline() for _ in range(acknowledged)]
        os.kill(writer.pid, signal.SIGKILL)
        lines += writer.stdout.readlines()
    assert writer.returncode == -signal.SIGKILL
    whole = [line for line in lines if line.endswith(b"\n")]
    return int(whole[-1])


def reopened(name, folder):
    with DirectoryDisk(folder) as disk:
        engine = opened(ENGINES[name], disk)
        assert engine.verify() == []
        return contents(engine)


def check(name, folder, kills, acknowledged):
    state, first = {}, 0
    for _ in range(kills):
        last = killed(name, folder, first, acknowledged)
        state = applied(state, [batch(number) for number in range(first, last + 1)])
        found = reopened(name, folder)
        one_more = applied(state, [batch(last + 1)])
        assert found in (state, one_more)
        first = last + (1 if found == state else 2)
        state = found


@pytest.mark.parametrize("name", ENGINES)
def test_a_killed_process_loses_nothing(name, tmp_path):
    check(name, tmp_path, kills=1, acknowledged=90)


@pytest.mark.nightly
@pytest.mark.parametrize("name", ENGINES)
def test_a_process_that_is_killed_again_and_again_loses_nothing(name, tmp_path):
    check(name, tmp_path, kills=5, acknowledged=60)


@pytest.mark.parametrize("name", ENGINES)
def test_files_are_the_same_on_the_real_and_the_simulated_disk(name, tmp_path):
    from store_driver import DrivenDisk

    with DirectoryDisk(tmp_path) as real:
        simulated = DrivenDisk()
        for disk in (real, simulated):
            engine = opened(ENGINES[name], disk)
            for number in range(60):
                done(engine.write([batch(number)]))
                done(engine.settle())
            done(engine.flush())
        files = [{path: disk.read(path) for path in disk.list()} for disk in (real, simulated)]
        assert files[0] == files[1]
