"""`splitbrain check`: a recorded history, judged."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from splitbrain.harness.commands.exits import finish


@click.command(name="check")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--model", "-m", required=True, help="What the history must look like.")
@click.option(
    "--keyed/--not-keyed",
    default=None,
    help="Whether values are [key, value] pairs of independent keys; found out unless given.",
)
@click.option(
    "--budget",
    type=click.FloatRange(min=0, min_open=True),
    help="Seconds until the verdict is unknown; 60, unless given. Linearizability only.",
)
@click.option(
    "--algorithm",
    help="Linearizability only: 'search', or the name of a monitor; chosen unless given.",
)
@click.option(
    "--consistency",
    help="'sequential' in place of linearizable; for transactions an isolation level.",
)
@click.option("--option", "-o", "options", multiple=True, help="NAME=VALUE, of the checker.")
@click.option("--json", "as_json", is_flag=True, help="Print the verdict as JSON.")
def command(
    file: Path,
    model: str,
    keyed: bool | None,
    budget: float | None,
    algorithm: str | None,
    consistency: str | None,
    options: tuple[str, ...],
    as_json: bool,
) -> None:
    """Judge a recorded history: Jepsen EDN, JSON lines, Porcupine's logs, plain or gzipped.

    Linearizability: register, cas-register, multi-register, kv, set, queue, stack, priority-queue,
    counter, mutex, fenced-lock, log, or your own model, FILE.py:NAME. Transactions: list-append,
    rw-register. Others: splitbrain list checkers.
    """
    import msgspec

    from splitbrain.harness.checking import checker, read
    from splitbrain.harness.planning import parse_options
    from splitbrain.harness.progress import ProgressLine
    from splitbrain.reports import render_verdicts

    with ProgressLine(sys.stderr) as line:

        def checking(passed: float) -> None:
            line.show(f"checking: {passed:.0%}")

        try:
            judge = checker(
                model,
                keyed=keyed,
                seconds=budget,
                algorithm=algorithm,
                consistency=consistency,
                options=parse_options(options),
                progress=checking,
            )
        except ValueError as error:
            raise click.UsageError(str(error)) from None
        line.show("reading")
        history = read(file, model)
        verdict = judge.check(history)
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(verdict.to_json()), indent=2).decode())
    else:
        for note in history.notes:
            click.echo(f"note: {note}")
        click.echo(render_verdicts([verdict]))
    finish(verdict.validity)
