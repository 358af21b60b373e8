"""Which operations of a history faults asked for, rather than the workload or the plan's list."""

from __future__ import annotations

from collections.abc import Mapping

from splitbrain.checkers.history import NEMESIS, History
from splitbrain.checkers.vocabulary import ASKED


def asked_for(history: History) -> frozenset[int]:
    """Where these operations were invoked, as the effects of faults tell."""
    told = [event.value for event in history.events(process=NEMESIS)]
    effects = [value.get("effect", {}) for value in told if isinstance(value, Mapping)]
    return frozenset(index for effect in effects for index in effect.get(ASKED, ()))
