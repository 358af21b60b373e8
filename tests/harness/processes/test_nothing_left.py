"""Whatever the harness dies of, no process and no file of a run is left, and its history reads."""

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from random import Random
from uuid import uuid4

import pytest

from splitbrain.checkers.history import read_jsonl
from splitbrain.harness.processes import pids, vdso
from splitbrain.harness.processes.files import questions, rooms
from splitbrain.harness.processes.network import networks

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="the ground needs Linux"),
]

MARK = "SPLITBRAIN_TEST_MARK"
PATIENCE_S = 120.0

OPTIONS = ("run", "-q", "--time-limit", "20s", "--rate", "50")
AS_EVER = ("-m", "splitbrain")
VICTIMS = (("harness",), ("keeper",), ("harness", "keeper"))
WITHOUT_PIDS = (
    "-c",
    "from splitbrain.harness.commands.cli import main\n"
    "from splitbrain.harness.processes import pids\n"
    "pids.unavailable = lambda: 'not here'\n"
    "main()",
)
"""As where the kernel lets nobody have a pid namespace."""

RAFT = ("raft", "--ground", "processes")
PLAIN = (*RAFT, "--faults", "kill,pause,partition")
WITH_RIGHTS = (*RAFT, "--faults", "kill,terminate,bump,no-room,slow-disk", "--seed", "6")
"""Draws all five of them: a mount for each server, and processes that are traced and held up."""
LOSING_POWER = (*RAFT, "--faults", "power-loss,kill")
IN_NETWORKS = (
    "forwarding_system.py",
    "--ground",
    "namespaces",
    "--faults",
    "kill,partition,latency,duplicate",
)
ESCAPE = ("escaping_system.py", "--ground", "processes", "--faults", "pause,partition")
"""No kill among them: each start leaves one more behind."""

LINUX = sys.platform == "linux"
TROUBLES = (
    rooms.unavailable() or vdso.unavailable() or networks.unavailable() or questions.unavailable()
    if LINUX
    else "no Linux"
)
NO_PIDS = pids.unavailable() if LINUX else "no Linux"

needs_rights = pytest.mark.skipif(TROUBLES is not None, reason=str(TROUBLES))
needs_pids = pytest.mark.skipif(NO_PIDS is not None, reason=str(NO_PIDS))


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

    def __init__(self, folder, words, start=AS_EVER):
        self.folder, self.mark = folder, uuid4().hex
        (folder / "tmp").mkdir()
        self.interfaces = interfaces()
        places = {MARK: self.mark, "TMPDIR": str(folder / "tmp"), "PYTHONPATH": os.getcwd()}
        self.process = subprocess.Popen(
            (sys.executable, *start, *OPTIONS, "--runs", str(folder / "runs"), *words),
            cwd=Path(__file__).parent,  # where systems are named by their files
            env={**os.environ, **places},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )

    def has_nodes(self):
        """Warden and keeper are there, and five servers below."""
        return (keeper := self.keeper()) is not None and len(children_of(keeper)) >= 5

    def has_escaped(self):
        """How many processes have left the group and the session of their server."""
        lines = [words_of(pid) for pid in marked(self.mark)]
        return len([words for words in lines if words[-1:] == [b"escaped"]])

    def keeper(self):
        """The child of the child, if it is there."""
        for warden in children_of(self.process.pid):
            for keeper in children_of(warden):
                return keeper
        return None

    def kill(self, *victims):
        """SIGKILL to all of them at once, as far as that goes."""
        warden = next(iter(children_of(self.process.pid)), None)
        pids = {"harness": self.process.pid, "warden": warden, "keeper": self.keeper()}
        for victim in victims:
            if pids[victim] is not None:
                with suppress(ProcessLookupError):
                    os.kill(pids[victim], signal.SIGKILL)

    def nothing_left(self):
        mounts = Path("/proc/self/mounts").read_text()
        files = list((self.folder / "tmp").iterdir())
        clean = not files and str(self.folder) not in mounts and interfaces() == self.interfaces
        return clean and not marked(self.mark)

    def histories(self):
        return list(self.folder.glob("runs/*/history.jsonl"))


def words_of(pid):
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[:-1]
    except OSError:
        return []


