"""`splitbrain run`: a system under a workload and faults."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from splitbrain.harness.commands.common.exits import finish
from splitbrain.harness.commands.common.investigation import (
    investigated,
    json_option,
    quiet_option,
    runs_option,
    shrink_option,
    tell,
)
from splitbrain.harness.commands.common.sources import system_word

if TYPE_CHECKING:
    from splitbrain.checkers.verdict import Validity
    from splitbrain.harness.runs.running import Run
    from splitbrain.harness.searching.elsewhere import Source
    from splitbrain.harness.workloads.workload import Experiment


@click.command(name="run")
@click.argument("system", required=False)
@click.option("--workload", "-w", help="What clients do; the system's first, unless given.")
@click.option(
    "--faults",
    "-f",
    default="kill,partition",
    show_default=True,
    help="Kinds of faults, by name or family, with commas between; 'all', or 'none'.",
)
@click.option(
    "--nodes", "-n", type=click.IntRange(1, 99), help="Servers; the system's usual number."
)
@click.option("--clients", "-c", type=click.IntRange(1, 999), default=5, show_default=True)
@click.option("--time-limit", "-t", default="10s", show_default=True, help="Virtual time of load.")
@click.option("--rate", default=20.0, show_default=True, help="Operations a virtual second.")
@click.option("--seed", "-s", type=int, default=0, show_default=True)
@click.option(
    "--count",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="Seeds to try; the first that fails ends it, and only the last run is kept.",
)
@click.option("--bug", help="Run the system with this planted bug (splitbrain list bugs).")
@click.option(
    "--ground",
    default="simulation",
    show_default=True,
    help="What it runs on: a name, or package.module:NAME.",
)
@click.option(
    "--maelstrom",
    metavar="COMMAND",
    help="In place of SYSTEM: a program that speaks Maelstrom's protocol, as each node; "
    "--workload is one of Maelstrom's.",
)
@click.option("--option", "-o", "options", multiple=True, help="NAME=VALUE, of the workload.")
@click.option(
    "--setting", "settings", multiple=True, help="NAME=VALUE, of the system's own settings."
)
@runs_option
@shrink_option
@json_option
@quiet_option
def command(
    system: str | None,
    workload: str | None,
    faults: str,
    nodes: int | None,
    clients: int,
    time_limit: str,
    rate: float,
    seed: int,
    count: int,
    bug: str | None,
    ground: str,
    maelstrom: str | None,
    options: tuple[str, ...],
    settings: tuple[str, ...],
    runs: Path,
    shrink_budget: int | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Run SYSTEM under a workload and faults, judge it, and shrink what fails.

    SYSTEM is a name (splitbrain list systems), package.module:NAME, or a file that has a SYSTEM.

    With --count, seeds are tried one after the other until one fails; only the last run is kept.
    """
    from splitbrain.harness.plan import Plan, parse_seconds
    from splitbrain.harness.planning import draw
    from splitbrain.harness.searching.elsewhere import source_of
    from splitbrain.systems import registry

    fields = _chosen(system, maelstrom, workload, bug, ground, _options(options, settings))
    base = Plan(
        **fields,
        bug=bug,
        nodes=nodes or registry.SYSTEMS.named(fields["system"]).nodes,
        clients=clients,
        time_limit=parse_seconds(time_limit, "--time-limit"),
        rate=rate,
    )

    def make(chosen_seed: int) -> Experiment:
        return registry.experiment(draw(base.with_(seed=chosen_seed), faults))

    if count > 1:
        source = source_of(registry.experiment)
        seed, failure, summary = _first_failing(make, seed, count, source)
        if not (as_json or quiet):
            click.echo(summary)
    else:
        failure = None
    found, view = investigated(make(seed), runs, shrink_budget, failure)
    tell(found, view, as_json=as_json, quiet=quiet)
    finish(found.run.validity)


def _chosen(
    system: str | None,
    maelstrom: str | None,
    workload: str | None,
    bug: str | None,
    ground: str,
    options: dict[str, Any],
) -> dict[str, Any]:
    """What a plan says of what is run: system, workload, ground and options."""
    from splitbrain.systems import registry

    if (system is None) == (maelstrom is None):
        raise click.UsageError("Give a SYSTEM, or --maelstrom COMMAND.")
    if maelstrom is not None:
        from splitbrain.systems.maelstrom import chosen_fields
        from splitbrain.systems.maelstrom.protocols import PROTOCOLS

        return chosen_fields(maelstrom, workload or next(iter(PROTOCOLS)), options)
    assert system is not None
    system = system_word(system)
    chosen = registry.SYSTEMS.named(system)
    usual = registry.bug(chosen, bug).workload if bug is not None else chosen.workloads[0]
    workload = workload or usual
    return {"system": system, "workload": workload, "ground": ground, "options": options}


def _options(options: tuple[str, ...], settings: tuple[str, ...]) -> dict[str, Any]:
    from splitbrain.harness.knobs import OPTION
    from splitbrain.harness.options_text import parse_options

    chosen = {OPTION: parse_options(settings, "--setting")} if settings else {}
    return {**parse_options(options), **chosen}


def _first_failing(
    make: Callable[[int], Experiment], seed: int, count: int, source: Source | None
) -> tuple[int, Run | None, str]:
    """The first seed that fails, its run, and a sentence on all that were tried.

    If none fails: the last seed, and None.
    """
    from splitbrain.harness.progress import ProgressLine
    from splitbrain.harness.searching.seeds import search

    with ProgressLine(sys.stderr) as line:

        def tried(done: int, _: Validity) -> None:
            line.show(f"trying seeds: {done - seed + 1} of {count}")

        found = search(make, range(seed, seed + count), done=tried, source=source)
    chosen = seed + found.tried - 1
    return (
        chosen,
        found.failure,
        f"{found.tried} of {count} seeds tried, {found.operations} operations: "
        f"{found.valid} valid, {len(found.unknown)} unknown, "
        + (f"seed {chosen} is INVALID" if found.failure else "none invalid"),
    )
