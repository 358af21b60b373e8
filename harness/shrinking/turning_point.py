"""The last safe moment: from which event on every continuation fails.

A *continuation* of a run is the same up to some event, and then goes on with other dice: other
latencies, another order of tasks; its operations come as planned, no further fault begins. Before
the moment some continuations pass; from it on all fail, as far as a few dozen show.

With what has happened, the chance that a run fails is a martingale: once it is 1 it stays 1
(Williams, Probability with Martingales, 1991, chapter 10), so the moment can be found by bisection.
Sampled, a chance near 1 looks like 1; so what is found is tried with more continuations, and if one
of them passes, the moment is later.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from splitbrain.checkers.verdict import INVALID
from splitbrain.checkers.vocabulary import LEADER
from splitbrain.harness.ground import Turn, Turning, ground_named
from splitbrain.harness.runs.running import Run, run
from splitbrain.harness.shrinking.chances import Chance
from splitbrain.harness.simulation.trace import Event, Trace
from splitbrain.harness.workloads.workload import Experiment

FEW, MANY = 6, 30
"""Continuations tried of a moment on the way, and of the one that is told."""

MOST_RUNS = 250

_LARGE = 1_000_000

_WORDS: Mapping[str, str] = {
    "boot": "{0} starts",
    "kill": "{0} is killed",
    "power-loss": "{0} loses power",
    "pause": "{0} stands still",
    "resume": "{0} goes on",
    "fsync": "{0} has synced {1}",
    "died": "{0} dies",
    "exit": "{0} ends",
    "drop": "a message from {0} to {1} is lost",
}

_TELLING = ("power-loss", "kill", "died", "pause", "announce", "boot", "fsync", "receive")
"""What is told first of events at the same moment."""


@dataclass(frozen=True, slots=True)
class Certainty:
    """When the failure became certain.

    Attributes:
        time: virtual seconds; None if it is certain from the start.
        event: what happened then, in words; empty if it is certain from the start.
        before: how many continuations failed from the event before on.
        after: and how many from this one on: all that were tried.
    """

    time: float | None
    event: str
    before: Chance
    after: Chance

    def to_json(self) -> dict[str, Any]:
        """As ``shrink.json`` has it."""
        return {
            "time": self.time,
            "event": self.event,
            "before": self.before.to_json(),
            "after": self.after.to_json(),
        }


def certainty(experiment: Experiment, failing: Run, most: int = MOST_RUNS) -> Certainty | None:
    """When the failure of a run became certain.

    Args:
        experiment: what was run.
        failing: its run, with its trace.
        most: how many continuations may be run.

    Returns:
        None if they don't suffice to say, or the ground has no other continuations.
    """
    ground = ground_named(failing.plan.ground)
    if not isinstance(ground.world(failing.plan, Trace(recording=False)), Turning):
        return None
    of_plan = experiment.with_plan(failing.plan)

    def fails(turn: Turn) -> bool:
        return run(of_plan, tracing=False, turn=turn).validity is INVALID

    moments = sorted({event[0] for event in failing.trace.events})
    return _Bisection(moments, fails, most).find(failing.trace.events)


class _Spent(Exception):
    pass


class _Bisection:
    """Looks for the first moment from which on all continuations fail.

    Moments are numbered; before all of them is -1, the start.
    """

    def __init__(self, moments: Sequence[float], fails: Callable[[Turn], bool], most: int) -> None:
        self._moments = moments
        self._fails = fails
        self._left = most
        self._seen: dict[int, list[bool]] = {}

    def find(self, events: Sequence[Event]) -> Certainty | None:
        """The moment; None if the continuations don't suffice."""
        try:
            moment = self._certain_from()
            after, before = self._chance(moment), self._chance(moment - 1)
        except _Spent:
            return None
        if moment < 0:
            return Certainty(None, "", Chance(0, 0), after)
        time = self._moments[moment]
        return Certainty(time, told(events, time), before, after)

    def _certain_from(self) -> int:
        low, high = -2, len(self._moments) - 1  # -2: not even the start
        wanted = FEW
        while True:
            while high - low > 1:
                middle = (low + high) // 2
                if self._all_fail(middle, wanted):
                    high = middle
                else:
                    low = middle
            if self._all_fail(high, MANY):
                return high
            low, high, wanted = high, len(self._moments) - 1, MANY

    def _all_fail(self, moment: int, wanted: int) -> bool:
        """Whether so many continuations all fail; the first that passes ends it."""
        seen = self._seen.setdefault(moment, [])
        while all(seen) and len(seen) < wanted:
            self._try(moment)
        return all(seen)

    def _chance(self, moment: int) -> Chance:
        if moment < -1:
            return Chance(0, 0)
        seen = self._seen.setdefault(moment, [])
        while len(seen) < MANY:
            self._try(moment)
        return Chance(sum(seen), len(seen))

    def _try(self, moment: int) -> None:
        if self._left <= 0:
            raise _Spent
        self._left -= 1
        seen = self._seen[moment]
        after = self._moments[moment] if moment >= 0 else 0.0
        seen.append(self._fails(Turn(after, len(seen) + 1)))


def told(events: Sequence[Event], time: float) -> str:
    """What happened at a moment, in words."""
    here = [event for event in events if event[0] == time]
    ranks = {kind: rank for rank, kind in enumerate(_TELLING)}
    _, kind, *details = min(here, key=lambda event: ranks.get(event[1], len(ranks)))
    if kind == "send":
        source, destination, _, message = details
        return f"{source} sends {_message(message)} to {destination}"
    if kind == "receive":
        source, destination, number = details
        sent = (e for e in events if e[1] == "send" and e[4] == number)
        message = next((e[5] for e in sent), ())
        return f"{destination} receives {_message(message)} from {source}"
    if kind in _WORDS:
        return _WORDS[kind].format(*details)
    host, *more = details or ("",)
    match kind, more:
        case "announce", [f, {"term": term}] if f == LEADER:
            return f"{host}: leader of term {term}"
    said = " ".join(map(str, more))
    return f"{host}: {said}" if kind == "announce" else f"{host}: {kind} {said}".rstrip()


def _message(message: Sequence[Any]) -> str:
    """A message without its long numbers, which name it and tell nobody anything."""
    parts = [part for part in message if not (type(part) is int and part > _LARGE)]
    return f"({', '.join(map(str, parts))})"
