"""What the commands `check` and `verify` do with recorded histories."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from splitbrain.checkers.history import History, load
from splitbrain.checkers.history.source import Content
from splitbrain.checkers.isolation import CertificateError as IsolationCertificateError
from splitbrain.checkers.isolation import NoCertificate as NoIsolationCertificate
from splitbrain.checkers.isolation import load_transactions
from splitbrain.checkers.isolation import verify as verify_isolation
from splitbrain.checkers.linearizability import (
    Budget,
    CertificateError,
    NoCertificate,
    linearizable,
    verify,
)
from splitbrain.checkers.linearizability.limits import UNLIMITED
from splitbrain.checkers.models import MODELS, Model
from splitbrain.checkers.models.own_models import named
from splitbrain.checkers.registry import checker_for_model
from splitbrain.checkers.verdict import Checker, Verdict

CHECK_SECONDS = 60.0


TRANSACTIONS = ("list-append", "rw-register", "predicate-reads")
"""Models that are judged against an isolation level."""

INVARIANTS = ("bank", "doctors", "long-fork", "causal-reverse")
"""Models of transactions that are judged by an invariant."""


def checker(
    model: str,
    *,
    keyed: bool | None = None,
    seconds: float | None = None,
    algorithm: str | None = None,
    consistency: str | None = None,
    options: Mapping[str, Any] | None = None,
    progress: Callable[[float], None] | None = None,
) -> Checker:
    """The checker for a model of ours, or for a user's own.

    Args:
        model: one of `splitbrain.checkers.registry.CHECKERS`, or ``FILE.py:NAME``
            (``module:NAME``).
        keyed: whether values are ``[key, value]``; None finds out.
        seconds: time until the verdict is unknown; None for `CHECK_SECONDS`.
        algorithm: see `splitbrain.checkers.linearizability.linearizable`.
        consistency: ``linearizable`` or ``sequential``, or for transactions an isolation level.
        options: what else the checker takes, by name.
        progress: told how far a long check is, from 0 to 1.

    Raises:
        ValueError: there is no such model or algorithm, or an option that it does not take.
    """
    chosen: dict[str, Any] = dict(options or {})
    if consistency is not None:
        chosen["consistency"] = consistency
    if model in MODELS or ":" in model:
        # Time is the limit, and memory; not configurations.
        budget = Budget(UNLIMITED, CHECK_SECONDS if seconds is None else seconds)
        chosen |= {"keyed": keyed, "budget": budget, "algorithm": algorithm, "progress": progress}
    elif seconds is not None or algorithm is not None:
        what = "budget" if seconds is not None else "algorithm"
        raise ValueError(f"--{what} is for linearizability: {model} does without a search")
    elif keyed is not None:
        chosen["keyed"] = keyed
    if ":" not in model:
        return checker_for_model(model, **chosen)
    if consistency is not None or options:
        raise ValueError(f"{model} is judged by linearizability, without further options")
    return linearizable(named(model), **chosen)


def read(file: Path | Content, model: str) -> History:
    """Read a history; one of transactions straight into columns where its form allows.

    Raises:
        splitbrain.checkers.history.HistoryError: it is none.
    """
    return load_transactions(file) if model in TRANSACTIONS else load(file)


def model_named(name: str) -> Model:
    """A model of ours, or a user's own, ``FILE.py:NAME``.

    Raises:
        ValueError: there is none.
    """
    if ":" in name:
        return named(name)
    if name not in MODELS:
        checker_for_model(name)  # knows the nearest names
        raise ValueError(f"verdicts for {name} have no certificate that can be verified")
    return MODELS[name]()


def verified(history: Path, certificate: Path | None, model: str) -> str:
    """Check a certificate against a history, and say what was confirmed.

    Args:
        history: the history's file, or a run's folder.
        certificate: a file with a certificate or a verdict, or a run's folder; None for that of the
            run whose folder ``history`` is.
        model: the model of the verdict, as for `checker`.

    Raises:
        splitbrain.checkers.linearizability.CertificateError: the certificate does not hold.
        NoCertificate: there is none for this model, or the file can't be read as one.
        ValueError: there is no such model.
    """
    source = certificate or history
    source = source / "verdict.json" if source.is_dir() else source
    recorded = history / "history.jsonl" if history.is_dir() else history
    if model in (*TRANSACTIONS, *INVARIANTS):
        verdict = _verdict(source, lambda name: name.startswith(model))
        try:
            return verify_isolation(read(recorded, model), verdict)
        except NoIsolationCertificate as error:
            raise NoCertificate(f"{source}: {error}") from None
        except IsolationCertificateError as error:
            raise CertificateError(str(error)) from None
    judged = model_named(model)
    return verify(judged, load(recorded), _certificate(source, judged))


def _verdict(path: Path, wanted: Callable[[str], bool]) -> Verdict:
    """The verdict in a file: by itself, or in a run's ``verdict.json``."""
    try:
        data = msgspec.json.decode(path.read_bytes())
        verdicts = data.get("verdicts", [data])
        return Verdict.from_json(next(v for v in verdicts if wanted(v["checker"])))
    except (msgspec.DecodeError, AttributeError, KeyError, TypeError, ValueError) as error:
        # What a file holds can be of any length, and the error repeats it.
        raise NoCertificate(f"{path}: this is not a verdict ({str(error)[:200]})") from None
    except StopIteration:
        raise NoCertificate(f"{path}: it has no verdict of this model") from None


def _certificate(path: Path, model: Model) -> Mapping[str, Any]:
    """The certificate in a file: by itself, in a verdict, or in a run's ``verdict.json``."""
    try:
        data = msgspec.json.decode(path.read_bytes())
    except msgspec.DecodeError as error:
        raise NoCertificate(f"{path}: this is not JSON ({error})") from None
    name = f"linearizable({model.name})"
    verdicts = data.get("verdicts") if isinstance(data, dict) else None
    if isinstance(verdicts, list):
        data = next((v for v in verdicts if isinstance(v, dict) and v.get("checker") == name), None)
        if data is None:
            raise NoCertificate(f"{path}: it has no verdict of {name}")
    if isinstance(data, dict) and "validity" in data:
        if data.get("validity") == "unknown":
            raise NoCertificate(f"{path}: the verdict is unknown, so there is nothing to verify")
        data = data.get("certificate")
    if not isinstance(data, dict):
        raise NoCertificate(f"{path}: this is neither a certificate nor a verdict")
    if data.get("model") not in (None, model.name):
        raise NoCertificate(f"{path}: its model is {data['model']}, not {model.name}")
    return data
