"""What shrinking gives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from splitbrain.harness.plan import Plan
from splitbrain.harness.runs.running import Run
from splitbrain.harness.shrinking.chances import Chance, Necessity


@dataclass(frozen=True, slots=True)
class Shrunk:
    """The result of shrinking.

    Attributes:
        run: the shrunk plan's run; it fails with the signature of the original.
        original: the plan that was shrunk, with its operations listed.
        runs: how many runs it took.
        often: how often its plan fails under other schedules.
        necessary: what each remaining fault has to do with the failure.
        complete: False if the budget ran out before nothing more could go.
    """

    run: Run
    original: Plan
    runs: int
    often: Chance
    necessary: tuple[Necessity, ...]
    complete: bool

    def to_json(self) -> dict[str, Any]:
        """What ``shrink.json`` holds: sizes before and after, how often it fails, and why."""
        before, after = self.original, self.run.plan
        return {
            "operations": [len(before.operations or ()), len(after.operations or ())],
            "faults": [len(before.faults), len(after.faults)],
            "clients": [before.clients, after.clients],
            "nodes": [before.nodes, after.nodes],
            "runs": self.runs,
            "complete": self.complete,
            "often": self.often.to_json(),
            "necessary": [n.to_json() for n in self.necessary],
        }


class NotReproduced(Exception):
    """The failing run does not fail again: it was not a function of its plan."""
