"""The book as runs: each story has a bug or a sketch that there is, and the command tells it."""

import json

import pytest
from click.testing import CliRunner

from splitbrain.harness.commands import show
from splitbrain.harness.commands.cli import main
from splitbrain.harness.plan import Plan
from splitbrain.harness.runs.retelling import keep, read_kept
from splitbrain.systems import registry
from splitbrain.systems.stories import STORIES, Story


def test_each_story_has_a_planted_bug_or_a_sketch_of_its_own():
    subjects = [story.subject for story in STORIES]
    sketches = {name for name, system in registry.SYSTEMS.items() if system.form == "summary"}

    assert len(set(subjects)) == len(subjects)
    assert set(subjects) <= set(registry.bugs()) | sketches


def test_without_a_name_all_are_listed():
    result = CliRunner().invoke(main, ["show"])

    assert result.exit_code == 0
    assert [line.split()[0] for line in result.output.splitlines()] == [s.name for s in STORIES]


def test_a_name_that_is_none_is_one_sentence():
    result = CliRunner().invoke(main, ["show", "nothing"])

    assert result.exit_code == 2
    assert "there is no story 'nothing': there are lost-write" in result.output


@pytest.mark.nightly
@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.name)
def test_a_story_is_told_by_a_run_that_has_it(tmp_path, story):
    result = CliRunner().invoke(main, ["show", story.name, "--runs", str(tmp_path)])

    assert result.exit_code == 0, result.output
    assert story.subject in result.output
    assert "\nINVALID  " in result.output
    assert "Looking for a run" not in result.output, "the plan that is kept shows it no longer"
    (page,) = tmp_path.glob("*/report.html")
    assert result.output.endswith(f"The picture is in {page}\n")


@pytest.mark.nightly
@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.name)
def test_what_is_kept_of_a_story_is_what_is_found_anew(tmp_path, story, request):
    """With ``--pin-seeds`` it is kept."""
    result = CliRunner().invoke(main, ["show", story.name, "--anew", "--runs", str(tmp_path)])

    assert result.exit_code == 0, result.output
    (page,) = tmp_path.glob("*/report.html")
    found = tmp_path / "found.json"
    keep(page.parent, found)
    if request.config.getoption("--pin-seeds"):
        story.kept.write_bytes(found.read_bytes())
    assert json.loads(found.read_text()) == json.loads(story.kept.read_text()), (
        "run this test with --pin-seeds, then `splitbrain show --gallery docs/gallery`"
    )


@pytest.mark.parametrize("damage", [None, "", "{}", '{"seed": 0, "plan": 7, "shrink": {}}'])
def test_a_file_that_keeps_nothing_is_no_error(tmp_path, damage):
    kept = tmp_path / "kept.json"
    if damage is not None:
        kept.write_text(damage)

    assert read_kept(kept) is None


@pytest.mark.slow
def test_a_story_that_its_plan_shows_no_longer_is_found_anew(tmp_path, monkeypatch):
    nothing = Plan("snapshot-isolation", "list-append", bug="TX-04", nodes=1, time_limit=0.1)
    kept = tmp_path / "kept.json"
    kept.write_text(json.dumps({"seed": 0, "plan": nothing.to_json(), "shrink": {}}))
    monkeypatch.setattr(Story, "kept", kept)
    monkeypatch.setattr(show, "SHRINK_BUDGET", 0)
    result = CliRunner().invoke(main, ["show", "read-skew", "--runs", str(tmp_path / "runs")])

    assert result.exit_code == 0, result.output
    assert "Looking for a run ..." in result.output
    assert len(list((tmp_path / "runs").glob("*/"))) == 1