@pytest.fixture
def harness(tmp_path, request):
    running = Harness(tmp_path, *getattr(request, "param", (PLAIN,)))
    yield running
    for pid in marked(running.mark):
        with suppress(ProcessLookupError):
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
@pytest.mark.parametrize("victim", ["keeper", "warden"])
def test_when_one_above_the_nodes_is_killed_they_end_and_the_run_says_so(harness, victim):
    assert until(harness.has_nodes)
    harness.kill(victim)
    _, said = harness.process.communicate(timeout=PATIENCE_S)
    assert harness.process.returncode == 2, said.decode()
    assert "the keeper of the nodes' processes has ended" in said.decode()
    assert until(harness.nothing_left), marked(harness.mark)


BOTH_WAYS = [
    pytest.param((ESCAPE,), id="own-pids", marks=needs_pids),
    pytest.param((ESCAPE, WITHOUT_PIDS), id="without", marks=pytest.mark.nightly),
]


@pytest.mark.parametrize("harness", BOTH_WAYS, indirect=True)
@pytest.mark.parametrize(
    "victims",
    [
        ("harness", "keeper"),
        pytest.param(("harness",), marks=pytest.mark.nightly),
        pytest.param(("keeper",), marks=pytest.mark.nightly),
        pytest.param(("warden",), marks=pytest.mark.nightly),
        pytest.param(("harness", "warden"), marks=pytest.mark.nightly),
    ],
    ids="-and-".join,
)
def test_who_has_left_his_server_ends_too(harness, victims):
    assert until(lambda: harness.has_escaped() == 3)
    harness.kill(*victims)
    assert until(harness.nothing_left), marked(harness.mark)


@pytest.mark.nightly
@needs_pids
@pytest.mark.parametrize("harness", [(ESCAPE,)], indirect=True, ids=["own-pids"])
def test_where_there_are_pid_namespaces_no_process_is_left_if_all_above_are_killed(harness):
    assert until(lambda: harness.has_escaped() == 3)
    harness.kill("harness", "warden", "keeper")
    assert until(lambda: not marked(harness.mark))  # the directory is left: nobody is there


@pytest.mark.nightly
@needs_pids
@pytest.mark.parametrize("harness", [(ESCAPE,)], indirect=True, ids=["own-pids"])
def test_servers_see_their_own_numbers_and_all_of_them(harness):
    """Who looks itself up in `/proc` by its number finds itself."""
    assert until(lambda: harness.has_escaped() == 3)
    spaces = {os.readlink(f"/proc/{pid}/ns/pid") for pid in children_of(harness.keeper())}
    assert len(spaces) == 1
    assert spaces != {os.readlink("/proc/self/ns/pid")}
    server = children_of(harness.keeper())[-1]
    seen = [int(name) for name in os.listdir(f"/proc/{server}/root/proc") if name.isdigit()]
    assert 1 in seen
    assert len(seen) == 10  # first, three nodes, their programs, and who has left these


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
@pytest.mark.parametrize("harness", [(WITH_RIGHTS,)], indirect=True, ids=["with-rights"])
def test_a_kill_leaves_no_mount(harness):
    assert until(harness.has_nodes)
    assert until(lambda: any(file.stat().st_size > 2000 for file in harness.histories()))
    assert mounts_of(harness.keeper()).count("splitbrain-nodes-") == 5
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
        pytest.param((PLAIN,), id="plain"),
        pytest.param((WITH_RIGHTS,), marks=needs_rights, id="with-rights"),
        pytest.param((LOSING_POWER,), marks=needs_rights, id="losing-power"),
        pytest.param((IN_NETWORKS,), marks=needs_rights, id="in-networks"),
        pytest.param((ESCAPE,), marks=needs_pids, id="escaping"),
        pytest.param((ESCAPE, WITHOUT_PIDS), id="escaping-without-pids"),
    ],
    indirect=True,
)
def test_a_kill_at_any_moment_leaves_nothing(harness, moment):
    victims = VICTIMS[moment % 3]
    time.sleep(Random(moment).uniform(0.0, 8.0))  # the moment is what is tried
    assert harness.process.poll() is None, harness.process.communicate()
    if harness.keeper() is None:
        victims = ("harness",)  # it is too early for anybody else
    harness.kill(*victims)
    if "harness" not in victims:
        harness.process.communicate(timeout=PATIENCE_S)
    assert until(harness.nothing_left), marked(harness.mark)
    for file in harness.histories():
        read_jsonl(file)
