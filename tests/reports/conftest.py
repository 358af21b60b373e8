"""What tests of reports share, so that nothing costly is made twice: one browser, and each planted
bug's run and page."""

import functools
import shutil

import pytest
import sample_runs
import sample_traces
from chromium import Chromium

from splitbrain.reports import write_report


@pytest.fixture(scope="session")
def browser(tmp_path_factory):
    with Chromium(tmp_path_factory.mktemp("profile")) as chromium:
        yield chromium


@pytest.fixture(scope="session")
def bug_folder(tmp_path_factory):
    """The folder of the run that finds a planted bug under its pinned seed, by the bug's name; not
    to be changed."""
    runs = tmp_path_factory.mktemp("bugs")
    return functools.cache(lambda bug: sample_traces.bug_run(runs / bug, bug))


@pytest.fixture(scope="session")
def bug_page(bug_folder):
    """The page of that run."""
    return functools.cache(lambda bug: write_report(bug_folder(bug)).page)


@pytest.fixture(scope="session")
def pages(tmp_path_factory):
    """Pages of the sample runs, by name, and of one that was not made small."""
    folder = tmp_path_factory.mktemp("runs")
    pages = {name: write_report(make(folder / name)).page for name, make in sample_runs.ALL.items()}
    unshrunk = sample_runs.stale_run(folder / "unshrunk")
    shutil.rmtree(unshrunk / "shrunk")
    return {**pages, "unshrunk": write_report(unshrunk).page}


@pytest.fixture(scope="session")
def traced(tmp_path_factory):
    """Pages of runs with traces, by name."""
    folder = tmp_path_factory.mktemp("traced")
    makers = {
        "two-leaders": sample_traces.two_leaders_run,
        "hostile": sample_traces.hostile_trace_run,
        "raft": sample_traces.raft_run,
        "pictured": sample_traces.pictured_run,
    }
    return {name: write_report(make(folder / name)).page for name, make in makers.items()}
