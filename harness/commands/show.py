"""`splitbrain show`: anomalies of the book, told by live runs."""

from __future__ import annotations

import sys
import tempfile
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

import click

from splitbrain.harness.commands.exits import EXIT_INTERNAL
from splitbrain.harness.commands.investigation import investigated, runs_option
from splitbrain.harness.commands.output import say, width

if TYPE_CHECKING:
    from splitbrain.reports import RunView
    from splitbrain.systems.stories import Story

SHRINK_BUDGET = 300


@click.command(name="show")
@click.argument("name", required=False)
@click.option(
    "--gallery",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Write all stories (or NAME's) as small pages with pictures into this folder.",
)
@runs_option
def command(name: str | None, gallery: Path | None, runs: Path) -> None:
    """Tell an anomaly of the book by a run that has it, with its picture; without NAME list them.

    Takes a minute or two at most. Exits with 0; with 70 if no run showed it: a bug of ours.
    """
    from splitbrain.reports import render_terminal
    from splitbrain.systems.stories import STORIES, story_named

    if gallery is not None:
        _write_gallery([story_named(name)] if name else list(STORIES), gallery)
        return
    if name is None:
        longest = max(len(story.name) for story in STORIES)
        for each in STORIES:
            say(f"{each.name:{longest}}  {each.chapter}")
        return
    view = _told(story_named(name), runs)
    say(render_terminal(view, width()))
    say(f"\nThe picture is in {view.page}")


def _write_gallery(stories: list[Story], folder: Path) -> None:
    from splitbrain.reports.gallery import write_exhibit, write_list
    from splitbrain.systems.stories import STORIES

    with tempfile.TemporaryDirectory() as scratch:
        for story in stories:
            say(str(write_exhibit(story, _told(story, Path(scratch)), folder)))
    say(str(write_list(STORIES, folder)))


def _told(story: Story, runs: Path) -> RunView:
    """A run that tells a story, made small; ends the process if there is none."""
    from splitbrain.harness.plan import Plan
    from splitbrain.harness.planning import draw
    from splitbrain.harness.searching.seeds import search
    from splitbrain.systems import registry

    system, bug = registry.bugs()[story.bug]
    base = Plan(
        system=system.name,
        workload=bug.workload,
        bug=bug.id,
        nodes=bug.nodes,
        options=bug.options,
    )
    faults = ",".join(bug.faults) or "none"
    say(textwrap.fill(f"{story.told} ({story.chapter})", width()))
    say(f"Here {system.name} has this bug: {bug.title} ({bug.source}). Looking for a run ...\n")
    found = search(
        lambda seed: registry.experiment(draw(base.with_(seed=seed), faults)),
        range(2 * bug.seeds),
        wanted=lambda run: bug.shown_by(run.verdicts),
    )
    if found.experiment is None:
        say(f"{found.tried} runs did not show it: that is a bug, please report it")
        sys.exit(EXIT_INTERNAL)
    _, view = investigated(found.experiment, runs, SHRINK_BUDGET)
    return view
