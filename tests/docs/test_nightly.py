"""docs/nightly.md: its table is read, its workflows' commands run, its Python file is a night."""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import msgspec
import pytest

from splitbrain.harness.hunting.night import Hunting, read_night

PAGE = (Path(__file__).parents[2] / "docs" / "nightly.md").read_text()


def listings(language):
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


def test_the_table_is_a_night(tmp_path):
    (table,) = listings("toml")
    (tmp_path / "pyproject.toml").write_text(table)
    first, second = read_night(tmp_path / "pyproject.toml").hunts
    assert first == Hunting(systems=("my_service.system:SYSTEM",), minutes=40)
    assert second.faults == ("disk", "kill,partition")
    assert tomllib.loads(table)["tool"]["splitbrain"]["nightly"]["hunts"]


def test_every_field_of_a_hunt_is_told():
    rows = re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE)
    assert rows == [field.name for field in msgspec.structs.fields(Hunting)]


def test_the_python_file_is_a_night(tmp_path):
    (code,) = listings("python")
    (tmp_path / "night.py").write_text(code)
    night = read_night(tmp_path / "night.py")
    assert night.hunts[0].systems == ("raft",)
    assert night.jobs == 2


def commands(workflow):
    """The commands of each job that do something of ours."""
    jobs = re.split(r"^ *report:\n", workflow, flags=re.MULTILINE)
    assert len(jobs) == 2
    return [re.findall(r"- (?:run: )?((?:mkdir|splitbrain) .*)", job) for job in jobs]


@pytest.mark.nightly
@pytest.mark.parametrize("workflow", listings("yaml"), ids=["GitHub", "GitLab"])
def test_the_commands_of_its_workflows_run_two_nights_as_they_are(workflow, tmp_path):
    (tmp_path / "pyproject.toml").write_text(
        '[tool.splitbrain.nightly]\nhunts = [{systems = ["two-phase-commit"], runs = 48}]\n'
    )
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin" / "splitbrain"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m splitbrain "$@"\n')
    program.chmod(0o755)
    before = {"PATH": f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}"}
    before |= {"PYTHONPATH": os.pathsep.join(sys.path), "GITHUB_STEP_SUMMARY": "summary.md"}
    hunt, report = commands(workflow)

    def shell(lines, **more):
        for line in lines:
            subprocess.run(
                ["bash", "-eo", "pipefail", "-c", line],
                cwd=tmp_path,
                env={**os.environ, **before, **more},
                check=True,
            )

    for night in (1, 2):
        for shard in "1234":
            shell(hunt, SHARD=shard, CI_NODE_INDEX=shard, CI_NODE_TOTAL="4")
        shell(report)
        told = (tmp_path / "hunt.xml").read_text()
        assert 'tests="1" failures="0"' in told
        count = "select count(*), max(seed) from runs"
        code = f"import sqlite3; print(*sqlite3.connect('memory/hunt.db').execute({count!r}))"
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
        )
        assert done.stdout == f"({48 * night}, {48 * night - 1})\n"
        subprocess.run(["rm", "-r", "shards"], cwd=tmp_path, check=True)
