"""The command line. One of the two doors: it may import every floor, and nothing imports it.

Each command is a module of this folder that exports ``command``; it is imported when it is used,
or when all are listed.

Exit codes are those of `exits`.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any, NoReturn

import click

from splitbrain.checkers.nearest import suggestion
from splitbrain.harness.commands.exits import plain_errors
from splitbrain.harness.commands.streams import forgiving_streams

COMMANDS = (
    "run",
    "hunt",
    "explore",
    "nightly",
    "zoo",
    "replay",
    "check",
    "verify",
    "isolation",
    "crash-states",
    "list",
    "report",
    "index",
    "serve",
    "diff",
    "demo",
    "show",
    "init",
    "doctor",
)
"""The commands, in the order of ``--help``: each the name of its module, with hyphens."""


class Commands(click.Group):
    """Commands by the names of their modules, whose errors are told in one sentence."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, in the order worth reading."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of this name, imported now."""
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"splitbrain.harness.commands.{cmd_name.replace('-', '_')}")
        command: click.Command = module.command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that the first argument names.

        Raises:
            click.UsageError: there is none; the message has the nearest names.
        """
        if args[0] not in COMMANDS and not ctx.resilient_parsing:
            raise click.UsageError(
                f"there is no command {args[0]!r}: {suggestion(args[0], COMMANDS)}", ctx
            )
        return super().resolve_command(ctx, args)

    def main(  # type: ignore[override] # never returns, alone or not
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        **extra: Any,
    ) -> NoReturn:
        """Run a command, and exit as `plain_errors` says."""
        extra["standalone_mode"] = False
        with forgiving_streams(), plain_errors():
            # Not standing alone, click leaves it to us how errors are told, and returns the code
            # with which --help and the like want to exit.
            code = super().main(args, prog_name, complete_var, **extra)
            sys.exit(code if type(code) is int else 0)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The commands with their whole first sentences."""
        commands = [(name, self.get_command(ctx, name)) for name in COMMANDS]
        with formatter.section("Commands"):
            formatter.write_dl(
                [(name, command.get_short_help_str(1000)) for name, command in commands if command]
            )


EPILOG = """\b
Exit codes:
    0    valid
    1    invalid, and nothing else
    2    bad input or usage, told in one sentence; a replay that came out differently
    3    unknown: nothing can be said, and the verdict says why
   70    an error of splitbrain itself; the traceback is kept
  130    interrupted; what was recorded is kept
"""


@click.group(cls=Commands, epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(None, "-V", "--version", package_name="splitbrain", prog_name="splitbrain")
def main() -> None:
    """Test distributed systems: inject faults, check histories, shrink failures.

    Start with `splitbrain demo`.
    """
