"""The reference leaves nothing out that a user can type."""

from __future__ import annotations

import os
from pathlib import Path

import click
import pytest

from splitbrain.harness.commands.cli import COMMANDS, main
from splitbrain.harness.nemesis.catalogue import KINDS
from splitbrain.harness.workloads import WORKLOADS

PAGE = Path(__file__).parents[2] / "docs" / "reference.md"
REFERENCE = PAGE.read_text()
BEGIN = "<!-- written by: UPDATE_GOLDEN=1 pytest tests/docs/test_reference.py -->\n"
END = "<!-- end -->\n"


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


def option(parameter):
    if parameter.choices:
        values = ", ".join(f"`{choice}`" for choice in parameter.choices)
    else:
        least = "" if parameter.low == float("-inf") else f"from {parameter.low:g} "
        most = "" if parameter.high == float("inf") else f"to {parameter.high:g}"
        values = f"a number {least}{most}".rstrip()
    default = f"`{parameter.default}`" if parameter.choices else f"{parameter.default:g}"
    return f"`{parameter.name}`: {parameter.description} ({values}; {default} unless given)"


def fault_table():
    """The part of the reference that tells of every kind of fault what the kind says of itself."""
    lines = ["| fault | also | what | options |\n", "|---|---|---|---|\n"]
    for kind in KINDS:
        also = ", ".join(f"`{alias}`" for alias in kind.aliases)
        options = "<br>".join(map(option, kind.parameters))
        lines.append(f"| `{kind.id}` | {also} | {kind.description} | {options} |\n")
    return "".join(lines)


def test_the_table_of_faults_is_what_the_kinds_say():
    head, _, rest = REFERENCE.partition(BEGIN)
    written, _, tail = rest.partition(END)
    if os.environ.get("UPDATE_GOLDEN") == "1":
        PAGE.write_text(f"{head}{BEGIN}{fault_table()}{END}{tail}")
        return
    assert written == fault_table()


@pytest.mark.parametrize("name", WORKLOADS)
def test_every_workload_is_there(name):
    assert f"`{name}`" in REFERENCE
