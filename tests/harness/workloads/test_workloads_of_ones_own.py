"""A workload outside the repository: by import path and by entry point, run, told and replayed."""

import json
import sys

import pytest
from click.testing import CliRunner

from splitbrain.checkers.entries import Entries
from splitbrain.harness.commands.cli import main
from splitbrain.harness.plan import InvalidPlan
from splitbrain.harness.workloads import WORKLOADS, WorkloadKind
from splitbrain.reports import load_run
from splitbrain.reports.story import tell

LEASES = """
from splitbrain.checkers import linearizable, models
from splitbrain.harness.generators import mix
from splitbrain.harness.workloads import FinalRead, Method, Option, Words, WorkloadKind

async def perform(client, f, value):
    if f == "read":
        return await client.read("lease")
    await client.write("lease", value)
    return value

def operations(options):
    take = lambda context: {"f": "write", "value": context.random.randrange(options["holders"])}
    return mix(take, lambda context: {"f": "read"})

KIND = WorkloadKind(
    name="leases",
    description="one lease, and who has it",
    options=(Option("holders", 9, "how many there are", least=1),),
    methods=(
        Method("read", "read(key)", "reads", needed=True),
        Method("write", "write(key, value)", "takes", needed=True),
    ),
    perform=perform,
    operations=operations,
    final=lambda plan, options: [FinalRead("read", None)],
    checkers=lambda options, consistency: (linearizable(models.register()),),
    idempotent=frozenset({"read"}),
    words={"write": Words("takes the lease for {argument}")},
)
"""


@pytest.fixture
def module(tmp_path, monkeypatch):
    """A module of a user's in the current folder, which a script's path does not hold."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [path for path in sys.path if path not in ("", ".")])
    (tmp_path / "my_leases.py").write_text(LEASES)
    yield "my_leases"
    sys.modules.pop("my_leases", None)


def splitbrain(*arguments):
    return CliRunner().invoke(main, arguments)


def test_a_workload_is_named_by_its_import_path_run_and_replayed(module, tmp_path):
    ran = splitbrain("run", "raft", "-w", f"{module}:KIND", "-f", "kill", "-o", "holders=3")

    assert ran.exit_code == 0, ran.output
    (folder,) = (tmp_path / "runs").glob("*/")
    assert json.loads((folder / "plan.json").read_text())["workload"] == "my_leases:KIND"
    again = splitbrain("replay", str(folder))
    assert "same trace, byte for byte" in again.output
    del sys.modules[module]
    (tmp_path / "my_leases.py").unlink()  # a report needs no code of a user's
    assert splitbrain("report", str(folder)).exit_code == 0
    assert any("takes the lease for" in line.text for line in tell(load_run(folder)))


def test_a_workload_that_the_system_s_client_cannot_do_is_refused(module):
    refused = splitbrain("run", "two-phase-locking", "-w", f"{module}:KIND", "-n", "1")

    assert refused.exit_code == 2
    assert "workload leases needs write(key, value) for takes" in refused.output


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("no_such_module:KIND", "no_such_module cannot be imported"),
        ("my_leases:NOTHING", "my_leases has no NOTHING"),
        ("my_leases:perform", "my_leases:perform is a function, not a WorkloadKind"),
        ("regster", "there is no workload 'regster': did you mean register"),
        ("my_leases", "there is no workload 'my_leases'"),
    ],
)
def test_what_is_no_workload_is_told_in_one_sentence(module, name, message):
    refused = splitbrain("run", "raft", "-w", name)

    assert refused.exit_code == 2
    assert message in refused.output
    assert "Traceback" not in refused.output


def test_an_installed_package_adds_workloads_by_entry_points(module, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    metadata = tmp_path / "my_leases-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: my-leases\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(
        "[splitbrain.workloads]\nleases = my_leases:KIND\nregister = my_leases:KIND\n"
    )
    paths = {"register": "splitbrain.harness.workloads.objects.registers:KIND"}
    entries = Entries("workload", WorkloadKind, paths, "splitbrain.workloads", error=InvalidPlan)

    assert list(entries) == ["register", "leases"]
    assert entries["leases"].name == "leases"
    assert entries["register"] is WORKLOADS["register"]  # ours go before others of their name
    with pytest.raises(InvalidPlan, match="did you mean leases"):
        entries.named("lease")


def test_workloads_are_imported_when_they_are_looked_up():
    paths = {"a": "no_such_module:KIND"}
    entries = Entries("thing", WorkloadKind, paths, "splitbrain.nothing", error=InvalidPlan)

    assert list(entries) == ["a"]
    with pytest.raises(InvalidPlan, match="thing 'a': no_such_module cannot be imported"):
        entries["a"]
