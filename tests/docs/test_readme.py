"""What the README says can be typed, and does what it says."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from splitbrain.harness.commands.cli import main

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
COMMANDS = re.findall(r"^ {4}splitbrain (.*)$", README, re.MULTILINE)


def test_it_opens_with_the_two_commands():
    commands = [line for line in README.splitlines() if line.startswith("    ")][:2]

    assert [command.rpartition("&& ")[2] for command in commands] == [
        "splitbrain demo",
        "pytest -n auto",
    ]


def test_ci_installs_and_tests_as_it_says():
    script = (ROOT / ".ci" / "run").read_text()

    assert "-e '.[dev]'" in script
    assert "pytest -n auto" in script


@pytest.mark.parametrize("command", COMMANDS)
def test_its_commands_have_no_option_that_does_not_exist(command):
    name, *arguments = shlex.split(command.partition("#")[0])
    options = [word for word in arguments if word.startswith("--")]
    known = {
        spelling
        for parameter in main.get_command(click.Context(main), name).params
        for spelling in parameter.opts
    }

    assert set(options) <= known


@pytest.mark.parametrize("link", re.findall(r"\]\(([^)]+)\)", README))
def test_its_links_lead_somewhere(link):
    assert (ROOT / link).exists()


@pytest.mark.slow
def test_the_demo_tells_the_story_that_the_readme_shows(tmp_path):
    runner = CliRunner(env={"COLUMNS": "100"})
    result = runner.invoke(main, ["demo", "--runs", str(tmp_path)])

    assert result.exit_code == 0, result.output
    story = README[README.index("    INVALID") : README.index("      replay:")]
    told = [line.strip() for line in result.output.splitlines()]
    for line in filter(None, map(str.strip, story.splitlines())):
        assert line in told
    assert "10 of 10 runs of Raft are valid" in result.output
    reports = list(tmp_path.glob("*/report.html"))
    assert len(reports) == 2
    assert all(str(report) in result.output for report in reports)
