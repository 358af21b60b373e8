"""`splitbrain nightly`: the hunts of a table, on this machine, in shards, or on a cluster."""

from __future__ import annotations

import os
from contextlib import closing, nullcontext
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

if TYPE_CHECKING:
    from splitbrain.harness.hunting.counting import Counts
    from splitbrain.harness.hunting.drawing import Target
    from splitbrain.harness.hunting.hunt import Limits
    from splitbrain.harness.hunting.memory import Memory
    from splitbrain.harness.hunting.night import Night
    from splitbrain.harness.hunting.pool import Workers
    from splitbrain.harness.hunting.sharding import Shard


@click.command(name="nightly")
@click.argument(
    "file", type=click.Path(path_type=Path, dir_okay=False), default=Path("pyproject.toml")
)
@click.option(
    "--jobs",
    "-j",
    type=click.IntRange(1, 999),
    default=os.cpu_count() or 1,
    show_default="all cores",
    help="Worker processes.",
)
@click.option("--shard", help="Do this part of the work alone: 3/8 for the third of eight.")
@click.option("--dask", metavar="ADDRESS", help="Run on the Dask cluster with this scheduler.")
@click.option(
    "--merge",
    type=click.Path(path_type=Path, dir_okay=False),
    multiple=True,
    help="Hunt no more, and put together what this shard remembers; may be given several times.",
)
@memory_option
@markdown_option
@junit_option
@jsonl_option
@runs_option
def command(
    file: Path,
    jobs: int,
    shard: str | None,
    dask: str | None,
    merge: tuple[Path, ...],
    memory: Path | None,
    markdown: Path | None,
    junit: Path | None,
    jsonl: Path | None,
    runs: Path,
) -> None:
    """Hold the hunts of FILE, one after the other.

    FILE is a TOML file with a table [tool.splitbrain.nightly] (pyproject.toml, unless given), or a
    Python file with NIGHT = Night(...). Exit codes and results are those of hunt.
    """
    from splitbrain.harness.hunting.counting import Counts
    from splitbrain.harness.hunting.drawing import target_name
    from splitbrain.harness.hunting.hunt import ranked
    from splitbrain.harness.hunting.memory import Memory
    from splitbrain.harness.hunting.merging import merge_file
    from splitbrain.harness.hunting.night import read_night
    from splitbrain.harness.hunting.sharding import WHOLE, Shard

    if merge and (shard or dask):
        raise click.UsageError("--merge hunts no more: leave out --shard and --dask")
    part = WHOLE if shard is None else Shard.parse(shard)
    count = Counts()
    with closing(Memory(memory or runs / "hunt.db")) as kept:
        kept.begin()
        if merge:
            for path in merge:
                merge_file(kept, path, runs, count)
            names = {group.target for group in kept.groups()}
            cells = [*count.cells, *sorted(names - {target_name(cell) for cell in count.cells})]
        else:
            night = read_night(file)
            hunts = _hunts(night, part)
            _hold(hunts, kept, runs, count, _runners(night, dask), jobs)
            cells = [target.cell for targets, _ in hunts for target in targets]
            names = {target.name for targets, _ in hunts for target in targets}
        groups = ranked([group for group in kept.groups() if group.target in names])
    finish(
        count,
        groups,
        cells=list(dict.fromkeys(cells)),
        markdown=markdown,
        junit=junit,
        jsonl=jsonl,
    )


def _hunts(night: Night, part: Shard) -> list[tuple[list[Target], Limits]]:
    from splitbrain.systems import registry

    every = reference_systems()
    return [
        (hunt.targets(registry.SYSTEMS.named, every), hunt.limits(part)) for hunt in night.hunts
    ]


def _runners(night: Night, dask: str | None) -> Workers | None:
    """Who runs plans; None for processes of this machine."""
    if dask is None:
        return night.workers()
    from splitbrain.harness.hunting.dask_cluster import cluster

    return cluster(dask)


def _hold(
    hunts: list[tuple[list[Target], Limits]],
    memory: Memory,
    runs: Path,
    count: Counts,
    runners: Workers | None,
    jobs: int,
) -> None:
    """Hold hunts one after the other, until one is told to stop."""
    from splitbrain.harness.hunting.hunt import Crew, Hunt, Stop
    from splitbrain.harness.hunting.pool import local

    stop = Stop()
    with (
        stoppable(stop),
        watched() as told,
        local(jobs) as here,
        local(1, 1) as other,
        nullcontext(here) if runners is None else runners as pool,
    ):
        # Failures are made small on this machine, where their folders are.
        crew = Crew(pool, here, other)
        for targets, limits in hunts:
            hunt = Hunt(
                targets,
                memory,
                runs=str(runs),
                limits=limits,
                stop=stop,
                count=count,
            )
            hunt.go(crew, told)
