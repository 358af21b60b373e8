"""Whatever the harness dies of, no process and no file of a run is left, and its history reads."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from random import Random
from uuid import uuid4

import pytest

from splitbrain.checkers.history import read_jsonl
from splitbrain.harness.processes import networks, rooms, syncs, vdso

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="the ground needs Linux"),
]

MARK = "SPLITBRAIN_TEST_MARK"
PATIENCE_S = 20.0

COMMAND = (
    *(sys.executable, "-m", "splitbrain", "run", "-q"),
    *("--time-limit", "20s", "--rate", "50", "--runs", "runs"),
)
RAFT = ("raft", "--ground", "processes")
PLAIN = (*RAFT, "--faults", "kill,pause,partition")
WITH_RIGHTS = (*RAFT, "--faults", "kill,terminate,bump,no-room,slow-disk", "--seed", "6")
"""Draws all five of them: a mount for each server, and processes that are traced and held up."""
STORE = str(Path(__file__).with_name("forwarding_system.py"))
IN_NETWORKS = (STORE, "--ground", "namespaces", "--faults", "kill,partition,latency,duplicate")

TROUBLES = (
    rooms.unavailable() or vdso.unavailable() or networks.unavailable() or syncs.unavailable()
    if sys.platform == "linux"
    else "no Linux"
)

needs_rights = pytest.mark.skipif(TROUBLES is not None, reason=str(TROUBLES))


def marked(mark):
    """The processes that have inherited a mark from the harness."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if f"{MARK}={mark}".encode() in (entry / "environ").read_bytes():
                    found.append(int(entry.name))
            except OSError:
                continue  # it has ended, or is somebody else's
    return found


def interfaces():
    """The machine's network has these; those of servers are elsewhere."""
    return os.listdir("/sys/class/net")


def until(true):
    """Wait for something that happens soon."""
    end = time.monotonic() + PATIENCE_S
    while not true():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


class Harness:
    """A run by the command line, in a process that the test may end."""

    def __init__(self, folder, words):
        self.folder, self.mark = folder, uuid4().hex
        (folder / "tmp").mkdir()
        self.interfaces = interfaces()
        places = {MARK: self.mark, "TMPDIR": str(folder / "tmp"), "PYTHONPATH": os.getcwd()}
        self.process = subprocess.Popen(
            (*COMMAND, *words),
            cwd=folder,
            env={**os.environ, **places},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )

    def has_nodes(self):
        """Harness, keeper and five servers are there."""
        return len(marked(self.mark)) == 7

    def nothing_left(self):
        mounts = Path("/proc/self/mounts").read_text()
        files = list((self.folder / "tmp").iterdir())
        clean = not files and str(self.folder) not in mounts and interfaces() == self.interfaces
        return clean and not marked(self.mark)

    def histories(self):
        return list(self.folder.glob("runs/*/history.jsonl"))


@pytest.fixture
def harness(tmp_path, request):
    running = Harness(tmp_path, getattr(request, "param", PLAIN))
    yield running
    for pid in marked(running.mark):
        os.kill(pid, signal.SIGKILL)
    running.process.communicate()


@pytest.mark.parametrize(
    "number",
    [
        signal.SIGKILL,
        pytest.param(signal.SIGTERM, marks=pytest.mark.nightly),
        pytest.param(signal.SIGHUP, marks=pytest.mark.nightly),
    ],
)
def test_a_signal_that_ends_the_harness_ends_all(harness, number):
    assert until(harness.has_nodes)
    assert until(lambda: any(file.stat().st_size > 2000 for file in harness.histories()))
    harness.process.send_signal(number)
    assert until(harness.nothing_left), marked(harness.mark)
    (file,) = harness.histories()
    assert len(read_jsonl(file)) > 10


def test_ctrl_c_ends_all_and_says_what_is_kept(harness):
    assert until(harness.has_nodes)
    harness.process.send_signal(signal.SIGINT)
    _, said = harness.process.communicate(timeout=PATIENCE_S)
    assert harness.process.returncode == 130
    assert "interrupted; what was recorded is kept" in said.decode()
    assert harness.nothing_left()


@pytest.mark.nightly
def test_when_the_keeper_is_killed_the_nodes_end_and_the_run_says_so(harness):
    assert until(harness.has_nodes)
    (keeper,) = children_of(harness.process.pid)
    os.kill(keeper, signal.SIGKILL)
    _, said = harness.process.communicate(timeout=PATIENCE_S)
    assert harness.process.returncode == 2
    assert "the keeper of the nodes' processes has ended" in said.decode()
    assert until(lambda: not marked(harness.mark))


def children_of(parent):
    stats = {int(entry.name): entry / "stat" for entry in Path("/proc").glob("[0-9]*")}
    found = []
    for pid, stat in stats.items():
        try:
            fields = stat.read_text(errors="replace").rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == parent:
            found.append(pid)
    return found


@pytest.mark.nightly
@needs_rights
@pytest.mark.parametrize("harness", [WITH_RIGHTS], indirect=True, ids=["with-rights"])
def test_a_kill_leaves_no_mount(harness):
    assert until(harness.has_nodes)
    assert until(lambda: any(file.stat().st_size > 2000 for file in harness.histories()))
    keeper = next(pid for pid in marked(harness.mark) if "splitbrain" in mounts_of(pid))
    assert mounts_of(keeper).count("splitbrain-nodes-") == 5
    harness.process.kill()
    assert until(harness.nothing_left), marked(harness.mark)


def mounts_of(pid):
    try:
        return Path(f"/proc/{pid}/mounts").read_text()
    except OSError:
        return ""


@pytest.mark.nightly
@pytest.mark.parametrize("moment", range(50))
@pytest.mark.parametrize(
    "harness",
    [
        pytest.param(PLAIN, id="plain"),
        pytest.param(WITH_RIGHTS, marks=needs_rights, id="with-rights"),
        pytest.param(IN_NETWORKS, marks=needs_rights, id="in-networks"),
    ],
    indirect=True,
)
def test_a_kill_at_any_moment_leaves_nothing(harness, moment):
    time.sleep(Random(moment).uniform(0.0, 8.0))  # the moment is what is tried
    harness.process.kill()
    assert until(harness.nothing_left), marked(harness.mark)
    for file in harness.histories():
        read_jsonl(file)
