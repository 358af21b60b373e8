"""How commands end: with an exit code, and with bad input told in one sentence.

Exit codes: 0 valid, 1 invalid, 2 bad input or usage, 3 unknown, 70 an error of ours, 130
interrupted. Nothing but a verdict gives 1.
"""

from __future__ import annotations

import os
import sys
import tempfile
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

if TYPE_CHECKING:
    from splitbrain.checkers.verdict import Validity

EXIT_VALID = 0
EXIT_INVALID = 1
EXIT_BAD_INPUT = 2
EXIT_UNKNOWN = 3
EXIT_INTERNAL = 70
EXIT_INTERRUPTED = 130

CODES: dict[str, int] = {"valid": EXIT_VALID, "invalid": EXIT_INVALID, "unknown": EXIT_UNKNOWN}
"""Exit codes of verdicts."""

_SENTENCE_MAX = 1000


@contextmanager
def plain_errors() -> Iterator[None]:
    """Tell whatever ends a command in one sentence, and exit with the code that it has.

    Bad input and usage give 2, an interruption 130, an error of ours 70 (its traceback is kept in a
    file).
    """
    try:
        yield
    except click.exceptions.Exit as ended:
        sys.exit(ended.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(EXIT_BAD_INPUT)  # click would say 1 of some
    except (KeyboardInterrupt, click.Abort):
        click.echo("splitbrain: interrupted", err=True)
        sys.exit(EXIT_INTERRUPTED)
    except Exception as error:  # noqa: BLE001 - this is where all ends
        sentence = sentence_of(error)
        if sentence is not None:
            click.echo(f"splitbrain: {shortened(sentence)}", err=True)
            sys.exit(EXIT_BAD_INPUT)
        click.echo(f"splitbrain: {internal_error(error)}", err=True)
        sys.exit(EXIT_INTERNAL)


def sentence_of(error: Exception) -> str | None:
    """What to say of an error that input or the machine caused; None for a defect of ours."""
    from splitbrain.checkers.history import HistoryError, HistoryWriteError
    from splitbrain.checkers.models import ModelError
    from splitbrain.harness.plan import InvalidPlan
    from splitbrain.harness.processes.lives import ProcessTrouble
    from splitbrain.harness.runs.folders import StoreError
    from splitbrain.harness.searching.seeds import NotDeterministic
    from splitbrain.harness.shrinking import NotReproduced

    known = (InvalidPlan, HistoryError, HistoryWriteError, ModelError, ProcessTrouble, StoreError)
    if isinstance(error, (*known, NotDeterministic, NotReproduced)):
        return str(error)
    if isinstance(error, OSError):
        return f"{error.filename or 'standard output'}: {error.strerror or error}"
    if isinstance(error, MemoryError):
        return "there is not enough memory for this: give less of the history, or shorter values"
    return None


def internal_error(error: Exception) -> str:
    """A sentence for an error of ours: what it is, where its traceback is kept, what to do."""
    text = "".join(traceback.format_exception(error))
    try:
        number, path = tempfile.mkstemp(prefix="splitbrain-", suffix=".traceback.txt")
        with os.fdopen(number, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(text)
        kept = f"its traceback is kept in {path}; please report it with that file and the input"
    except OSError:
        kept = f"please report it with the input and this traceback:\n{text}"
    last = traceback.extract_tb(error.__traceback__)[-1]
    where = f"{Path(last.filename).name}:{last.lineno}"
    what = shortened(f"{type(error).__name__}: {error}".splitlines()[0], 400)
    return (
        f"internal error, no verdict ({what}, at {where}); this is a defect of splitbrain, not of "
        f"your input: {kept}"
    )


def shortened(sentence: str, limit: int = _SENTENCE_MAX) -> str:
    """A sentence without its middle where that is a page."""
    if len(sentence) <= limit:
        return sentence
    return f"{sentence[: limit // 2]} ... {sentence[-limit // 2 :]}"


def finish(validity: Validity) -> NoReturn:
    """Exit with the code of a verdict."""
    sys.exit(CODES[validity])
