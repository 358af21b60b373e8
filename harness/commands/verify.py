"""`splitbrain verify`: a verdict checked again."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from splitbrain.harness.commands.exits import EXIT_BAD_INPUT, shortened

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
    folder, it can be left out. Exits with 0 if the certificate holds, 1 if not, 2 if it is none.
    """
    from splitbrain.checkers.linearizability import CertificateError, NoCertificate
    from splitbrain.harness.checking import verified

    try:
        click.echo(f"confirmed: {verified(history, certificate, model)}")
    except CertificateError as error:
        click.echo(f"refuted: {error}")
        sys.exit(1)
    except NoCertificate as error:
        click.echo(f"splitbrain: {error}", err=True)
        sys.exit(EXIT_BAD_INPUT)
    except UNFOLLOWABLE as error:
        click.echo(
            f"splitbrain: {certificate or history}: the certificate cannot be followed "
            f"({type(error).__name__}: {shortened(str(error), 200)}): it is damaged, or another "
            "version's",
            err=True,
        )
        sys.exit(EXIT_BAD_INPUT)
    except ValueError as error:
        if type(error) is not ValueError:
            raise  # a history or a model that can't be read: told like everywhere
        raise click.UsageError(str(error)) from None
