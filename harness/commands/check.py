"""`splitbrain check`: recorded histories, judged."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from splitbrain.harness.commands.common.exits import (
    CODES,
    EXIT_BAD_INPUT,
    EXIT_INVALID,
    EXIT_UNKNOWN,
    EXIT_VALID,
    sentence_of,
    shortened,
)
from splitbrain.harness.commands.common.output import in_full, say, width

if TYPE_CHECKING:
    from splitbrain.checkers.history import History
    from splitbrain.checkers.verdict import Checker, Verdict

EPILOG = """\b
Examples:
  splitbrain check store/latest/history.edn -m cas-register
  splitbrain check history.jsonl.gz -m list-append --consistency serializable
  zcat a.gz | splitbrain check - -m kv --json
  splitbrain check runs/*                  (judged as they were when they ran)
  splitbrain check nightly/*.edn -m queue --quiet && echo all valid

\b
Exit codes, of several files the first of these that one of them has:
  1 invalid, 2 bad input or usage, 3 unknown, 0 valid
"""


@click.command(name="check", epilog=EPILOG)
@click.argument(
    "files", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=Path)
)
@click.option("--model", "-m", help="What the history must look like; a run's folder knows it.")
@click.option(
    "--keyed/--not-keyed",
    default=None,
    help="Whether values are [key, value] pairs of independent keys; found out unless given.",
)
@click.option(
    "--budget",
    type=click.FloatRange(min=0, min_open=True),
    help="Seconds until the verdict is unknown; 60, unless given.",
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
@click.option(
    "--self-check/--no-self-check",
    default=None,
    help="Check valid verdicts again by independent code; done below 10,000 operations.",
)
@click.option(
    "--report",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Write a report of a history into this folder; of several, into one for each in it.",
)
@click.option(
    "--junit",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write the verdicts as JUnit XML, a suite for each file.",
)
@click.option("--json", "as_json", is_flag=True, help="Print verdicts as JSON.")
@click.option("--quiet", "-q", is_flag=True, help="Print no verdict: the exit code tells it.")
@click.option("--verbose", "-v", is_flag=True, help="Print anomalies, coverage and cost in full.")
def command(
    files: tuple[Path, ...],
    model: str | None,
    keyed: bool | None,
    budget: float | None,
    algorithm: str | None,
    consistency: str | None,
    options: tuple[str, ...],
    self_check: bool | None,
    report: Path | None,
    junit: Path | None,
    as_json: bool,
    quiet: bool,
    verbose: bool,
) -> None:
    """Judge recorded histories: Jepsen EDN, JSON lines, Porcupine's logs, plain or gzipped.

    FILE is a history, - for standard input, or the folder of a run.

    Linearizability: register, cas-register, multi-register, kv, set, queue, stack, priority-queue,
    counter, mutex, semaphore, fenced-lock, log, or your own model, FILE.py:NAME. Transactions:
    list-append, rw-register. Others: splitbrain list checkers.
    """
    from splitbrain.harness.options_text import parse_options
    from splitbrain.harness.progress import ProgressLine

    chosen: dict[str, Any] = {
        "keyed": keyed,
        "seconds": budget,
        "algorithm": algorithm,
        "consistency": consistency,
        "options": parse_options(options),
        "verify": self_check,
    }
    judging = (value for name, value in chosen.items() if name != "verify")
    if model is None and any(value not in (None, {}) for value in judging):
        raise click.UsageError("options of a checker need --model: they say how that one judges")
    if report is not None and model is None:
        raise click.UsageError(
            "--report needs --model; a run's folder has its report: splitbrain report RUN"
        )
    outcomes = []
    for file in files:
        with ProgressLine(sys.stderr) as line:
            outcome = _outcome(file, model, chosen, line.show, alone=len(files) == 1)
        outcomes.append(outcome)
        page = None if report is None else _reported(outcome, model, report, len(files) == 1)
        if not quiet:
            _tell(outcome, as_json=as_json, verbose=verbose, alone=len(files) == 1)
        if page is not None and not (quiet or as_json):
            say(f"report: {page}")
    if junit is not None:
        from splitbrain.reports.junit import junit_of_verdicts

        judged = [(str(each.file), each.verdicts, each.problem) for each in outcomes]
        junit.write_text(junit_of_verdicts(judged), encoding="utf-8")
    sys.exit(min((outcome.code for outcome in outcomes), key=_ORDER.index))


_ORDER = (EXIT_INVALID, EXIT_BAD_INPUT, EXIT_UNKNOWN, EXIT_VALID)


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What came of a file: verdicts, or why there are none."""

    file: Path
    verdicts: tuple[Verdict, ...] = ()
    notes: tuple[str, ...] = ()
    problem: str = ""
    history: History | None = None

    @property
    def code(self) -> int:
        from splitbrain.checkers.verdict import worst

        return EXIT_BAD_INPUT if self.problem else CODES[worst(self.verdicts)]


def _outcome(
    file: Path,
    model: str | None,
    chosen: dict[str, Any],
    show: Callable[[str], None],
    *,
    alone: bool,
) -> _Outcome:
    """Judge a file. Where it is not the only one, bad input is told and the others are judged."""
    try:
        return _judged(file, model, chosen, show)
    except click.ClickException:
        raise
    except Exception as error:
        sentence = sentence_of(error)
        if alone or sentence is None:
            raise
        return _Outcome(file, problem=shortened(sentence))


def _judged(
    file: Path, model: str | None, chosen: dict[str, Any], show: Callable[[str], None]
) -> _Outcome:
    from splitbrain.checkers.history import load
    from splitbrain.harness.checking import confirm_run, read
    from splitbrain.harness.commands.common.sources import checkers_of_run, history_source

    if model is None:
        from splitbrain.harness.runs.judging import judge

        if not file.is_dir():
            if str(file) != "-":
                file.stat()  # one that isn't there is told as such
            raise click.UsageError("Missing option '--model' / '-m': only a run's folder knows it.")
        checkers = checkers_of_run(file)
        show("reading")
        history = load(history_source(file))
        show("checking")
        verdicts = judge(history, checkers)
        confirm_run(history, checkers, verdicts, verify=chosen["verify"])
        return _Outcome(file, verdicts, history.notes)
    judge_of_model = _checker(model, chosen, show)
    show("reading")
    history = read(history_source(file), model)
    return _Outcome(file, (judge_of_model.check(history),), history.notes, history=history)


def _reported(outcome: _Outcome, model: str | None, report: Path, alone: bool) -> Path | None:
    """Write a history's report; where it is, or None if the history can't be read."""
    if outcome.history is None or model is None:
        return None
    from splitbrain.harness.runs.folders import StoreError, keep_checked, slug
    from splitbrain.reports import write_report

    name = "standard input" if str(outcome.file) == "-" else outcome.file.name
    folder = report if alone else report / slug(str(outcome.file))
    keep_checked(folder, outcome.history, outcome.verdicts, file=name, model=model)
    view = write_report(folder, recorded=outcome.history)
    if not view.page.exists():
        raise StoreError(view.problems[-1])
    return view.page


def _checker(model: str, chosen: dict[str, Any], show: Callable[[str], None]) -> Checker:
    from splitbrain.harness.checking import checker

    def checking(passed: float) -> None:
        show(f"checking: {passed:.0%}")

    try:
        return checker(model, **chosen, progress=checking)
    except ValueError as error:
        raise click.UsageError(str(error)) from None


def _tell(outcome: _Outcome, *, as_json: bool, verbose: bool, alone: bool) -> None:
    if as_json:
        click.echo(_json(outcome, alone=alone))
        return
    if outcome.problem:
        click.echo(f"splitbrain: {outcome.problem}", err=True)
        return
    from splitbrain.reports import render_verdicts

    if not alone:
        say(f"{outcome.file}:")
    for note in outcome.notes:
        say(f"note: {note}")
    say(render_verdicts(outcome.verdicts, width()))
    if verbose:
        for verdict in outcome.verdicts:
            say(in_full(verdict))
    if not alone:
        say("")


def _json(outcome: _Outcome, *, alone: bool) -> str:
    """One verdict as it is; a run's as in ``verdict.json``; several files a line each."""
    import msgspec

    from splitbrain.checkers.verdict import worst

    verdicts = [verdict.to_json() for verdict in outcome.verdicts]
    together = {"validity": str(worst(outcome.verdicts)), "verdicts": verdicts}
    if not alone:
        told = {"error": outcome.problem} if outcome.problem else together
        return msgspec.json.encode({"file": str(outcome.file), **told}).decode()
    data = verdicts[0] if len(verdicts) == 1 else together
    return msgspec.json.format(msgspec.json.encode(data), indent=2).decode()
