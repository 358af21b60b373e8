"""What the commands `check` and `verify` do with recorded histories."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from splitbrain.checkers.certificate import CertificateError, Certified, NoCertificate
from splitbrain.checkers.consistency.entries import of_model
from splitbrain.checkers.consistency.sequential_order import Sequential
from splitbrain.checkers.documents import DocumentError, read_document
from splitbrain.checkers.entry import CheckerEntry
from splitbrain.checkers.history import History
from splitbrain.checkers.history.source import Content
from splitbrain.checkers.linearizability import Budget
from splitbrain.checkers.linearizability.checker import Linearizable
from splitbrain.checkers.linearizability.limits import UNLIMITED
from splitbrain.checkers.registry import entry_named, entry_of_verdict
from splitbrain.checkers.verdict import INVALID, VALID, Anomaly, Checker, Verdict

CHECK_SECONDS = 60.0

VERIFIED_BELOW = 10_000
"""Operations below which every valid verdict is checked again by independent code."""


class InternalError(RuntimeError):
    """A verdict of ours that our own independent code refutes: exit code 70, never a verdict."""


def checker(
    model: str,
    *,
    keyed: bool | None = None,
    seconds: float | None = None,
    algorithm: str | None = None,
    consistency: str | None = None,
    options: Mapping[str, Any] | None = None,
    progress: Callable[[float], None] | None = None,
    verify: bool | None = None,
) -> Checker:
    """The checker for a model of ours, or for a user's own, that checks its own valid verdicts.

    Args:
        model: one of `splitbrain.checkers.registry.CHECKERS`, or ``FILE.py:NAME``
            (``module:NAME``).
        keyed: whether values are ``[key, value]``; None finds out.
        seconds: time until the verdict is unknown; None for `CHECK_SECONDS`.
        algorithm: see `splitbrain.checkers.linearizability.linearizable`.
        consistency: ``linearizable`` or ``sequential``, or for transactions an isolation level.
        options: what else the checker takes, by name.
        progress: told how far a long check is, from 0 to 1.
        verify: whether valid verdicts are checked again by independent code; None for those on
            less than `VERIFIED_BELOW` operations.

    Raises:
        ValueError: there is no such model or algorithm, or an option that it does not take.
    """
    entry = entry_named(model)
    asked: dict[str, Any] = {"keyed": keyed, "algorithm": algorithm, "consistency": consistency}
    for name, value in {**asked, "budget": seconds}.items():
        if value is not None and name not in entry.takes:
            raise ValueError(f"--{name} is not for {model}: its checker does without")
    # Time is the limit, and memory; not configurations.
    asked["budget"] = Budget(UNLIMITED, CHECK_SECONDS if seconds is None else seconds)
    asked["progress"] = progress
    common = {name: value for name, value in asked.items() if name in entry.takes}
    # Left out, an option is as its checker has it.
    common = {name: value for name, value in common.items() if value is not None}
    chosen = {**(options or {}), **common}
    try:
        made = entry.make(**chosen)
    except TypeError as error:
        raise ValueError(f"model {model!r}: {error}") from None
    return SelfChecking(entry, made, chosen, verify)


@dataclass(frozen=True, slots=True)
class SelfChecking:
    """A checker whose valid verdicts are checked again before anybody sees them.

    Attributes:
        entry: the checker's entry.
        made: the checker.
        options: those that it was made with.
        verify: see `checker`.
    """

    entry: CheckerEntry
    made: Checker
    options: Mapping[str, Any]
    verify: bool | None

    @property
    def name(self) -> str:
        """The checker's own."""
        return self.made.name

    def check(self, history: History) -> Verdict:
        """See `splitbrain.checkers.verdict.Checker`.

        Raises:
            InternalError: independent code refutes the verdict.
        """
        verdict = self.made.check(history)
        wanted = self.verify
        if wanted is None:
            # Each has an invocation and mostly a completion.
            wanted = len(history) < 2 * VERIFIED_BELOW
        if wanted:
            confirm(self.entry, history, verdict, self.options)
        return verdict


def confirm(
    entry: CheckerEntry, history: History, verdict: Verdict, options: Mapping[str, Any]
) -> None:
    """Check a valid verdict of ours again, as far as there is evidence.

    Raises:
        InternalError: independent code refutes it.
    """
    if verdict.validity is not VALID or entry.verify is None:
        return
    try:
        entry.verified(history, verdict, options)
    except NoCertificate:
        pass  # what is valid by default proves nothing, and says so
    except CertificateError as error:
        raise InternalError(
            f"{verdict.checker} says valid ({verdict.reason}), but its certificate is refuted: "
            f"{error}; this is a bug of splitbrain, please report it with the history"
        ) from error


