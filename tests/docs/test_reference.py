"""The reference leaves nothing out that a user can type."""

from __future__ import annotations

from pathlib import Path

import click
import pytest

from splitbrain.harness.commands.cli import COMMANDS, main
from splitbrain.harness.nemesis.catalogue import KINDS
from splitbrain.harness.workloads import WORKLOADS

REFERENCE = (Path(__file__).parents[2] / "docs" / "reference.md").read_text()


def command(name):
    found = main.get_command(click.Context(main), name)
    assert found is not None
    return found


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_and_its_options_are_there(name):
    assert f"`splitbrain {name}" in REFERENCE
    for parameter in command(name).params:
        if isinstance(parameter, click.Option):
            for spelling in (*parameter.opts, *parameter.secondary_opts):
                assert f"`{spelling}`" in REFERENCE, spelling


@pytest.mark.parametrize("kind", [kind.id for kind in KINDS])
def test_every_fault_is_there(kind):
    assert f"`{kind}`" in REFERENCE


@pytest.mark.parametrize("name", WORKLOADS)
def test_every_workload_is_there(name):
    assert f"`{name}`" in REFERENCE
