"""Consistency weaker than linearizability: sequential, regular, safe, boundedly stale.

From strong to weak, for a register: linearizable implies sequential, and it implies regular, which
implies boundedly stale and safe. Sequential and regular imply neither each other: a sequentially
consistent read may be arbitrarily stale, and regular reads may disagree about the order of writes.
"""

from __future__ import annotations

from splitbrain.checkers.consistency.lamport import regular_register, safe_register
from splitbrain.checkers.consistency.recheck.interleavings import verify_sequential
from splitbrain.checkers.consistency.sequential_order import sequential
from splitbrain.checkers.consistency.staleness import bounded_staleness

__all__ = [
    "bounded_staleness",
    "regular_register",
    "safe_register",
    "sequential",
    "verify_sequential",
]
