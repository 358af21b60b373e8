"""`splitbrain hunt`: many plans on all cores; failures grouped, made small and remembered."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

import click

from splitbrain.harness.commands.investigation import runs_option

if TYPE_CHECKING:
    from splitbrain.harness.hunting.drawing import Target
    from splitbrain.harness.hunting.hunt import Hunt

MAKE = "splitbrain.systems.registry:experiment"
HEARTBEAT_SECONDS = 30.0
"""How often a hunt says something where no terminal watches it."""


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
@click.option(
    "--memory",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The file that remembers failures and seeds.  [default: hunt.db in --runs]",
)
@click.option("--first", is_flag=True, help="End at the first new failure.")
@click.option("--markdown", type=click.Path(path_type=Path, dir_okay=False), help="Results for CI.")
@click.option("--junit", type=click.Path(path_type=Path, dir_okay=False), help="As JUnit XML.")
@click.option("--jsonl", type=click.Path(path_type=Path, dir_okay=False), help="As JSON lines.")
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
    anything failed, with 3 if nothing could be judged.
    """
    from splitbrain.harness.hunting import telling
    from splitbrain.harness.hunting.hunt import Hunt, Limits, ranked
    from splitbrain.harness.hunting.memory import FIXED, Memory
    from splitbrain.harness.hunting.pool import processes

    targets = _targets(systems, workload, faults, bug)
    kept = Memory(memory or runs / "hunt.db")
    for target in targets:
        kept.start_at(target, seed)
    limits = Limits(60 * minutes, count, shrink_budget, first)
    hunt = Hunt(targets, kept, make=MAKE, runs=str(runs), limits=limits, jobs=jobs)
    with _stoppable(hunt), _told() as told, processes(jobs, 0) as pool, processes(1, 1) as other:
        hunt.go(pool, other, told)
    groups = ranked(list(hunt.groups.values()))
    _write_reports(Path(group.folder) for group in groups if group.folder)
    click.echo(telling.terminal(hunt.count, groups))
    for path, text in (
        (markdown, telling.markdown(hunt.count, groups)),
        (junit, telling.junit(hunt.count, groups, [target.name for target in targets])),
        (jsonl, telling.json_lines(hunt.count, groups)),
    ):
        if path is not None:
            path.write_text(text, encoding="utf-8", errors="backslashreplace")
    kept.close()
    if any(group.state != FIXED for group in groups):
        sys.exit(1)
    sys.exit(0 if hunt.count.valid else 3)


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
    names = systems or tuple(
        system.name for system in registry.SYSTEMS.values() if system.form == "reference"
    )
    targets = []
    for name in names:
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


@contextmanager
def _stoppable(hunt: Hunt) -> Iterator[None]:
    """Ctrl-C and SIGTERM end the hunt; the second one ends the program."""

    def handle(number: int, frame: FrameType | None) -> None:
        if hunt.stopping:
            raise KeyboardInterrupt
        hunt.stopping = True

    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _told() -> Iterator[Callable[[Hunt], None]]:
    from splitbrain.harness.hosttime import seconds
    from splitbrain.harness.hunting.telling import summary
    from splitbrain.harness.progress import ProgressLine

    spoken = seconds()
    with ProgressLine(sys.stderr) as line:

        def told(hunt: Hunt) -> None:
            nonlocal spoken
            text = f"{len(hunt.groups)} failures; {summary(hunt.count)}"
            line.show(text)
            if not sys.stderr.isatty() and seconds() - spoken >= HEARTBEAT_SECONDS:
                spoken = seconds()
                click.echo(f"hunting: {text}", err=True)

        yield told


def _write_reports(folders: Iterator[Path]) -> None:
    from splitbrain.reports import write_report

    for folder in folders:
        if folder.is_dir():
            write_report(folder)
