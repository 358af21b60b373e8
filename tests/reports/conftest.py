"""What tests of reports share, so that nothing costly is made twice: one browser, and each planted
bug's run and page."""

import functools

import pytest
from chromium import Chromium
from sample_traces import bug_run

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
    return functools.cache(lambda bug: bug_run(runs / bug, bug))


@pytest.fixture(scope="session")
def bug_page(bug_folder):
    """The page of that run."""
    return functools.cache(lambda bug: write_report(bug_folder(bug)).page)
