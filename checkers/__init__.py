"""Checkers: judge a recorded history, without knowing what produced it.

    from checkers import linearizable, load, models

    verdict = linearizable(models.cas_register()).check(load("history.jsonl"))
    verdict.validity, verdict.reason

Checkers are pure: they import neither the harness nor trio, and a verdict depends on the history
alone.
"""

from __future__ import annotations

from checkers import models
from checkers.collections import set_full
from checkers.convergence import converged
from checkers.history import History, Operation, load
from checkers.invariants import exercised, leader_per_term
from checkers.linearizability import linearizable
from checkers.registry import CHECKERS, checker_for_model
from checkers.verdict import (
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
