"""Systems by name: ours, those of installed packages, and any by its import path."""

import subprocess
import sys

import pytest
from click.testing import CliRunner

from splitbrain.harness.commands.cli import main
from splitbrain.harness.plan import InvalidPlan, Plan
from splitbrain.systems import registry

KV = """
from splitbrain.harness.bug import Bug, planted
from splitbrain.harness.client import request
from splitbrain.harness.system import SINGLE_SERVER, System


class Store(dict):
    pass


class Forgetful(Store):
    def __setitem__(self, key, value):
        pass


class KvNode:
    store_class = Store

    def __init__(self, node):
        self.node, self.values = node, self.store_class()

    async def run(self):
        while True:
            source, (_, number, f, key, *value) = await self.node.network.receive()
            if f == "write":
                self.values[key] = value[0]
            self.node.network.send(source, ("reply", number, self.values.get(key)))


class KvClient:
    def __init__(self, node, server):
        self.node, self.server = node, server

    async def read(self, key):
        return (await request(self.node, self.server, "read", key))[0]

    async def write(self, key, value):
        await request(self.node, self.server, "write", key, value)


FORGETS = Bug(
    id="KV-01",
    title="nothing is written",
    server=planted(KvNode, store_class=Forgetful),
    workload="register",
    faults=(),
    nodes=1,
    seeds=1,
    shows=("stale-read",),
    source="ours",
)

SYSTEM = System(
    name="outside-kv",
    title="a store of somebody else's",
    server=KvNode,
    client=KvClient,
    workloads=("register",),
    nodes=1,
    sizes=SINGLE_SERVER,
    bugs=(FORGETS,),
)
"""


def forget(monkeypatch):
    """Look systems up as a new process would."""
    monkeypatch.setattr(registry.SYSTEMS, "_found", {})
    registry.SYSTEMS.__dict__.pop("_installed", None)


@pytest.fixture
def outside(tmp_path, monkeypatch):
    """A package in the working directory, that is not installed."""
    package = tmp_path / "outside"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "kv.py").write_text(KV)
    (package / "broken.py").write_text("\n1 / 0\n")
    (package / "script.py").write_text("import sys\nsys.exit(3)\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    forget(monkeypatch)
    yield tmp_path
    for name in [name for name in sys.modules if name.partition(".")[0] == "outside"]:
        del sys.modules[name]


@pytest.fixture
def installed(outside, monkeypatch):
    """The same package with an entry point."""
    info = outside / "outside-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: outside\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[splitbrain.systems]\noutside-kv = outside.kv:SYSTEM\n")
    monkeypatch.syspath_prepend(outside)
    forget(monkeypatch)
    yield info
    registry.SYSTEMS.__dict__.pop("_installed", None)


def splitbrain(*arguments):
    return CliRunner().invoke(main, arguments)


def test_every_system_has_the_name_it_is_registered_by():
    assert [registry.SYSTEMS[name].name for name in registry.SYSTEMS] == list(registry.SYSTEMS)


def test_no_two_bugs_have_one_id():
    ids = [bug.id for system in registry.SYSTEMS.values() for bug in system.bugs]

    assert len(ids) == len(set(ids)) == len(registry.bugs())


def test_only_the_system_that_is_asked_for_is_imported():
    code = (
        "import sys; from splitbrain.systems import registry; registry.SYSTEMS['leader-follower']; "
        "print([m for m in sys.modules if 'systems.transactions' in m or 'systems.consensus' in m])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"


def test_a_system_outside_is_run_and_replayed_by_its_import_path(outside):
    ran = splitbrain("run", "outside.kv:SYSTEM", "-t", "2s", "-f", "none")
    (folder,) = (outside / "runs").glob("*-*")
    replayed = splitbrain("replay", str(folder))

    assert ran.exit_code == 0, ran.output
    assert replayed.exit_code == 0, replayed.output
    assert "same trace, byte for byte" in replayed.output


def test_the_list_tells_the_name_by_which_an_installed_system_is_run(installed, monkeypatch):
    (installed / "entry_points.txt").write_text("[splitbrain.systems]\nours = outside.kv:SYSTEM\n")
    forget(monkeypatch)
    listed = splitbrain("list", "systems").output.splitlines()

    assert "ours" in [line.split()[0] for line in listed]
    assert splitbrain("run", "ours", "-t", "1s", "-f", "none").exit_code == 0


def test_a_bug_of_a_system_outside_is_found(outside):
    options = ["--bug", "KV-01", "-t", "2s", "-f", "none", "--shrink-budget", "0"]
    ran = splitbrain("run", "outside.kv:SYSTEM", *options)

    assert ran.exit_code == 1, ran.output
    assert "outside.kv:SYSTEM" in ran.output
    assert "stale" in ran.output
    assert "died" not in ran.output


def test_an_installed_system_has_a_name(installed):
    listed = splitbrain("list", "systems")
    bugs = splitbrain("list", "bugs")
    ran = splitbrain("run", "outside-kv", "-t", "2s", "-f", "none")

    assert "outside-kv" in listed.output
    assert "KV-01" in bugs.output
    assert ran.exit_code == 0, ran.output


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("rfat", "there is no system 'rfat': did you mean raft?"),
        ("nowhere.kv:SYSTEM", r"cannot be imported \(No module named 'nowhere'\)"),
        ("outside.script:SYSTEM", r"\(SystemExit: 3, .*script\.py:2\)"),
        ("outside.broken:SYSTEM", r"\(ZeroDivisionError: division by zero, .*broken\.py:2\)"),
        ("outside.kv:SYSTM", "outside.kv has no SYSTM"),
        ("outside.kv:Store", "outside.kv:Store is a type, not a System"),
    ],
)
def test_what_is_no_system_is_told_in_one_sentence(outside, name, message):
    with pytest.raises(InvalidPlan, match=message) as caught:
        registry.SYSTEMS.named(name)

    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("plan", "message"),
    [
        (
            Plan("two-phase-locking", "bank", nodes=3),
            r"two-phase-locking is a single server \(--nodes 1\): run it with that, not 3",
        ),
        (Plan("raft", "bank"), "raft has no client for the workload 'bank': it runs register"),
        (Plan("raft", "regster"), "no workload 'regster': did you mean register?"),
        (Plan("raft", "set", bug="TX-01"), "TX-01 is a bug of two-phase-locking, not of raft"),
        (Plan("raft", "set", bug="CON-1"), "there is no bug 'CON-1': did you mean CON-"),
        (Plan("transactions-summary", "bank", nodes=1, bug="X"), "has no planted bugs"),
    ],
)
def test_a_combination_that_makes_no_sense_is_refused(plan, message):
    with pytest.raises(InvalidPlan, match=message):
        registry.experiment(plan)
