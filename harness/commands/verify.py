"""`splitbrain verify`: verdicts checked again."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from splitbrain.harness.commands.common.exits import (
    EXIT_BAD_INPUT,
    EXIT_INVALID,
    EXIT_UNKNOWN,
    EXIT_VALID,
    shortened,
)

if TYPE_CHECKING:
    from splitbrain.checkers.entry import CheckerEntry
    from splitbrain.checkers.history import History
    from splitbrain.checkers.verdict import Verdict

EPILOG = """\b
Examples:
  splitbrain check history.edn -m list-append --json > verdict.json
  splitbrain verify history.edn verdict.json
  splitbrain verify runs/20261122T235738-raft-register-7

\b
Exit codes:
  0 confirmed, 1 refuted, 2 nothing that can be verified, 3 confirmed in part
"""


@click.command(name="verify", epilog=EPILOG)
@click.argument("history", type=click.Path(path_type=Path))
@click.argument("certificate", required=False, type=click.Path(path_type=Path))
@click.option("--model", "-m", help="The model of the verdict; found out from it unless given.")
@click.option("--option", "-o", "options", multiple=True, help="NAME=VALUE, as `check` was given.")
@click.option("--json", "as_json", is_flag=True, help="Print what came of each verdict as JSON.")
@click.option("--quiet", "-q", is_flag=True, help="Print nothing: the exit code tells it.")
def command(
    history: Path,
    certificate: Path | None,
    model: str | None,
    options: tuple[str, ...],
    as_json: bool,
    quiet: bool,
) -> None:
    """Check verdicts again, without the search that found them.

    CERTIFICATE is what `splitbrain check --json` printed, or a run's folder; if HISTORY is a run's
    folder, it can be left out. HISTORY may be - for standard input. Exits with 0 if the certificate
    proves the verdict, 1 if it is wrong, 2 if it is none, 3 if it holds but proves less than the
    verdict says. Of a run with several verdicts those count that have a certificate.
    """
    import msgspec

    from splitbrain.harness.options_text import parse_options

    outcomes = _outcomes(history, certificate, model, parse_options(options))
    for outcome in () if quiet else outcomes:
        if as_json:
            click.echo(msgspec.json.encode(asdict(outcome)).decode())
        else:
            outcome.tell(name=model is None)
    sys.exit(_code(outcomes))


CONFIRMED, REFUTED, PARTLY, NONE = "confirmed", "refuted", "not confirmed", "no certificate"

_CODES = {REFUTED: EXIT_INVALID, PARTLY: EXIT_UNKNOWN, CONFIRMED: EXIT_VALID}


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What came of a verdict."""

    checker: str
    outcome: str
    sentence: str

    def tell(self, *, name: bool) -> None:
        words = (self.outcome, *((self.checker,) if name else ()), shortened(self.sentence))
        if self.outcome == NONE:
            words = (f"splitbrain: {words[-1]}",)
        click.echo(": ".join(words), err=self.outcome == NONE)


def _outcomes(
    history: Path, certificate: Path | None, model: str | None, options: Mapping[str, Any]
) -> list[_Outcome]:
    from splitbrain.checkers.certificate import NoCertificate
    from splitbrain.harness.checking import verdicts_in
    from splitbrain.harness.commands.common.sources import history_source

    if certificate is None and not history.is_dir():
        if str(history) != "-":
            history.stat()  # one that isn't there is told as such
        raise click.UsageError("Missing argument 'CERTIFICATE': only a run's folder holds both.")
    source = certificate or history
    try:
        found = verdicts_in(source, model)
    except NoCertificate as error:
        return [_Outcome("", NONE, str(error))]
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    recorded = history_source(history)
    if certificate is not None and history.is_dir() and certificate.is_dir():
        _of_one_history(history, certificate)
    read: dict[Callable[..., History], History] = {}
    for entry, _ in found:
        if entry.read not in read:
            read[entry.read] = entry.read(recorded)
    return [_outcome(source, entry, read[entry.read], verdict, options) for entry, verdict in found]


def _of_one_history(one: Path, other: Path) -> None:
    """Refuse the verdicts of one run on what another one recorded.

    Raises:
        click.UsageError: the histories in the folders differ.
    """
    from splitbrain.checkers.history import load
    from splitbrain.harness.commands.common.sources import history_source

    if one.resolve() == other.resolve():
        return
    first, second = (load(history_source(folder)) for folder in (one, other))
    if first != second:
        raise click.UsageError(
            f"{other} has the verdicts on its own history, which is not that of {one}: "
            f"verify each by itself (splitbrain verify {other})"
        )


def _outcome(
    source: Path,
    entry: CheckerEntry,
    history: History,
    verdict: Verdict,
    options: Mapping[str, Any],
) -> _Outcome:
    from splitbrain.checkers.certificate import CertificateError, NoCertificate
    from splitbrain.harness.checking import checked_again

    try:
        certified = checked_again(entry, history, verdict, options)
    except NoCertificate as error:
        return _Outcome(verdict.checker, NONE, f"{source}: {error}")
    except CertificateError as error:
        return _Outcome(verdict.checker, REFUTED, str(error))
    if certified.complete:
        return _Outcome(verdict.checker, CONFIRMED, certified.sentence)
    return _Outcome(verdict.checker, PARTLY, f"{certified.sentence}; {certified.unchecked}")


def _code(outcomes: list[_Outcome]) -> int:
    """The code of the worst of those that have a certificate."""
    told = {outcome.outcome for outcome in outcomes}
    return next((code for word, code in _CODES.items() if word in told), EXIT_BAD_INPUT)
