"""A run as JUnit XML: a case for each checker, and nothing in it that is no XML."""

import xml.etree.ElementTree as ElementTree

import pytest
import sample_runs

from splitbrain.reports import load_run, write_report
from splitbrain.reports.junit import render_junit


def cases_of(text):
    suite = ElementTree.fromstring(text)
    return suite, {case.get("name"): case for case in suite}


def test_a_broken_checker_fails_with_its_signature_and_the_story_of_the_small_run(tmp_path):
    folder = sample_runs.stale_run(tmp_path)
    write_report(folder)
    suite, cases = cases_of((folder / "junit.xml").read_text(encoding="utf-8"))
    failure = cases["linearizable(cas-register)"].find("failure")

    assert (suite.get("tests"), suite.get("failures"), suite.get("skipped")) == ("3", "1", "0")
    assert failure.get("message") == "linearizable(cas-register)/stale-read"
    assert "9.001 s client 0 reads x -> 901" in failure.text
    assert failure.text.endswith(f"splitbrain replay {folder}/shrunk")
    assert len(cases["converged"]) == 0


def test_what_nobody_decided_is_skipped_with_its_reason(tmp_path):
    view = load_run(sample_runs.unknown_run(tmp_path))
    suite, cases = cases_of(render_junit(view))

    (skipped,) = [
        case.find("skipped") for case in cases.values() if case.find("skipped") is not None
    ]
    assert suite.get("skipped") == "1"
    assert skipped.get("message") == view.deciding.reason


@pytest.mark.parametrize("name", sample_runs.ALL)
def test_whatever_a_run_says_the_xml_can_be_read(tmp_path, name):
    view = load_run(sample_runs.ALL[name](tmp_path))
    suite, cases = cases_of(render_junit(view))

    assert len(cases) == len(view.telling.verdicts or ())
    assert suite.get("name") == view.telling.name
