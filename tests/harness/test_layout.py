"""How the harness hangs together: types that can be looked up, a plan that knows no code."""

import ast
import importlib
import subprocess
import sys
from dataclasses import fields
from pathlib import Path
from types import ModuleType
from typing import get_type_hints

import pytest

from splitbrain.harness import Plan, shrinking
from splitbrain.harness.runs import investigating, running, store
from splitbrain.harness.searching import seeds
from splitbrain.harness.workloads.workload import Experiment, Workload


@pytest.mark.parametrize(
    "function",
    [
        investigating.investigate,
        running.run,
        running.judge,
        seeds.search,
        shrinking.shrink,
        store.run_in_folder,
        Plan.using,
        Workload.experiment,
    ],
)
def test_the_types_of_public_functions_can_be_looked_up(function):
    assert "return" in get_type_hints(function)


def test_what_a_plan_is_used_with_makes_the_experiment():
    class Load:
        def experiment(self, plan, *code):
            return plan.nodes, *code

    made = Plan("", "", nodes=7).using(list, Load(), claims="mine", invariants=dict)
    assert made == (7, list, "mine", (), dict)


def test_experiments_have_the_fields_that_their_type_says():
    assert set(get_type_hints(Experiment)) == {field.name for field in fields(Experiment)}


def imported_by(program):
    """The top-level modules that a fresh process has after `program`."""
    shown = f"{program}\nimport sys; print(*sorted({{n.partition('.')[0] for n in sys.modules}}))"
    done = subprocess.run([sys.executable, "-c", shown], capture_output=True, text=True, check=True)
    return done.stdout.split()


@pytest.mark.parametrize(
    "program",
    [
        "from splitbrain import Plan, faults, InvalidPlan",
        "from splitbrain import simulate, Violation, Inconclusive",
        "import splitbrain.harness.testing, splitbrain.pytest_entry",
        "from splitbrain.harness.commands.cli import main; main(['--help'], standalone_mode=False)",
        """
from splitbrain import faults, simulate
@simulate(nodes=3, runs=200, faults=faults.swarm())
def test_kv(plan):
    return None
""",
    ],
)
def test_what_only_prepares_needs_no_numpy_and_no_trio(program):
    assert not {"numpy", "trio", "numba"} & set(imported_by(program))


FLOORS = ("checkers", "harness", "systems", "reports")


def modules():
    root = Path(__file__).parents[2]
    return [path for floor in FLOORS for path in sorted((root / floor).rglob("*.py"))]


@pytest.mark.parametrize("package", ["checkers", "harness", "harness.workloads", "reports"])
def test_no_folder_takes_the_name_of_what_its_package_offers(package):
    """Else the name gives the folder, once somebody has imported that."""
    offered = importlib.import_module(f"splitbrain.{package}")
    folder = Path(__file__).parents[2] / package.replace(".", "/")
    taken = [
        name
        for name in offered.__all__
        if ((folder / name).is_dir() or (folder / f"{name}.py").exists())
        and not isinstance(getattr(offered, name), ModuleType)
    ]
    assert taken == []


def test_no_module_shares_its_name_with_what_it_holds():
    """Else `from package import name` gives one or the other, whichever was imported last."""
    shared = [
        f"{path}: {node.name}"
        for path in modules()
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        and node.name == path.stem
    ]

    assert shared == []
