"""The book as runs: each story has a bug that there is, and the command tells it."""

import pytest
from click.testing import CliRunner

from splitbrain.harness.commands.cli import main
from splitbrain.systems import registry
from splitbrain.systems.stories import STORIES


def test_each_story_has_a_planted_bug_of_its_own():
    bugs = [story.bug for story in STORIES]

    assert len(set(bugs)) == len(bugs)
    assert set(bugs) <= set(registry.bugs())


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
    assert f"with bug {story.bug}" in result.output
    assert "\nINVALID  " in result.output
    (page,) = tmp_path.glob("*/report.html")
    assert result.output.endswith(f"The picture is in {page}\n")
