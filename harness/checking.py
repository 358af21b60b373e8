"""What the commands `check` and `verify` do with recorded histories."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from checkers.history import load
from checkers.linearizability import Budget, NoCertificate, linearizable, verify
from checkers.models import MODELS, Model
from checkers.models.own import named
from checkers.registry import checker_for_model
from checkers.verdict import Checker

CHECK_SECONDS = 60.0

_NO_LIMIT = 1 << 60


def checker(
    model: str,
    *,
    keyed: bool | None,
    seconds: float | None,
    algorithm: str | None = None,
    progress: Callable[[float], None] | None = None,
) -> Checker:
    """The checker for a model of ours, or for a user's own.

    Args:
        model: one of `checkers.registry.CHECKERS`, or ``FILE.py:NAME`` (``module:NAME``).
        keyed: whether values are ``[key, value]``; None finds out.
        seconds: time until the verdict is unknown; None for `CHECK_SECONDS`.
        algorithm: see `checkers.linearizability.linearizable`.
        progress: told how far a long check is, from 0 to 1.

    Raises:
        ValueError: there is no such model or algorithm, or a limit makes no sense.
    """
    options: dict[str, Any] = {"keyed": keyed}
    if model in MODELS or ":" in model:
        # Time is the limit, and memory; not configurations.
        budget = Budget(_NO_LIMIT, CHECK_SECONDS if seconds is None else seconds)
        options |= {"budget": budget, "algorithm": algorithm, "progress": progress}
    elif seconds is not None or algorithm is not None:
        what = "budget" if seconds is not None else "algorithm"
        raise ValueError(f"--{what} is for linearizability: {model} does without a search")
    if ":" in model:
        return linearizable(named(model), **options)
    return checker_for_model(model, **options)


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


def verified(history: Path, certificate: Path | None, model: Model) -> str:
    """Check a certificate against a history, and say what was confirmed.

    Args:
        history: the history's file, or a run's folder.
        certificate: a file with a certificate or a verdict, or a run's folder; None for that of the
            run whose folder ``history`` is.
        model: the model of the verdict.

    Raises:
        checkers.linearizability.CertificateError: the certificate does not hold.
        NoCertificate: there is none for this model, or the file can't be read as one.
    """
    source = certificate or history
    found = _certificate(source / "verdict.json" if source.is_dir() else source, model)
    return verify(model, load(history / "history.jsonl" if history.is_dir() else history), found)


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
