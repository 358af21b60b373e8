"""Checkers: judge a recorded history, without knowing what produced it.

    from splitbrain.checkers import linearizable, load, models

    verdict = linearizable(models.cas_register()).check(load("history.jsonl"))
    verdict.validity, verdict.reason

Checkers are pure: they import neither the harness nor trio, and a verdict depends on the history
alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from splitbrain.lazy import lazily

if TYPE_CHECKING:
    from splitbrain.checkers import models
    from splitbrain.checkers.collections import set_full
    from splitbrain.checkers.convergence import converged
    from splitbrain.checkers.history import History, Operation, load
    from splitbrain.checkers.invariants import exercised, leader_per_term
    from splitbrain.checkers.linearizability import linearizable
    from splitbrain.checkers.registry import CHECKERS, checker_for_model
    from splitbrain.checkers.verdict import (
        INVALID,
        UNKNOWN,
        VALID,
        Anomaly,
        Checker,
        Validity,
        Verdict,
        worst,
    )

__all__ = [
    "CHECKERS",
    "INVALID",
    "UNKNOWN",
    "VALID",
    "Anomaly",
    "Checker",
    "History",
    "Operation",
    "Validity",
    "Verdict",
    "checker_for_model",
    "converged",
    "exercised",
    "leader_per_term",
    "linearizable",
    "load",
    "models",
    "set_full",
    "worst",
]

__getattr__ = lazily(
    __name__,
    {
        "splitbrain.checkers.models": ("models",),
        "splitbrain.checkers.collections": ("set_full",),
        "splitbrain.checkers.convergence": ("converged",),
        "splitbrain.checkers.history": ("History", "Operation", "load"),
        "splitbrain.checkers.invariants": ("exercised", "leader_per_term"),
        "splitbrain.checkers.linearizability": ("linearizable",),
        "splitbrain.checkers.registry": ("CHECKERS", "checker_for_model"),
        "splitbrain.checkers.verdict": (
            "INVALID",
            "UNKNOWN",
            "VALID",
            "Anomaly",
            "Checker",
            "Validity",
            "Verdict",
            "worst",
        ),
    },
)
