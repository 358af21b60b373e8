"""What all tests share: profiles, what runs when, and a guard against tests that became slow.

Tests marked ``nightly`` run with ``--nightly``; otherwise a slice of them does, another one for
each commit. Which slice is the commit's hash, or ``SPLITBRAIN_SLICE``: so a run can be repeated.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
import zlib
from collections.abc import Generator
from contextlib import nullcontext
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

pytest_plugins = ["pytester"]

# Simulations take their time and are slow now and then on a busy machine; that is no failure.
SLOW = [HealthCheck.too_slow]
settings.register_profile("default", deadline=None, suppress_health_check=SLOW)
settings.register_profile(
    "ci", deadline=None, derandomize=True, print_blob=True, suppress_health_check=SLOW
)
settings.load_profile("default")

SLICES = 1500
"""One nightly test in so many runs on each commit, unless its mark says `one_in`."""

CPU_S = 2.0
"""The most that a test should take that is not marked as one that takes long, in seconds of CPU.

One that takes more is told at the end, and fails from `TOO_MUCH` times as much on: what a second of
CPU does depends on what else the host runs, and who imports a module first pays for all others.
"""

TOO_MUCH = 3

MAY_TAKE_LONG = ("slow", "nightly", "browser")


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("splitbrain's own tests")
    group.addoption("--nightly", action="store_true", help="Run all tests that are marked nightly.")
    group.addoption(
        "--pin-seeds",
        action="store_true",
        help="Hunts write down the seed that finds each planted bug (with --nightly -k test_hunt).",
    )


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """What ``-n auto`` means: one worker more than cores, since browsers and real processes are
    waited for."""
    return len(os.sched_getaffinity(0)) + 1 if hasattr(os, "sched_getaffinity") else 2


def chosen_slice() -> str:
    """The environment's, else the commit's."""
    given = os.environ.get("SPLITBRAIN_SLICE")
    if given:
        return given
    command = ["git", "-C", str(Path(__file__).parent), "rev-parse", "HEAD"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):  # an unpacked sdist
        return "0"


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_SLICE] = chosen_slice()


_SLICE = pytest.StashKey[str]()


def pytest_report_header(config: pytest.Config) -> str:
    if config.getoption("--nightly"):
        return "splitbrain's tests: all that are marked nightly"
    return f"splitbrain's tests: SPLITBRAIN_SLICE={config.stash[_SLICE]} of those marked nightly"


def in_slice(nodeid: str, chosen: str, slices: int = SLICES) -> bool:
    """Whether a nightly test runs today: the same answer whatever else is selected."""
    return zlib.crc32(f"{chosen} {nodeid}".encode()) % slices == 0


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    # The long ones first, so that no worker is left with one of them in the end.
    items.sort(key=lambda item: item.get_closest_marker("nightly") is None)
    if config.getoption("--nightly"):
        return
    chosen = config.stash[_SLICE]
    left_out = [
        item
        for item in items
        if (mark := item.get_closest_marker("nightly"))
        and not in_slice(item.nodeid, chosen, mark.kwargs.get("one_in", SLICES))
    ]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        gone = set(left_out)
        items[:] = [item for item in items if item not in gone]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Tell of a test that takes long and does not say so. Compiling kernels is not counted."""
    if any(item.get_closest_marker(name) for name in MAY_TAKE_LONG):
        return (yield)
    compiled: list[float] = []
    had_numba = "numba" in sys.modules
    if had_numba:
        from numba.core.event import install_timer

        timer = install_timer("numba:compile", compiled.append)
    else:
        timer = nullcontext()
    begin = time.process_time()
    with timer:
        result = yield
    spent = time.process_time() - begin - sum(compiled)
    if spent > CPU_S and had_numba is ("numba" in sys.modules):
        told = f"this test took {spent:.1f} s of CPU: make it smaller, or mark it slow or nightly"
        if spent > TOO_MUCH * CPU_S:
            pytest.fail(told, pytrace=False)
        item.warn(pytest.PytestWarning(told))
    return result
