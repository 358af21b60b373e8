"""Convergence: do replicas end up in the same state, and with nothing lost?"""

from __future__ import annotations

from splitbrain.checkers.convergence.concurrent_writes import no_lost_concurrent_write
from splitbrain.checkers.convergence.homes import homes_converged
from splitbrain.checkers.convergence.laws import broken_laws
from splitbrain.checkers.convergence.repairs import repair_ends
from splitbrain.checkers.convergence.replicas import converged
from splitbrain.checkers.convergence.strong_eventual import strong_eventual_consistency
from splitbrain.checkers.convergence.texts import replicated_text
from splitbrain.checkers.convergence.totals import eventual_counter
from splitbrain.checkers.vocabulary import REPLICA_STATE

__all__ = [
    "REPLICA_STATE",
    "broken_laws",
    "converged",
    "eventual_counter",
    "homes_converged",
    "no_lost_concurrent_write",
    "repair_ends",
    "replicated_text",
    "strong_eventual_consistency",
]
