"""Goodput returns when what brought it down is over.

*Property.* ``drive`` makes requests for a while without waiting for answers, and gives ``{"sent":
n, "answered": m, "spike": whether}``: how many there were, and how many were answered in time. A
*trigger* is a ``drive`` of a spike, or a fault; one that leaves a server dead for good never ends.
Of the drives that are invoked more than `after` seconds after the end of every trigger so far,
`share` of all requests are answered (``metastable`` if not).

*Source.* Bronson et al., "Metastable Failures in Distributed Systems", HotOS 2021: an overload
whose trigger is gone is kept up by what it has set off, retries above all.

*Algorithm.* Follow the events. Linear.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from splitbrain.checkers.entry import CheckerEntry
from splitbrain.checkers.findings import verdict_of
from splitbrain.checkers.history import NEMESIS, OK, Call, History, Operation
from splitbrain.checkers.models.model import ModelError, shown
from splitbrain.checkers.verdict import Anomaly, Checker, Verdict
from splitbrain.checkers.vocabulary import MEMBER_DEAD

NAME = "metastable"

DRIVE = "drive"

LEAST = 20
"""How many requests there must be after a trigger for anything to be said."""


def metastable(after: float = 2.0, share: float = 0.9) -> Checker:
    """A checker: goodput returns. See the module.

    Args:
        after: how long a service may take to recover, in seconds.
        share: how many of the requests must be answered then, of 1.

    Raises:
        ValueError: the time is negative, or the share is none.
    """
    if after < 0 or not 0 < share <= 1:
        raise ValueError(f"after is {after} and share {share}: give seconds, and a share up to 1")
    return _Metastable(after, share)


@dataclass(frozen=True, slots=True)
class _Metastable:
    after: float
    share: float
    name: str = NAME

    def check(self, history: History) -> Verdict:
        """See `splitbrain.checkers.verdict.Checker`.

        Raises:
            ModelError: a drive gave something else.
        """
        drives = [call for call in history.calls() if call.f == DRIVE]
        for call in drives:
            if call.outcome == OK and not _is_count(call.result):
                raise ModelError(call.invoke_index, f"{DRIVE} gave {shown(call.result)}")
        over = _triggers(history, drives)
        late = [c for c in drives if c.outcome == OK and self._is_late(c, over)]
        sent = sum(call.result["sent"] for call in late)
        answered = sum(call.result["answered"] for call in late)
        coverage = {"requests after triggers": sent, "of them answered": answered}
        vain = None if sent >= LEAST else "hardly any requests were made after the last trigger"
        anomalies = []
        if sent >= LEAST and answered < self.share * sent:
            said = f"{answered} of {sent} requests are answered, {self.after:g} s and more after"
            events = [i for c in late for i in (c.invoke_index, c.complete_index) if i is not None]
            anomalies = [Anomaly(NAME, f"{said} all triggers are over", tuple(events))]
        holds = f"{answered} of {sent} requests after triggers are answered"
        return verdict_of(self.name, anomalies, coverage, holds=holds, vain=vain)

    def _is_late(self, call: Call, over: list[tuple[int, float]]) -> bool:
        """Whether every trigger that began before the end of a drive was long over."""
        wanted = call.start - round(self.after * 1e9)
        assert call.end is not None
        return all(end <= wanted for begin, end in over if begin < call.end)


def _is_count(result: Any) -> bool:
    return isinstance(result, Mapping) and all(
        isinstance(result.get(name), int) for name in ("sent", "answered", "spike")
    )


def _triggers(history: History, drives: list[Call]) -> list[tuple[int, float]]:
    """When each trigger began and ended (ns)."""
    found: list[tuple[int, float]] = []
    for call in drives:
        if call.outcome == OK and call.result["spike"]:
            found.append((call.start, call.end or 0))
        elif call.outcome != OK:
            found.append((call.start, call.start))  # nobody knows what was sent
    begun: dict[Any, Operation] = {}
    for event in history:
        if event.process != NEMESIS or not isinstance(event.value, Mapping):
            continue
        fault, phase = event.value.get("id"), event.value.get("phase")
        if phase == "start" and event.f == MEMBER_DEAD:
            found.append((event.time, float("inf")))
        elif phase == "start":
            begun[fault] = event
        elif phase == "stop" and fault in begun:
            found.append((begun.pop(fault).time, event.time))
    return found + [(event.time, float("inf")) for event in begun.values()]


ENTRY = CheckerEntry(NAME, metastable, "goodput returns when what brought it down is over")
"""``after``: seconds to recover; ``share``: what must be answered then."""
