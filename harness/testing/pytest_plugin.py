"""The pytest plugin: options, and how a failing simulation is shown. One of the two doors.

``splitbrain.pytest_entry`` loads this module for the first simulated test; everything heavy is
imported when one fails.
"""

from __future__ import annotations

import shlex
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from splitbrain.harness.searching.seeds import Search


def configure(config: pytest.Config) -> None:
    """Hand the command line to simulated tests."""
    from splitbrain.harness.testing.decorator import Settings, settings

    settings.runs = config.getoption("splitbrain_runs")
    settings.seed = config.getoption("splitbrain_seed")
    replay = config.getoption("splitbrain_replay")
    settings.replay = Path(replay) if replay else None
    settings.hunt = config.getoption("splitbrain_hunt")
    settings.folder = Path(config.getoption("splitbrain_folder") or config.rootpath / "runs")
    settings.root = config.rootpath
    budget = config.getoption("splitbrain_shrink_budget")
    settings.shrink_budget = Settings().shrink_budget if budget is None else budget
    settings.render = _render


def around_call(item: pytest.Item) -> Generator[None, Any, Any]:
    """Let a failing test say how to repeat it, and count what it tried."""
    from splitbrain.harness.testing.decorator import settings

    def finished(found: Search) -> None:
        item.user_properties.append(("splitbrain_runs", found.tried))
        item.user_properties.append(("splitbrain_operations", found.operations))

    settings.command = f"pytest {shlex.quote(item.nodeid)}"
    settings.test = item.nodeid.replace(".py::", "::")
    settings.finished = finished
    try:
        return (yield)
    finally:
        settings.command = settings.test = None
        settings.finished = None


def _render(folder: Path, commands: Mapping[Path, str]) -> str:
    from splitbrain.reports import render_terminal, write_report

    return render_terminal(write_report(folder, commands))
