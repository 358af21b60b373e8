"""Entries of the checkers of transactions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from splitbrain.checkers.certificate import Certified
from splitbrain.checkers.entry import CheckerEntry
from splitbrain.checkers.history import History
from splitbrain.checkers.isolation import (
    list_append,
    load_transactions,
    predicate_reads,
    rw_register,
)
from splitbrain.checkers.isolation.recheck.verdicts import certified
from splitbrain.checkers.verdict import Checker, Shape, Verdict


def verified(history: History, verdict: Verdict, options: Mapping[str, Any]) -> Certified:
    """See `splitbrain.checkers.entry.CheckerEntry.verify`; verdicts carry their options."""
    return certified(history, verdict)


def _entry(name: str, make: Callable[..., Checker], description: str) -> CheckerEntry:
    takes = frozenset({"consistency", "budget"})
    return CheckerEntry(
        name, make, description, takes, load_transactions, verified, shape=Shape.CYCLE
    )


LIST_APPEND = _entry(
    "list-append",
    list_append,
    "isolation of transactions that append to lists, by any consistency model",
)

RW_REGISTER = _entry(
    "rw-register", rw_register, "isolation of transactions that read and write registers"
)

PREDICATE_READS = _entry(
    "predicate-reads",
    predicate_reads,
    "isolation of transactions that read by predicate: phantoms",
)
