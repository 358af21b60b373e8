"""What a hunt needs to know of what it hunts in."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from splitbrain.harness.plan import Plan
from splitbrain.harness.regression import Origin
from splitbrain.harness.workloads.workload import Experiment


class Prey(Protocol):
    """What is hunted in; it is sent to workers.

    It is a system (`splitbrain.harness.hunting.drawing.Target`) or a test of one's own
    (`splitbrain.harness.testing.hunting.HuntedTest`).
    """

    @property
    def name(self) -> str:
        """What people read; failures are remembered under it."""
        ...

    @property
    def cell(self) -> str:
        """The name, and how it is hunted in; seeds are remembered under it."""
        ...

    def plan(self, seed: int) -> Plan:
        """The plan of a seed; the same each time."""
        ...

    def experiment(self, plan: Plan) -> Experiment:
        """A plan of it with the code to run."""
        ...

    def folder(self, runs: Path, plan: Plan, signature: str) -> Path:
        """A new folder for a failing run."""
        ...

    @property
    def origin(self) -> Origin | None:
        """Where its experiments come from, for test files of failures."""
        ...
