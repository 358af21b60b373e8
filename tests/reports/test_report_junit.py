"""A run as JUnit XML: a case for each checker, and nothing in it that is no XML."""

import json
import xml.etree.ElementTree as ElementTree
from types import SimpleNamespace

import pytest
import sample_runs
from click.testing import CliRunner

from splitbrain.harness.commands.cli import main
from splitbrain.harness.isolation.ladder import Evidence, Rung
from splitbrain.reports import load_run, write_report
from splitbrain.reports.junit import junit_of_ladder, render_junit


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


def test_of_several_histories_each_is_a_suite_and_what_cannot_be_read_an_error(tmp_path):
    good, bad, none = tmp_path / "good.jsonl", tmp_path / "bad.jsonl", tmp_path / "none.jsonl"
    written = [(0, "invoke", "write", 1), (0, "ok", "write", 1)]
    for path, read in ((good, 1), (bad, 2)):
        events = [*written, (1, "invoke", "read", None), (1, "ok", "read", read)]
        path.write_text(
            "".join(
                json.dumps({"process": p, "type": kind, "f": f, "value": value}) + "\n"
                for p, kind, f, value in events
            )
        )
    none.write_text("<&nothing")
    junit = tmp_path / "checked.xml"
    files = [str(path) for path in (good, bad, none)]
    result = CliRunner().invoke(main, ["check", *files, "-m", "register", "--junit", str(junit)])
    suites = list(ElementTree.fromstring(junit.read_text()))

    assert result.exit_code == 1
    assert [suite.get("name") for suite in suites] == files
    assert [[child.tag for case in suite for child in case] for suite in suites] == [
        [],
        ["failure"],
        ["error"],
    ]
    assert suites[1][0][0].get("message") == "linearizable(register)/unwritten-read"
    assert "none.jsonl" in suites[2][0][0].text


def test_of_a_ladder_the_claimed_level_fails_and_what_nobody_claimed_is_skipped():
    found = Evidence(
        "write-skew", ("serializable",), "script", "both & <went>", again=lambda _: None
    )
    rungs = [Rung("snapshot-isolation", None), Rung("serializable", found), Rung("strong", found)]
    ladder = SimpleNamespace(system="mine", claimed="serializable", rungs=rungs)
    suite, cases = cases_of(junit_of_ladder(ladder))

    assert [suite.get(name) for name in ("tests", "failures", "skipped")] == ["3", "1", "1"]
    assert len(cases["snapshot-isolation"]) == 0
    assert cases["serializable"].find("failure").text == "script: both & <went>"
    assert (
        cases["strong"].find("skipped").get("message") == "refuted by write-skew, and not claimed"
    )
