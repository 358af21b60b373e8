"""What shrinking gives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from splitbrain.harness.plan import Fault, Plan
from splitbrain.harness.runs.running import Run


@dataclass(frozen=True, slots=True)
class Necessity:
    """Whether a fault of the shrunk plan is needed for its failure."""

    fault: Fault
    fails_without: bool


@dataclass(frozen=True, slots=True)
class Shrunk:
    """The result of shrinking.

    Attributes:
        run: the shrunk plan's run; it fails with the signature of the original.
        original: the plan that was shrunk, with its operations listed.
        runs: how many runs it took.
        necessary: each remaining fault, with the finding that the failure needs it.
        complete: False if the budget ran out before nothing more could go.
    """

    run: Run
    original: Plan
    runs: int
    necessary: tuple[Necessity, ...]
    complete: bool

    def to_json(self) -> dict[str, Any]:
        """What ``shrink.json`` holds: sizes before and after, and which faults are necessary."""
        before, after = self.original, self.run.plan
        return {
            "operations": [len(before.operations or ()), len(after.operations or ())],
            "faults": [len(before.faults), len(after.faults)],
            "clients": [before.clients, after.clients],
            "nodes": [before.nodes, after.nodes],
            "runs": self.runs,
            "complete": self.complete,
            "necessary": [
                {"fault": n.fault.id, "kind": n.fault.kind, "fails_without": n.fails_without}
                for n in self.necessary
            ],
        }


class NotReproduced(Exception):
    """The failing run does not fail again: it was not a function of its plan."""
