"""`splitbrain show`: anomalies of the book, told by live runs."""

from __future__ import annotations

import shutil
import sys
import tempfile
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from splitbrain.harness.commands.common.exits import EXIT_INTERNAL
from splitbrain.harness.commands.common.investigation import investigated, runs_option
from splitbrain.harness.commands.common.output import say, width

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from splitbrain.checkers.verdict import Verdict
    from splitbrain.harness.plan import Plan
    from splitbrain.harness.searching.seeds import Make
    from splitbrain.harness.workloads.workload import Experiment
    from splitbrain.reports import RunView
    from splitbrain.systems.stories import Story

SHRINK_BUDGET = 1000
SKETCH_SEEDS = 20
"""So many runs of a sketch should show how it fails."""


class _Case(NamedTuple):
    """What is run to tell a story: plans but for their seeds and faults, the kinds of these, what
    it is in a sentence, how many seeds should show it, and whether verdicts do."""

    base: Plan
    faults: str
    here: str
    seeds: int
    shown_by: Callable[[Iterable[Verdict]], bool]


@click.command(name="show")
@click.argument("name", required=False)
@click.option(
    "--gallery",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Write all stories (or NAME's) as small pages with pictures into this folder.",
)
@click.option(
    "--anew",
    is_flag=True,
    help="Look for a run that has it and make it small, in place of running the one that is known.",
)
@runs_option
def command(name: str | None, gallery: Path | None, anew: bool, runs: Path) -> None:
    """Tell an anomaly of the book by a run that has it, with its picture; without NAME list them.

    The run is made now, from a plan that was found and made small before; a story takes a few
    seconds, one that is found --anew a minute or two. Exits with 0; with 70 if no run showed it: a
    bug of ours.
    """
    from splitbrain.reports import render_terminal
    from splitbrain.systems.stories import STORIES, story_named

    if gallery is not None:
        _write_gallery([story_named(name)] if name else list(STORIES), gallery, anew)
        return
    if name is None:
        longest = max(len(story.name) for story in STORIES)
        for each in STORIES:
            say(f"{each.name:{longest}}  {each.chapter}")
        return
    view = _told(story_named(name), runs, anew)
    say(render_terminal(view, width()))
    say(f"\nThe picture is in {view.page}")


def _write_gallery(stories: list[Story], folder: Path, anew: bool) -> None:
    from splitbrain.reports.gallery import write_exhibit, write_list
    from splitbrain.systems.stories import STORIES

    with tempfile.TemporaryDirectory() as scratch:
        for story in stories:
            say(str(write_exhibit(story, _told(story, Path(scratch), anew), folder)))
    say(str(write_list(STORIES, folder)))


def _told(story: Story, runs: Path, anew: bool) -> RunView:
    """A run that tells a story, made small; ends the process if there is none."""
    from splitbrain.harness.planning import draw
    from splitbrain.systems import registry

    case = _case(story)

    def experiment(seed: int) -> Experiment:
        return registry.experiment(draw(case.base.with_(seed=seed), case.faults))

    say(textwrap.fill(f"{story.told} ({story.chapter})", width()))
    say(f"{textwrap.fill(case.here, width())}\n")
    view = None if anew else _as_kept(story, case, experiment, runs)
    return view or _found(case, experiment, runs)


def _case(story: Story) -> _Case:
    from splitbrain.harness.plan import Plan
    from splitbrain.systems import registry
    from splitbrain.systems.stories import Sketch

    if isinstance(story.shown, Sketch):
        sketch, system = story.shown, registry.SYSTEMS[story.shown.system]
        base = Plan(system=system.name, workload=sketch.workload, nodes=system.nodes)
        here = f"Here it is {system.name}: {system.title}."
        faults = ",".join(sketch.faults) or "none"
        return _Case(base, faults, here, SKETCH_SEEDS, sketch.shown_by)
    system, bug = registry.bugs()[story.shown]
    base = Plan(
        system=system.name,
        workload=bug.workload,
        bug=bug.id,
        nodes=bug.nodes,
        options=bug.options,
    )
    here = f"Here {system.name} has this bug: {bug.title} ({bug.source})."
    return _Case(base, ",".join(bug.faults) or "none", here, bug.seeds, bug.shown_by)


def _as_kept(story: Story, case: _Case, experiment: Make, runs: Path) -> RunView | None:
    """The story as it was found before, by runs that are made now; None if they don't show it."""
    from splitbrain.harness.runs.folders import new_folder
    from splitbrain.harness.runs.retelling import read_kept, retold
    from splitbrain.reports import write_report

    kept = read_kept(story.kept)
    if kept is None:
        return None
    whole = experiment(kept.seed)
    folder = new_folder(runs, whole.plan)
    run = retold(whole, kept, folder)
    if run is None or not case.shown_by(run.verdicts):
        shutil.rmtree(folder)
        return None
    return write_report(folder)


def _found(case: _Case, experiment: Make, runs: Path) -> RunView:
    """The first run that shows it, made small."""
    from splitbrain.harness.searching.seeds import search

    say("Looking for a run ...\n")
    found = search(
        experiment, range(2 * case.seeds), wanted=lambda run: case.shown_by(run.verdicts)
    )
    if found.experiment is None:
        say(f"{found.tried} runs did not show it: that is a bug, please report it")
        sys.exit(EXIT_INTERNAL)
    _, view = investigated(found.experiment, runs, SHRINK_BUDGET)
    return view
