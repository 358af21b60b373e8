"""The command line. One of the two doors: it may import every floor, and nothing imports it.

Each command is a module of this folder that exports ``command``; it is imported when it is used,
or when all are listed.

Exit codes: 0 valid, 1 invalid, 2 bad input or usage, 3 unknown; 130 when interrupted.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

import click

from splitbrain.harness.commands.exits import plain_errors

COMMANDS = (
    "run",
    "replay",
    "check",
    "verify",
    "isolation",
    "list",
    "report",
    "demo",
    "doctor",
)
"""The commands, in the order of ``--help``: each the name of its module."""


class Commands(click.Group):
    """Commands by the names of their modules, whose errors are told in one sentence."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, in the order worth reading."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of this name, imported now."""
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"splitbrain.harness.commands.{cmd_name}")
        command: click.Command = module.command
        return command

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command under `plain_errors`."""
        with plain_errors():
            return super().invoke(ctx)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="splitbrain", prog_name="splitbrain")
def main() -> None:
    """Test distributed systems: inject faults, check histories, shrink failures.

    Start with `splitbrain demo`.
    """
