"""Which isolation a system has, by trying to refute each level: scripts first, then workloads.

A level that nothing refutes is *not refuted*, which is as much as testing can say. A level is
refuted by an anomaly that it forbids, or that a weaker level forbids.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from tabulate import tabulate

from splitbrain.checkers.isolation.consistency import implied, model_named, standing
from splitbrain.checkers.isolation.lists.checker import list_append
from splitbrain.checkers.isolation.registers.checker import rw_register
from splitbrain.checkers.verdict import INVALID, UNKNOWN, VALID, Anomaly, Checker, Validity, Verdict
from splitbrain.harness.bug import Bug
from splitbrain.harness.isolation.hermitage import SCRIPTS, Script, experiment
from splitbrain.harness.node import ServerFactory
from splitbrain.harness.plan import InvalidPlan, Plan
from splitbrain.harness.planning import draw
from splitbrain.harness.runs.running import Run, run
from splitbrain.harness.system import System
from splitbrain.harness.workloads import workload_for
from splitbrain.harness.workloads.workload import Experiment

LEVELS = (
    "read-uncommitted",
    "read-committed",
    "monotonic-atomic-view",
    "consistent-view",
    "snapshot-isolation",
    "repeatable-read",
    "serializable",
    "strong-snapshot-isolation",
    "strong-serializable",
)
"""The rungs, weaker ones before stronger."""

RULED_OUT_BY_INVARIANT = {
    "wrong-total": "consistent-view",
    "negative-balance": "consistent-view",
    "write-skew": "repeatable-read",
    "phantom": "serializable",
}
"""The weakest model under which the workload that shows the anomaly would be right."""


Again = Callable[[str], Experiment]
"""Makes a run once more, judged by an isolation level."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """An anomaly that was found.

    Attributes:
        kind: its name.
        rules_out: the weakest models that forbid it.
        found_by: the script or workload, with the seed.
        witness: what happened, in one sentence.
        again: makes the same run once more, judged by a level.
    """

    kind: str
    rules_out: tuple[str, ...]
    found_by: str
    witness: str
    again: Again


@dataclass(frozen=True, slots=True)
class Played:
    """A script as it went.

    Attributes:
        script: what was played.
        validity: invalid if the anomaly happened, valid if it was prevented.
        told: the steps and their answers.
        again: makes the same run once more.
    """

    script: Script
    validity: Validity
    told: str
    again: Again


@dataclass(frozen=True, slots=True)
class Rung:
    """A level, and what refutes it (None: nothing did)."""

    level: str
    refuted_by: Evidence | None


@dataclass(frozen=True, slots=True)
class Ladder:
    """What is known of a system's isolation.

    Attributes:
        system: its name.
        claimed: the level that it claims.
        played: the scripts.
        runs: how many runs of generated workloads there were.
        rungs: the levels.
    """

    system: str
    claimed: str
    played: tuple[Played, ...]
    runs: int
    rungs: tuple[Rung, ...]

    @property
    def holds(self) -> bool:
        """Whether the claimed level is not refuted."""
        claim = next(rung for rung in self.rungs if rung.level == self.claimed)
        return claim.refuted_by is None


WORKLOADS = ("list-append", "rw-register", "bank", "doctors", "booking")
"""The generated workloads: all of them, also those that the system does not claim to get right."""

Progress = Callable[[str], None]


def climb(
    system: System,
    *,
    bug: Bug | None = None,
    seeds: int = 5,
    faults: str = "none",
    progress: Progress = lambda what: None,
) -> Ladder:
    """Try to refute every level.

    Args:
        system: a system whose client has transactions, step by step.
        bug: a planted bug of the system.
        seeds: how many seeds each workload is run with.
        faults: kinds of faults during the workloads, as on the command line.
        progress: told what is being done.

    Raises:
        InvalidPlan: the system has no such client, or there are no such faults.
    """
    if not hasattr(system.client, "operate"):
        raise InvalidPlan(
            f"{system.name} has no transactions to judge the isolation of: choose a system with "
            "the workload list-append (splitbrain list systems)"
        )
    claimed = model_named(system.consistency).name
    server = bug.server if bug else system.server
    played = [_play(script, system, server, bug) for script in _told(SCRIPTS, progress)]
    evidence = [_evidence(each) for each in played if each.validity is INVALID]
    for workload in WORKLOADS:
        for seed in range(seeds):
            progress(f"workload {workload}, seed {seed}")
            plan = Plan(
                system.name, workload, bug.id if bug else None, seed=seed, nodes=system.nodes
            )
            again = partial(_experiment, system, server, draw(plan, faults))
            result = run(again(system.consistency), tracing=False)
            evidence += _found(workload, seed, result, again)
    levels = LEVELS if claimed in LEVELS else (*LEVELS, claimed)
    rungs = tuple(Rung(level, _refutation(level, evidence)) for level in levels)
    return Ladder(system.name, claimed, tuple(played), len(WORKLOADS) * seeds, rungs)


def matrix(ladder: Ladder, width: int = 100) -> str:
    """The scripts and the rungs as two tables, in about `width` columns."""
    scripts = [
        [played.script.name, _OUTCOMES[played.validity], played.told] for played in ladder.played
    ]
    rungs = [_rung(rung, claimed=rung.level == ladder.claimed) for rung in ladder.rungs]
    tables = (
        tabulate(
            scripts,
            ["script", "outcome", "as it went"],
            maxcolwidths=[None, None, max(_NARROWEST, width - _BEFORE_PLAYED)],
        ),
        tabulate(
            rungs,
            ["level", "verdict", "by", "witness"],
            maxcolwidths=[*_RUNG, max(_NARROWEST, width - sum(_RUNG) - 2 * len(_RUNG))],
        ),
    )
    end = (
        f"{ladder.system} claims {ladder.claimed}: "
        + ("not refuted" if ladder.holds else "REFUTED")
        + f" (10 scripts, {ladder.runs} runs of generated workloads)"
    )
    return "\n\n".join((*tables, textwrap.fill(end, width, break_on_hyphens=False)))


_RUNG = (26, 16, 12)
"""Columns of a level, of what came of it, and of who refuted it: as their longest words."""

_NARROWEST, _BEFORE_PLAYED = 20, 22
_OUTCOMES = {INVALID: "HAPPENS", VALID: "prevented", UNKNOWN: "unknown"}


def _rung(rung: Rung, *, claimed: bool) -> list[str]:
    level = f"{rung.level} (claimed)" if claimed else rung.level
    found = rung.refuted_by
    if found is None:
        return [level, "not refuted", "", ""]
    return [level, f"refuted: {found.kind}", found.found_by, found.witness]


def _told(scripts: Sequence[Script], progress: Progress) -> Iterator[Script]:
    for script in scripts:
        progress(f"script {script.name}")
        yield script


def _play(script: Script, system: System, server: ServerFactory, bug: Bug | None) -> Played:
    made = experiment(
        script,
        system.name,
        server,
        system.client,
        nodes=system.nodes,
        bug=bug.id if bug else None,
    )
    verdict = run(made, tracing=False).verdicts[0]
    return Played(script, verdict.validity, verdict.reason, lambda level: made)


def _experiment(system: System, server: ServerFactory, plan: Plan, level: str) -> Experiment:
    """A run of a generated workload, judged by a level."""
    workload = workload_for(plan, system.client, consistency=level)
    return Experiment(
        plan, server, workload, system.claims, system.checkers, invariants=system.invariants
    )


def _evidence(played: Played) -> Evidence:
    script = played.script
    found_by = f"script {script.name}"
    return Evidence(script.name, (script.rules_out,), found_by, played.told, played.again)


def _found(workload: str, seed: int, result: Run, again: Again) -> Iterator[Evidence]:
    """The anomalies of a run, one of each kind, whatever level was claimed."""
    shown: dict[str, Anomaly] = {}
    for verdict in _verdicts(workload, result):
        for anomaly in verdict.anomalies:
            shown.setdefault(anomaly.kind, anomaly)
    for kind, anomaly in shown.items():
        rules_out = _weakest_forbidding(kind)
        if rules_out:
            yield Evidence(kind, rules_out, f"{workload}, seed {seed}", anomaly.message, again)


def _verdicts(workload: str, result: Run) -> Sequence[Verdict]:
    strongest: dict[str, Checker] = {
        "list-append": list_append(),
        "rw-register": rw_register(initial=True),
    }
    if workload in strongest:
        return [strongest[workload].check(result.history)]
    return result.verdicts


def _weakest_forbidding(kind: str) -> tuple[str, ...]:
    if kind in RULED_OUT_BY_INVARIANT:
        return (RULED_OUT_BY_INVARIANT[kind],)
    return standing([kind]).ruled_out


def _refutation(level: str, evidence: Sequence[Evidence]) -> Evidence | None:
    """What refutes a level: best what it forbids itself, else what a weaker one forbids."""
    implications = implied(level)
    against = [e for e in evidence if any(model in implications for model in e.rules_out)]
    direct = [e for e in against if level in e.rules_out]
    return next(iter(direct or against), None)
