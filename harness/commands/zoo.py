"""`splitbrain zoo`: how soon each planted bug is found by its system's name alone."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from splitbrain.harness.commands.common.exits import EXIT_UNKNOWN

if TYPE_CHECKING:
    from splitbrain.harness.hunting.zoo import Animal, Hunted


@click.command(name="zoo")
@click.argument("bugs", nargs=-1, metavar="[BUG]...")
@click.option(
    "--hunts",
    "-k",
    type=click.IntRange(1, 1000),
    show_default="3; 20 with --into",
    help="Hunts for each bug, each from seeds of its own.",
)
@click.option(
    "--seconds",
    "-s",
    type=click.FloatRange(min=0, min_open=True),
    default=60.0,
    show_default=True,
    help="Seconds of CPU after which a hunt gives up.",
)
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
    show_default=True,
    help="Where the first hunt begins.",
)
@click.option(
    "--against",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="What --jsonl once wrote: a bug that became harder to find since is told.",
)
@click.option("--markdown", type=click.Path(path_type=Path, dir_okay=False), help="The scoreboard.")
@click.option(
    "--jsonl",
    type=click.Path(path_type=Path, dir_okay=False),
    help="A line a hunt, written as it ends.",
)
@click.option(
    "--into",
    type=click.Path(path_type=Path, dir_okay=False),
    help="As --jsonl, night after night: go on with the bugs that have the fewest hunts in this "
    "file, then with those that have the oldest, which are replaced.",
)
@click.option(
    "--minutes",
    type=click.FloatRange(min=0, min_open=True),
    help="With --into: begin no hunt after so long; unless given, end when each bug has its hunts.",
)
@click.option("--resume", is_flag=True, help="Hold no hunt again of which --jsonl has a line.")
def command(
    bugs: tuple[str, ...],
    hunts: int | None,
    seconds: float,
    jobs: int,
    seed: int,
    against: Path | None,
    markdown: Path | None,
    jsonl: Path | None,
    into: Path | None,
    minutes: float | None,
    resume: bool,
) -> None:
    """Hunt for each planted BUG (all, unless given) by its system's name alone.

    No workload and no fault is named: plans are drawn as `splitbrain hunt` draws them. Exits with 3
    if fewer hunts than wanted find their bug, if they take too long at the median, if a plan fails
    without its bug, too, or if a bug became harder to find.
    """
    from splitbrain.harness.hunting import zoo
    from splitbrain.harness.hunting.pool import processes
    from splitbrain.harness.hunting.zoo_nights import ENOUGH, hunt_on

    if into is not None and (resume or jsonl is not None):
        raise click.UsageError("--into goes on with its file, without --jsonl and --resume")
    if minutes is not None and into is None:
        raise click.UsageError("--minutes is for --into, whose next night goes on")
    animals = _animals(bugs)
    kept = [] if against is None else _kept(against)
    file = jsonl if into is None else into
    held = _held(file) if resume or into is not None else []
    if file is not None:
        _write_lines(file, held)

    def told(one: zoo.Hunted, done: int, of: int | None) -> None:
        if file is not None:
            with file.open("a", encoding="utf-8", errors="backslashreplace") as lines:
                lines.write(zoo.json_lines([one]))
        what = f"seed {one.seed}: {one.signature}" if one.found else "not found"
        took = f"{one.runs} runs, {one.seconds:.1f} CPU s"
        number = f"{done}/{of}" if of else f"{done}"
        click.echo(f"{number} {one.bug} from {one.first_seed}: {took}, {what}", err=True)

    with processes(jobs, 0) as pool:
        if into is not None:
            hunted = hunt_on(
                animals,
                pool,
                jobs=jobs,
                limit=seconds,
                held=held,
                hunts=hunts or ENOUGH,
                seed=seed,
                time_left=_for(minutes),
                told=told,
            )
        else:
            hunted = zoo.hunt_all(
                animals, pool, hunts=hunts or 3, limit=seconds, seed=seed, held=held, told=told
            )
    if file is not None:  # in order, with what was held before of other bugs
        chosen = {animal.bug for animal in animals}
        _write_lines(file, [*(one for one in held if one.bug not in chosen), *hunted])
    if not hunted:
        raise click.UsageError("no hunt was held: give it more --minutes")
    total = zoo.score(hunted)
    changes = zoo.harder(kept, hunted)
    click.echo("\n".join([zoo.scoreboard(hunted), str(total), *map(str, changes)]))
    if markdown is not None:
        _write(markdown, zoo.markdown(hunted))
    sys.exit(0 if total.reached and not changes else EXIT_UNKNOWN)


def _for(minutes: float | None) -> Callable[[], bool] | None:
    """Says whether there is time left, of so many minutes from now."""
    from splitbrain.harness.hosttime import seconds

    if minutes is None:
        return None
    end = seconds() + 60 * minutes
    return lambda: seconds() < end


def _write_lines(path: Path, hunted: Sequence[Hunted]) -> None:
    """Write all of them or, if that fails, nothing: the file may hold weeks of hunts."""
    from splitbrain.harness.hunting.zoo import json_lines

    unfinished = path.with_name(f".{path.name}.part")
    _write(unfinished, json_lines(hunted))
    unfinished.replace(path)


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", errors="backslashreplace")


def _held(path: Path | None) -> list[Hunted]:
    """What an earlier command has written, which may have been killed in the middle of a line."""
    if path is None:
        raise click.UsageError("--resume goes on with a file: give it with --jsonl")
    if not path.exists():
        return []
    return _kept(path, torn=True)


def _kept(path: Path, *, torn: bool = False) -> list[Hunted]:
    import msgspec

    from splitbrain.harness.hunting.zoo import read_lines
    from splitbrain.harness.runs.folders import StoreError

    try:
        text = path.read_text(encoding="utf-8")
        return read_lines(text[: text.rfind("\n") + 1] if torn else text)
    except (OSError, UnicodeDecodeError, msgspec.MsgspecError) as error:
        raise StoreError(f"{path}: it is not what zoo --jsonl writes: {error}") from None


def _animals(names: tuple[str, ...]) -> list[Animal]:
    from splitbrain.checkers.nearest import suggestion
    from splitbrain.harness.hunting.drawing import target_of
    from splitbrain.harness.hunting.zoo import Animal
    from splitbrain.harness.plan import InvalidPlan
    from splitbrain.systems import registry

    known = registry.bugs()
    for name in names:
        if name not in known:
            raise InvalidPlan(
                f"there is no bug {name!r}: {suggestion(name, known)} (splitbrain list bugs)"
            )
    chosen = [known[name] for name in dict.fromkeys(names)] or list(known.values())
    return [Animal.of(target_of(system, bug=bug.id), bug) for system, bug in chosen]
