"""Entries of the checkers of single objects: linearizable, or sequentially consistent."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from splitbrain.checkers.certificate import Certified, NoCertificate
from splitbrain.checkers.consistency.recheck.interleavings import (
    verify_not_sequential,
    verify_sequential,
)
from splitbrain.checkers.consistency.sequential_order import sequential
from splitbrain.checkers.entry import SEARCHING, CheckerEntry
from splitbrain.checkers.history import History
from splitbrain.checkers.linearizability import Budget, linearizable
from splitbrain.checkers.linearizability.recheck.linearizations import verify as verify_linearizable
from splitbrain.checkers.models import Model
from splitbrain.checkers.verdict import VALID, Checker, Verdict

_DESCRIPTION = "linearizability, key by key; sequential consistency on request"


def of_maker(name: str, maker: Callable[..., Model]) -> CheckerEntry:
    """The entry for histories of a model of ours.

    Args:
        name: the model's name.
        maker: makes the model from its own options.
    """

    def make(**options: Any) -> Checker:
        common, own = _split(options)
        consistency = common.pop("consistency", None)
        if consistency not in (None, "linearizable", "sequential"):
            raise ValueError(
                f"model {name!r} has no consistency {consistency!r}: there are linearizable and "
                "sequential (isolation levels are for list-append and rw-register)"
            )
        if isinstance(common.get("budget"), int):
            common["budget"] = Budget(configurations=common["budget"])
        if consistency == "sequential":
            limits = {key: common.get(key) for key in ("keyed", "budget")}
            return sequential(maker(**own), **limits)
        return linearizable(maker(**own), **common)

    def verify(history: History, verdict: Verdict, options: Mapping[str, Any]) -> Certified:
        common, own = _split(options)
        try:
            model = maker(**own)
        except TypeError as error:
            raise NoCertificate(f"model {name!r}: {error}") from None
        return _verified(model, history, verdict, common.get("keyed"))

    return CheckerEntry(name, make, _DESCRIPTION, SEARCHING, verify=verify)


def of_model(model: Model) -> CheckerEntry:
    """The entry for histories of a user's own model, which has no options."""

    def maker() -> Model:
        return model

    return of_maker(model.name, maker)


def _split(options: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The options that all checkers of objects take, and the model's own."""
    common = {key: value for key, value in options.items() if key in SEARCHING}
    return common, {key: value for key, value in options.items() if key not in SEARCHING}


def _verified(
    model: Model, history: History, verdict: Verdict, keyed: bool | None = None
) -> Certified:
    certificate, valid = verdict.certificate, verdict.validity is VALID
    if certificate.get("model") not in (None, model.name):
        raise NoCertificate(f"its model is {certificate['model']}, not {model.name}")
    if not verdict.checker.startswith("sequential("):
        return verify_linearizable(model, history, certificate, valid=valid, keyed=keyed)
    if not valid:
        return verify_not_sequential(model, history, verdict, keyed)
    return verify_sequential(model, history, certificate)
