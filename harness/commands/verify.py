"""`splitbrain verify`: a verdict checked again."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from splitbrain.harness.commands.exits import EXIT_BAD_INPUT, EXIT_INVALID, EXIT_UNKNOWN, shortened

# What following a certificate ends in whose lists, numbers and words stand in each other's places.
UNFOLLOWABLE = (
    *(TypeError, KeyError, IndexError, AttributeError, ArithmeticError, UnicodeError),
    RecursionError,
)


@click.command(name="verify")
@click.argument("history", type=click.Path(path_type=Path, exists=True))
@click.argument("certificate", required=False, type=click.Path(path_type=Path, exists=True))
@click.option("--model", "-m", required=True, help="The model of the verdict.")
def command(history: Path, certificate: Path | None, model: str) -> None:
    """Check a verdict again, without the search that found it.

    CERTIFICATE is what `splitbrain check --json` printed, or a run's folder; if HISTORY is a run's
    folder, it can be left out. Exits with 0 if the certificate proves the verdict, 1 if it is
    wrong, 2 if it is none, 3 if it holds but proves less than the verdict says.
    """
    from splitbrain.checkers.certificate import CertificateError, NoCertificate
    from splitbrain.harness.checking import verified

    try:
        certified = verified(history, certificate, model)
    except NoCertificate as error:
        click.echo(f"splitbrain: {shortened(str(error))}", err=True)
        sys.exit(EXIT_BAD_INPUT)
    except UNFOLLOWABLE as error:
        click.echo(
            f"splitbrain: {certificate or history}: the certificate cannot be followed "
            f"({type(error).__name__}: {shortened(str(error), 200)}): it is damaged, or another "
            "version's",
            err=True,
        )
        sys.exit(EXIT_BAD_INPUT)
    except CertificateError as error:
        click.echo(f"refuted: {shortened(str(error))}")
        sys.exit(EXIT_INVALID)
    except ValueError as error:
        if type(error) is not ValueError:
            raise  # a history or a model that can't be read: told like everywhere
        raise click.UsageError(str(error)) from None
    if certified.complete:
        click.echo(f"confirmed: {certified.sentence}")
    else:
        click.echo(f"not confirmed: {certified.sentence}; {certified.unchecked}")
        sys.exit(EXIT_UNKNOWN)
