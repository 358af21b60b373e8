"""What pytest loads: options only. Everything else is imported when a simulated test needs it.

pytest loads it in every suite of the environment, so it imports nothing of ours by itself.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options of simulated tests."""
    group = parser.getgroup("splitbrain", "simulated distributed systems (splitbrain)")
    group.addoption(
        "--splitbrain-runs",
        type=_positive,
        metavar="N",
        dest="splitbrain_runs",
        help="seeds that each simulated test tries, in place of its own number",
    )
    group.addoption(
        "--splitbrain-seed",
        type=int,
        metavar="S",
        dest="splitbrain_seed",
        help="try this seed alone, or, with --splitbrain-runs N, the N seeds from S on",
    )
    group.addoption(
        "--splitbrain-replay",
        metavar="PLAN",
        dest="splitbrain_replay",
        help="run this plan.json (of a shrunk run, say) in place of all seeds",
    )
    group.addoption(
        "--splitbrain-hunt",
        type=_seconds,
        metavar="TIME",
        dest="splitbrain_hunt",
        help="hunt in each simulated test for so long (10m, 90s, 2h): on all cores, from where the "
        "last hunt ended, going on after a failure",
    )
    group.addoption(
        "--splitbrain-folder",
        metavar="DIR",
        dest="splitbrain_folder",
        help="where failing runs are kept (default: runs/ in pytest's root)",
    )
    group.addoption(
        "--splitbrain-shrink-budget",
        type=_whole,
        metavar="N",
        dest="splitbrain_shrink_budget",
        help="runs that making a failure smaller may take; 0 to leave it as it is",
    )


def _whole(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"it is {text!r}: give a whole number from 0 up")
    return int(text)


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"it is {text!r}: give a whole number from 1 up")
    return int(text)


def _seconds(text: str) -> float:
    from splitbrain.harness.plan import InvalidPlan, parse_seconds

    try:
        return parse_seconds(text, "it")
    except InvalidPlan as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    """Leave out the test files of failures in their runs' folders, unless one is named."""
    beside = collection_path.with_name("plan.json")
    return True if collection_path.name == "test_failure.py" and beside.exists() else None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Refuse to replay one plan in several tests."""
    replay = config.getoption("splitbrain_replay")
    if replay is None:
        return
    simulated = [
        item.nodeid
        for item in items
        if hasattr(getattr(item, "function", None), "is_splitbrain_test")
    ]
    if len(simulated) > 1:
        raise pytest.UsageError(
            f"--splitbrain-replay {replay} is the plan of one test, and {len(simulated)} simulated "
            f"tests are selected: name the one, pytest {simulated[0]} --splitbrain-replay {replay}"
        )


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say what simulated tests have to say though none failed for it."""
    testing = sys.modules.get("splitbrain.harness.testing.decorator")
    for note in testing.settings.notes if testing is not None else ():
        terminalreporter.write_line(f"splitbrain: {note}")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, Any, Any]:
    """Prepare simulated tests; costs nothing until `splitbrain.harness.testing` is imported."""
    if "splitbrain.harness.testing.decorator" not in sys.modules:
        return (yield)
    from splitbrain.harness.testing import pytest_plugin

    pytest_plugin.configure(item.config)
    return (yield from pytest_plugin.around_call(item))
