"""How commands end: with an exit code, and with bad input told in one sentence.

Exit codes: 0 valid, 1 invalid, 2 bad input or usage, 3 unknown; 130 when interrupted.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from splitbrain.checkers.verdict import Validity

EXIT_BAD_INPUT = 2
EXIT_INTERRUPTED = 130


@contextmanager
def plain_errors() -> Iterator[None]:
    """Tell bad input in one sentence and exit with 2; tell an interruption and exit with 130."""
    try:
        yield
    except (click.ClickException, click.exceptions.Exit, BrokenPipeError):
        raise  # click's own, which it tells well
    except Exception as error:
        sentence = _sentence(error)
        if sentence is None:
            raise
        click.echo(f"splitbrain: {sentence}", err=True)
        sys.exit(EXIT_BAD_INPUT)
    except KeyboardInterrupt:
        click.echo("splitbrain: interrupted", err=True)
        sys.exit(EXIT_INTERRUPTED)


def _sentence(error: Exception) -> str | None:
    """What to say of an error that input or the machine caused; None for a defect of ours."""
    from splitbrain.checkers.history import HistoryError, HistoryWriteError
    from splitbrain.checkers.models import ModelError
    from splitbrain.harness.plan import InvalidPlan
    from splitbrain.harness.searching import NotDeterministic
    from splitbrain.harness.shrinking import NotReproduced
    from splitbrain.harness.store import StoreError

    known = (InvalidPlan, HistoryError, HistoryWriteError, ModelError, StoreError)
    if isinstance(error, (*known, NotDeterministic, NotReproduced)):
        return str(error)
    if isinstance(error, OSError):
        return f"{error.filename or 'standard output'}: {error.strerror or error}"
    return None


def finish(validity: Validity) -> None:
    """Exit with the code of a verdict."""
    sys.exit({"valid": 0, "invalid": 1, "unknown": 3}[validity])
