"""Convergence: do replicas end up in the same state?"""

from __future__ import annotations

from splitbrain.checkers.convergence.replicas import REPLICA_STATE, converged

__all__ = ["REPLICA_STATE", "converged"]
