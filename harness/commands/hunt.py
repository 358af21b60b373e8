"""`splitbrain hunt`: many plans on all cores; failures grouped, made small and remembered."""

from __future__ import annotations

import os
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import click

from splitbrain.harness.commands.common.hunting import (
    finish,
    jsonl_option,
    junit_option,
    markdown_option,
    memory_option,
    reference_systems,
    stoppable,
    watched,
)
from splitbrain.harness.commands.common.investigation import runs_option
from splitbrain.harness.commands.common.sources import system_word

if TYPE_CHECKING:
    from splitbrain.harness.hunting.drawing import Target


@click.command(name="hunt")
@click.argument("systems", nargs=-1, metavar="[SYSTEM]...")
@click.option(
    "--minutes",
    "-m",
    type=click.FloatRange(min=0, min_open=True),
    default=1.0,
    show_default=True,
    help="Wall time.",
)
@click.option("--count", type=click.IntRange(min=1), help="Runs; as many as fit, unless given.")
@click.option(
    "--jobs",
    "-j",
    type=click.IntRange(1, 999),
    default=os.cpu_count() or 1,
    show_default="all cores",
    help="Worker processes.",
)
@click.option(
    "--seed",
    type=click.IntRange(0, 1 << 48),
    default=0,
    help="Try no seed below this one.  [default: go on where the last hunt ended]",
)
@click.option("--workload", "-w", help="This workload alone; all that fit in turn, unless given.")
@click.option("--faults", "-f", default="all", show_default=True, help="As for run.")
@click.option("--bug", help="Hunt in the system with this planted bug.")
@click.option(
    "--shrink-budget",
    type=click.IntRange(min=0),
    default=300,
    show_default=True,
    help="Runs that making one failure smaller may take; 0 to leave failures as they are.",
)
@memory_option
@click.option("--first", is_flag=True, help="End at the first new failure.")
@markdown_option
@junit_option
@jsonl_option
@runs_option
def command(
    systems: tuple[str, ...],
    minutes: float,
    count: int | None,
    jobs: int,
    seed: int,
    workload: str | None,
    faults: str,
    bug: str | None,
    shrink_budget: int,
    memory: Path | None,
    first: bool,
    markdown: Path | None,
    junit: Path | None,
    jsonl: Path | None,
    runs: Path,
) -> None:
    """Hunt for failures of each SYSTEM (all reference systems, unless given) on all cores.

    Goes on after a failure. Failures with the same signature are one, which is made small once and
    remembered: known ones are tried first. Ctrl-C ends a hunt and keeps everything. Exits with 1 if
    anything failed, with 3 if nothing could be judged, or nothing of a workload.
    """
    from splitbrain.harness.hunting.hunt import Crew, Hunt, Limits, Stop, ranked
    from splitbrain.harness.hunting.memory import Memory
    from splitbrain.harness.hunting.pool import local

    targets = _targets(systems, workload, faults, bug)
    stop = Stop()
    limits = Limits(60 * minutes, count, shrink_budget, first, first_seed=seed)
    with closing(Memory(memory or runs / "hunt.db")) as kept:
        kept.begin()
        hunt = Hunt(targets, kept, runs=str(runs), limits=limits, stop=stop)
        with stoppable(stop), watched() as told, local(jobs) as pool, local(1, 1) as other:
            hunt.go(Crew(pool, pool, other), told)
    finish(
        hunt.count,
        ranked(list(hunt.groups.values())),
        cells=[target.cell for target in targets],
        markdown=markdown,
        junit=junit,
        jsonl=jsonl,
    )


def _targets(
    systems: tuple[str, ...], workload: str | None, faults: str, bug: str | None
) -> list[Target]:
    from splitbrain.harness.hunting.drawing import target_of
    from splitbrain.harness.nemesis.catalogue import resolve
    from splitbrain.harness.plan import InvalidPlan
    from splitbrain.systems import registry

    if faults != "none":
        resolve(faults)
    if bug is not None and not systems:
        systems = tuple(system.name for system, _ in filter(None, [registry.bugs().get(bug)]))
    targets = []
    for name in map(system_word, systems or reference_systems()):
        system = registry.SYSTEMS.named(name)
        if bug is not None:
            registry.bug(system, bug)
        if workload is not None and workload not in system.workloads:
            raise InvalidPlan(
                f"{name} has no client for the workload {workload!r}: "
                f"it runs {', '.join(system.workloads)}"
            )
        workloads = (workload,) if workload else ()
        kinds = tuple(kind.strip() for kind in faults.split(","))
        targets.append(target_of(system, name=name, bug=bug, workloads=workloads, faults=kinds))
    return targets
