"""What hunts did, in numbers: of each cell, and altogether."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(slots=True)
class Count:
    """Runs, and what became of them.

    `valid`, `unknown`, `failing` and `errors` (runs that broke) add up to `runs`.
    """

    runs: int = 0
    valid: int = 0
    unknown: int = 0
    failing: int = 0
    errors: int = 0
    operations: int = 0
    cpu_seconds: float = 0.0

    def add(self, validity: str, operations: int, cpu_seconds: float) -> None:
        """Count a run."""
        self.runs += 1
        self.valid += validity == "valid"
        self.unknown += validity == "unknown"
        self.failing += validity == "invalid"
        self.errors += validity == "error"
        self.operations += operations
        self.cpu_seconds += cpu_seconds


IN_VAIN = 10
"""So many runs of a workload none of which could be judged are no chance."""


@dataclass(slots=True)
class Counts(Count):
    """Altogether.

    Attributes:
        wall_seconds: how long it took.
        cells: the numbers of each cell, in the order in which they were first counted.
        unknown_reasons: why nothing can be said of runs, and how often.
        unjudged: by target and workload, how many runs there were and why the last could not be
            judged; of those workloads alone of which no run ever could.
    """

    wall_seconds: float = 0.0
    cells: dict[str, Count] = field(default_factory=dict)
    unknown_reasons: dict[str, int] = field(default_factory=dict)
    unjudged: dict[tuple[str, str], tuple[int, str]] = field(default_factory=dict)
    _judged: set[tuple[str, str]] = field(default_factory=set)

    def tried(
        self, cell: str, validity: str, operations: int, cpu_seconds: float, reason: str
    ) -> None:
        """Count a run of a cell; `reason` says why it isn't valid."""
        self.add(validity, operations, cpu_seconds)
        self.cells.setdefault(cell, Count()).add(validity, operations, cpu_seconds)
        if validity in ("unknown", "error"):
            self.doubt(reason)

    def exercised(self, target: str, workload: str, validity: str, reason: str) -> None:
        """Note whether a run of a workload could be judged, and why not."""
        key = target, workload
        if validity in ("valid", "invalid"):
            self._judged.add(key)
            self.unjudged.pop(key, None)
        elif key not in self._judged:
            self.unjudged[key] = self.unjudged.get(key, (0, ""))[0] + 1, reason

    def in_vain(self) -> list[str]:
        """Of each workload none of whose many runs could be judged, a sentence."""
        return [
            f"none of {runs} runs of the workload {workload} on {target} could be judged, so "
            f"nothing is known of it: {reason}"
            for (target, workload), (runs, reason) in self.unjudged.items()
            if runs >= IN_VAIN
        ]

    def doubt(self, reason: str, times: int = 1) -> None:
        """Something could not be judged."""
        self.unknown_reasons[reason] = self.unknown_reasons.get(reason, 0) + times

    def broke(self, reason: str) -> None:
        """Something broke that is no run."""
        self.errors += 1
        self.doubt(reason)


def most_frequent(reasons: Mapping[str, int], most: int = 3) -> list[tuple[str, int]]:
    """The most frequent reasons, by how often."""
    return sorted(reasons.items(), key=lambda item: (-item[1], item[0]))[:most]
