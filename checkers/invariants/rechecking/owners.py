"""Verdicts on owners of ranges checked again: at each announcement, who answers for each low end.

The definition is that of `splitbrain.checkers.invariants.ownership`. Two ranges that share a key
share the greater of their low ends, so these keys are all that need to be asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from splitbrain.checkers.certificate import Certified, compare
from splitbrain.checkers.history import History
from splitbrain.checkers.verdict import Verdict
from splitbrain.checkers.vocabulary import OWNS


def verify(history: History, verdict: Verdict, options: Mapping[str, Any]) -> Certified:
    """Who has which key at each announcement. Quadratic in the ranges at a time.

    Raises:
        CertificateError: a finding is not there, or one is there that the verdict doesn't have.
    """
    owned: dict[Any, list[list[Any]]] = {}
    found: dict[int, set[str]] = {}
    events = history.events(f=OWNS)
    for event in events:
        assert isinstance(event.value, Mapping)
        owned[event.process] = mine = list(event.value["ranges"])
        for other in owned.keys() - {event.process}:
            for key in [low for low, _ in (*mine, *owned[other])]:
                if _answers(mine, key) and _answers(owned[other], key):
                    found[event.index] = {"two-owners"}
    told = f"after each of {len(events)} announcements it was asked who answers for each low end"
    return compare(verdict, found, told)


def _answers(ranges: list[list[Any]], key: str) -> bool:
    return any(low <= key and (high is None or key < high) for low, high in ranges)
