"""What is installed: one package, `splitbrain`, that takes no name from a user's own project."""

import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SERVICE = (ROOT / "tests" / "harness" / "small_register.py").read_text(encoding="utf-8")

pytestmark = pytest.mark.slow

OWN = {
    "harness/__init__.py": "NAME = 'our test benches'\n",
    "reports/__init__.py": "raise RuntimeError('the reports of the project, not of a test')\n",
    "systems/__init__.py": "",
    "checkers.py": "",
    "my_service.py": SERVICE,
    "test_own.py": """
import sys

import pytest

import harness
from my_service import Client, Durable, Forgetful
from splitbrain import Violation, faults, simulate
from splitbrain.harness.workloads import register


def test_the_projects_own_package_is_its_own():
    assert harness.NAME == "our test benches"


@simulate(nodes=1, runs=2, faults=faults.swarm("kill"))
def test_durable(plan):
    return plan.using(Durable, register(Client))


@simulate(nodes=1, runs=20, faults=faults.swarm("kill"))
def forgetful(plan):
    return plan.using(Forgetful, register(Client))


def test_a_violation_is_told():
    with pytest.raises(Violation, match="INVALID"):
        forgetful()


def test_nothing_is_imported_twice():
    files = {}
    for name, module in sorted(sys.modules.items()):
        if getattr(module, "__file__", None) and name.startswith("splitbrain"):
            files.setdefault(module.__file__, []).append(name)
    assert files
    assert [names for names in files.values() if len(names) > 1] == []
""",
}


def run(*command, cwd, **environment):
    done = subprocess.run(
        [sys.executable, *map(str, command)],
        cwd=cwd,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel, made from the source distribution, as an index would get both."""
    pytest.importorskip("hatchling")
    folder = tmp_path_factory.mktemp("dist")
    run("-m", "hatchling", "build", "-t", "sdist", "-d", folder, cwd=ROOT)
    (source,) = folder.glob("*.tar.gz")
    with tarfile.open(source) as archive:
        archive.extractall(folder, filter="data")
    (unpacked,) = (path for path in folder.iterdir() if path.is_dir())
    run("-m", "hatchling", "build", "-t", "wheel", "-d", folder, cwd=unpacked)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    run("-m", "pip", "install", "-q", "--no-deps", "--target", folder, wheel, cwd=folder)
    return folder


def test_it_holds_every_module_and_nothing_else(wheel):
    names = [name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name]
    ours = {
        f"splitbrain/{path.relative_to(ROOT).as_posix()}"
        for floor in ("checkers", "harness", "systems", "reports")
        for path in (ROOT / floor).rglob("*.py")
    } | {f"splitbrain/{path.name}" for path in (ROOT / "splitbrain").glob("*.py")}

    assert {name for name in names if name.endswith(".py")} == ours
    assert {name.partition("/")[0] for name in names} == {"splitbrain"}
    assert "splitbrain/py.typed" in names
    assert "splitbrain/reports/templates/report.html.j2" in names


def test_a_project_may_have_packages_of_the_same_names(installed, tmp_path):
    for name, text in OWN.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    path = os.pathsep.join([str(installed), str(tmp_path)])

    told = run("-m", "pytest", "-q", "-p", "no:cacheprovider", cwd=tmp_path, PYTHONPATH=path)
    assert "4 passed" in told
    where = "import splitbrain.reports as r; print(r.__file__)"
    assert str(installed) in run("-c", where, cwd=tmp_path, PYTHONPATH=path)


def test_it_runs_as_a_module(installed, tmp_path):
    told = run("-m", "splitbrain", "list", "systems", cwd=tmp_path, PYTHONPATH=str(installed))
    assert "raft" in told
