"""The demonstration: one command from nothing to a failure one can read.

Two systems, the same workload, the same faults:

1. leader-follower replication as the book's summary sketches it loses a write that it had
   acknowledged; the demo finds a seed that shows it, and makes that run as small as it gets;
2. Raft, under the very same faults, does not.
"""

from __future__ import annotations

from collections.abc import Callable

from splitbrain.checkers.verdict import INVALID, VALID
from splitbrain.harness.plan import Plan
from splitbrain.harness.planning import draw
from splitbrain.harness.runs.running import Run
from splitbrain.harness.searching.seeds import search
from splitbrain.harness.workloads.workload import Experiment

Resolve = Callable[[Plan], Experiment]
Investigate = Callable[[Experiment, int], tuple[Run, str]]
"""Runs an experiment, makes its failure small in so many runs, and tells it."""
Echo = Callable[[str], object]

FAULTS = "kill,partition"
SEEDS = 200
RAFT_SEEDS = 10
SHRINK_BUDGET = 250

_SKETCH = Plan("leader-follower-summary", "set", nodes=3, clients=3, time_limit=6.0, rate=10.0)


def run_demo(resolve: Resolve, investigate: Investigate, echo: Echo) -> bool:
    """Run the demonstration; say whether the sketch failed as it should and Raft did not."""
    echo("1. Leader-follower replication as the summary sketches it, under crashes and partitions")
    echo("")
    found = search(
        lambda seed: resolve(draw(_SKETCH.with_(seed=seed), FAULTS)),
        range(SEEDS),
        wanted=_lost_a_write,
    )
    if found.experiment is None:
        echo(f"{found.tried} runs lost no acknowledged write: that is a bug, please report it")
        return False
    echo(
        f"Run {found.tried} lost a write that had been acknowledged "
        f"({found.operations} operations tried). Making it small ..."
    )
    sketch, story = investigate(found.experiment, SHRINK_BUDGET)
    echo("")
    echo(story)
    echo("")
    echo("2. Raft, under the same workload and the same faults")
    echo("")
    survived = search(
        lambda seed: resolve(draw(_raft(seed), FAULTS)),
        range(found.tried - 1, found.tried - 1 + RAFT_SEEDS),
    )
    raft, story = investigate(resolve(draw(_raft(found.tried - 1), FAULTS)), 0)
    echo(story)
    echo("")
    echo(
        f"{survived.valid} of {survived.tried} runs of Raft are valid "
        f"({survived.operations} operations)."
    )
    as_expected = sketch.validity is INVALID and raft.validity is VALID
    return as_expected and survived.valid == survived.tried


def _raft(seed: int) -> Plan:
    return _SKETCH.with_(system="raft", seed=seed)


def _lost_a_write(result: Run) -> bool:
    return result.signature.startswith("set-full/lost")