def confirm_run(
    history: History,
    checkers: Sequence[Checker],
    verdicts: Sequence[Verdict],
    *,
    verify: bool | None = None,
) -> None:
    """Check the valid verdicts on a run again, of those checkers that leave evidence.

    Args:
        history: the run's.
        checkers: what judged it.
        verdicts: what they said.
        verify: see `checker`.

    Raises:
        InternalError: independent code refutes one.
    """
    if not (len(history) < 2 * VERIFIED_BELOW if verify is None else verify):
        return
    by_name = {checker.name: checker for checker in checkers}
    for verdict in verdicts:
        # A checker of a model has that model's options; verdicts of the others carry theirs.
        made = by_name.get(verdict.checker)
        if isinstance(made, Linearizable | Sequential):
            entry: CheckerEntry | None = of_model(made.model)
        else:
            entry = entry_of_verdict(verdict.checker)
        if entry is not None:
            confirm(entry, history, verdict, {})


def read(file: Path | Content, model: str) -> History:
    """Read a history in the form that suits its checker.

    Raises:
        splitbrain.checkers.history.HistoryError: it is none.
        ValueError: there is no such model.
    """
    return entry_named(model).read(file)


def verified(
    history: Path,
    certificate: Path | None,
    model: str,
    options: Mapping[str, Any] | None = None,
) -> Certified:
    """Check a certificate against a history.

    Args:
        history: the history's file, or a run's folder.
        certificate: a file with a certificate or a verdict, or a run's folder; None for that of the
            run whose folder ``history`` is.
        model: the model of the verdict, as for `checker`.
        options: the checker's, as for `checker`.

    Returns:
        What was confirmed; it isn't always all that the verdict says.

    Raises:
        splitbrain.checkers.certificate.CertificateError: the certificate does not hold.
        splitbrain.checkers.certificate.NoCertificate: there is none for this model, or the file
            can't be read as one.
        ValueError: there is no such model.
    """
    recorded = history / "history.jsonl" if history.is_dir() else history
    source = certificate or history
    entry, verdict = verdicts_in(source, model)[0]
    return checked_again(entry, entry.read(recorded), verdict, options)


def verdicts_in(source: Path, model: str | None) -> list[tuple[CheckerEntry, Verdict]]:
    """The verdicts in a file: by itself, in a run's ``verdict.json``, or a certificate alone.

    Args:
        source: the file, or the folder of a run.
        model: whose verdict is wanted; None for all that there are, as they name their checkers.

    Raises:
        splitbrain.checkers.certificate.NoCertificate: it has none, or can't be read.
        ValueError: there is no such model.
    """
    path = source / "verdict.json" if source.is_dir() else source
    entry = None if model is None else entry_named(model)
    data = _json_object(path)
    if "validity" not in data and "verdicts" not in data:
        name = data.get("model", "" if entry is None else entry.name)
        entry = entry or entry_of_verdict(str(name))
        if entry is None:
            raise NoCertificate(f"{path}: nothing in it names a model: say --model")
        checker = f"linearizable({name})"
        verdict = Verdict(checker, VALID, "", certificate=data)
        if "refutations" in data:
            shown = {"refutations": data["refutations"]}
            refuted = Anomaly("nonlinearizable", "as its certificate says", details=shown)
            verdict = Verdict(checker, INVALID, "", (refuted,), data)
        return [(entry, verdict)]
    found = []
    try:
        for recorded in data.get("verdicts", [data]):
            name = recorded["checker"]
            if type(name) is not str:
                raise TypeError(f"'checker' is of type {type(name).__name__}, not str")
            of = entry_of_verdict(name) if entry is None else entry
            if of is not None and of.judged(name):
                found.append((of, Verdict.from_json(recorded)))
    except (KeyError, TypeError, ValueError) as error:
        reason = f"no field {error}" if isinstance(error, KeyError) else str(error)
        raise NoCertificate(f"{path}: this is not a verdict ({reason[:200]})") from None
    if not found:
        whose = "any checker that is known here: say --model" if entry is None else entry.name
        raise NoCertificate(f"{path}: it has no verdict of {whose}")
    return found


def checked_again(
    entry: CheckerEntry,
    history: History,
    verdict: Verdict,
    options: Mapping[str, Any] | None = None,
) -> Certified:
    """What independent code finds of a verdict that came from a file, as anything may.

    Raises:
        splitbrain.checkers.certificate.CertificateError: it does not hold.
        splitbrain.checkers.certificate.NoCertificate: there is none that could be followed.
    """
    try:
        return entry.verified(history, verdict, options)
    except _UNFOLLOWABLE as error:
        raise NoCertificate(
            f"the certificate cannot be followed ({type(error).__name__}: {error}): it is damaged, "
            "or another version's"
        ) from error


# What following a certificate ends in whose lists, numbers and words stand in each other's places.
_UNFOLLOWABLE = (
    *(TypeError, KeyError, IndexError, AttributeError, ArithmeticError, UnicodeError),
    RecursionError,
)


def _json_object(path: Path) -> dict[str, Any]:
    try:
        data = read_document(path)
    except OSError as error:
        raise NoCertificate(f"{path}: {error.strerror}") from None
    except DocumentError as error:
        raise NoCertificate(f"{path}: {error}") from None
    if not isinstance(data, dict):
        raise NoCertificate(f"{path}: this is neither a certificate nor a verdict")
    return data
