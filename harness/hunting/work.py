"""What a worker of a hunt does: draw plans and run them, or make one failure small.

Everything that comes and goes is plain data, and code is named, never sent, so that a worker can be
a process of this machine or of another one.
"""

from __future__ import annotations

import hashlib
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from splitbrain.checkers.verdict import INVALID, VALID, Verdict
from splitbrain.harness.hosttime import cpu_seconds
from splitbrain.harness.hunting.prey import Prey
from splitbrain.harness.plan import Plan
from splitbrain.harness.runs.folders import StoreError
from splitbrain.harness.runs.investigating import investigate
from splitbrain.harness.runs.running import Run, run

SHRINK_SECONDS = 60.0
"""Wall time that making one failure smaller may take: a hunt has more to do."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One plan that was run.

    Attributes:
        target: in what.
        plan: the plan, as JSON-able data.
        validity: ``valid``, ``invalid``, ``unknown``, or ``error`` if the run itself broke.
        signature: what makes two failures the same; empty unless invalid.
        checker: whose verdict says why the run isn't valid; empty if it is.
        reason: that verdict's sentence, or the error with its traceback.
        operations: operations invoked.
        seconds: seconds of CPU.
        digest: of history and verdicts; the same wherever the same plan is run.
    """

    target: Prey
    plan: dict[str, Any]
    validity: str
    signature: str
    checker: str
    reason: str
    operations: int
    seconds: float
    digest: str


@dataclass(frozen=True, slots=True)
class Small:
    """A failure that was made small.

    Attributes:
        folder: the folder of the failing run; ``shrunk`` in it is the small one. Empty if making it
            small broke, so that nothing is known of whether it fails again.
        plan: the smallest plan, as JSON-able data.
        faults: how many faults are left.
        operations: how many operations are left; None if they are the workload's to choose.
        problem: why it could not be made smaller; None if it could.
        often: how many of how many other schedules of the plan fail alike; None if nobody counted.
    """

    folder: str
    plan: dict[str, Any]
    faults: int
    operations: int | None
    problem: str | None
    often: tuple[int, int] | None = None


def try_seeds(target: Prey, seeds: Sequence[int]) -> list[Attempt]:
    """The attempts of these seeds."""
    return [attempt(target, target.plan(seed).to_json()) for seed in seeds]


def attempt(target: Prey, plan: dict[str, Any]) -> Attempt:
    """Run one plan of a target."""
    start = cpu_seconds()
    try:
        result = run(target.experiment(Plan.from_json(plan)), tracing=False)
    except Exception:  # noqa: BLE001 - one broken run must not end a night's hunt
        reason = traceback.format_exc(limit=-4)
        return Attempt(target, plan, "error", "", "", reason, 0, cpu_seconds() - start, "")
    found = failure_of(result)
    return Attempt(
        target,
        plan,
        str(result.validity),
        result.signature,
        found.checker if found else "",
        found.reason if found else "",
        len(result.history.calls()),
        cpu_seconds() - start,
        digest_of(result),
    )


def make_small(target: Prey, plan: dict[str, Any], signature: str, runs: str, budget: int) -> Small:
    """Run a failing plan once more, keep it in a folder, and shrink it.

    Whatever breaks meanwhile is told as the problem: it must not end the hunt. The failure is then
    kept as it was found.

    Raises:
        StoreError: the folder cannot be written.
    """
    try:
        return _made_small(target, plan, signature, runs, budget)
    except StoreError:
        raise
    except Exception:  # noqa: BLE001 - one failure that cannot be made small ends no night's hunt
        operations = plan.get("operations")
        return Small(
            "",
            plan,
            len(plan["faults"]),
            None if operations is None else len(operations),
            f"making it small broke: {traceback.format_exc(limit=-4)}",
        )


def _made_small(
    target: Prey, plan: dict[str, Any], signature: str, runs: str, budget: int
) -> Small:
    experiment = target.experiment(Plan.from_json(plan))
    folder = target.folder(Path(runs), experiment.plan, signature)
    found = investigate(
        experiment,
        folder,
        budget=budget,
        time_box=SHRINK_SECONDS,
        origin=target.origin,
    )
    small = found.shrunk.run.plan if found.shrunk else found.run.plan
    problem = found.problem
    if found.run.validity is not INVALID:
        problem = "the same plan did not fail again"
    return Small(
        str(folder),
        small.to_json(),
        len(small.faults),
        None if small.operations is None else len(small.operations),
        problem,
        (found.shrunk.often.failed, found.shrunk.often.of) if found.shrunk else None,
    )


def failure_of(result: Run) -> Verdict | None:
    """The verdict that says why the run isn't valid; None if it is."""
    return next((v for v in result.verdicts if v.validity is result.validity is not VALID), None)


def digest_of(result: Run) -> str:
    """Of what was recorded and what was said of it."""
    sha = hashlib.sha256()
    for operation in result.history:
        sha.update(repr(operation).encode())
    for verdict in result.verdicts:
        sha.update(f"{verdict.checker} {verdict.validity} {verdict.signature}".encode())
    return sha.hexdigest()
