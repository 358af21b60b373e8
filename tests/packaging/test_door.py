"""The public door: what a user needs comes from `splitbrain`, and only when it is asked for."""

import subprocess
import sys
from importlib import import_module

import pytest

import splitbrain


@pytest.mark.parametrize("name", splitbrain.__all__)
def test_every_name_of_the_door_is_there(name):
    assert getattr(splitbrain, name) is not None


@pytest.mark.parametrize("package", ["checkers", "harness", "harness.workloads"])
def test_what_a_lazy_package_names_is_there(package):
    found = import_module(f"splitbrain.{package}")
    assert [name for name in found.__all__ if getattr(found, name, None) is None] == []


def test_each_is_the_same_thing_as_where_it_lives():
    from splitbrain.harness.bug import Bug
    from splitbrain.harness.nemesis.claims import Claims
    from splitbrain.harness.system import System

    assert (splitbrain.Bug, splitbrain.Claims, splitbrain.System) == (Bug, Claims, System)


def test_to_open_it_imports_nothing_else():
    program = "import sys, splitbrain; print(*(m for m in sys.modules if 'splitbrain' in m))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)

    assert set(done.stdout.split()) == {"splitbrain", "splitbrain.lazy"}
