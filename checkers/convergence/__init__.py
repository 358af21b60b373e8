"""Convergence: do replicas end up in the same state?"""

from __future__ import annotations

from splitbrain.checkers.convergence.replicas import converged
from splitbrain.checkers.vocabulary import REPLICA_STATE

__all__ = ["REPLICA_STATE", "converged"]
