"""The command line. One of the two doors: it may import every floor, and nothing imports it.

Each command is a module of this folder that exports ``command``; it is imported when it is used.

Exit codes are those of `exits`.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any, NoReturn

import click

from splitbrain.checkers.nearest import suggestion
from splitbrain.harness.commands.common.exits import plain_errors
from splitbrain.harness.commands.common.streams import forgiving_streams

COMMANDS = {
    "run": "Run SYSTEM under a workload and faults, judge it, and shrink what fails.",
    "hunt": "Hunt for failures of each SYSTEM (all reference systems, unless given) on all cores.",
    "explore": (
        "Run a small program of SYSTEM under every schedule and crash point that departs from"
        " its base schedule at most K times: a bounded proof that none fails, or the shortest"
        " way to a failure."
    ),
    "nightly": "Hold the hunts of FILE, one after the other.",
    "zoo": "Hunt for each planted BUG (all, unless given) by its system's name alone.",
    "replay": "Repeat RUN (its folder, or a plan.json) and say whether it came out the same.",
    "check": (
        "Judge recorded histories: Jepsen EDN, JSON lines, Porcupine's logs, plain or gzipped."
    ),
    "verify": "Check verdicts again, without the search that found them.",
    "isolation": (
        "Try to refute each isolation level of SYSTEM: ten scripted anomalies, then workloads."
    ),
    "crash-states": (
        "Start SYSTEM on every disk that a crash may leave, at every moment of a short run."
    ),
    "list": "List what there is: systems, settings, workloads, faults, checkers, bugs or grounds.",
    "report": "Write RUN's report again (a killed run has none yet), and print where it is.",
    "index": (
        "Write RUNS/index.html: failures in groups, a heat map, and all runs to filter and sort."
    ),
    "serve": "Show the runs in RUNS on the loopback address, as they are now; nothing is written.",
    "trace": "Tell the events of RUN that have all WORDs, with their numbers.",
    "diff": (
        "Tell where two runs part: their plans, the first event that differs with what came "
        "before it, and their verdicts."
    ),
    "demo": (
        "Find a lost write in a replicated store, make it small, then show Raft survive the same."
    ),
    "show": (
        "Tell an anomaly of the book by a run that has it, with its picture; without NAME "
        "list them."
    ),
    "init": (
        "Write a first test of PROGRAM (a Python file below this folder), an example of a whole "
        "one, and a nightly workflow."
    ),
    "doctor": (
        "Check this installation: versions, where packages come from, whether runs are "
        "deterministic."
    ),
}
"""The commands, in the order of ``--help``: each the name of its module, with hyphens, and what it
does in one sentence, which its own help begins with. Said here as well, so that ``--help`` need not
import them all."""


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
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


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
