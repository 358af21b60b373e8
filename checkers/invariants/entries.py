"""Entries of the checkers of invariants."""

from __future__ import annotations

from collections.abc import Callable

from splitbrain.checkers.entry import CheckerEntry
from splitbrain.checkers.invariants import bank, causal_reverse, doctors, long_fork
from splitbrain.checkers.isolation.entries import verified
from splitbrain.checkers.verdict import Checker


def _entry(name: str, make: Callable[..., Checker], description: str) -> CheckerEntry:
    return CheckerEntry(name, make, description, verify=verified)


BANK = _entry("bank", bank, "every read of all accounts shows the same total")
DOCTORS = _entry("doctors", doctors, "somebody stays on call: write skew")
LONG_FORK = _entry("long-fork", long_fork, "no two reads see two writes in opposite orders")
CAUSAL_REVERSE = _entry(
    "causal-reverse",
    causal_reverse,
    "no read sees a write without one that had completed before it",
)
