"""Invariants: facts that must hold at every moment, and coverage."""

from __future__ import annotations

from splitbrain.checkers.invariants.balances import bank
from splitbrain.checkers.invariants.coverage import exercised
from splitbrain.checkers.invariants.forks import causal_reverse, long_fork
from splitbrain.checkers.invariants.leaders import leader_per_term
from splitbrain.checkers.invariants.on_call import doctors

__all__ = ["bank", "causal_reverse", "doctors", "exercised", "leader_per_term", "long_fork"]
