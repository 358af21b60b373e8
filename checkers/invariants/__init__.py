"""Invariants: facts that must hold at every moment, and coverage."""

from __future__ import annotations

from checkers.invariants.coverage import exercised
from checkers.invariants.leader_per_term import leader_per_term

__all__ = ["exercised", "leader_per_term"]
