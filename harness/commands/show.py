"""`splitbrain show`: anomalies of the book, told by live runs."""

from __future__ import annotations

import sys
import textwrap
from pathlib import Path

import click

from splitbrain.harness.commands.exits import EXIT_INTERNAL
from splitbrain.harness.commands.investigation import investigated, runs_option
from splitbrain.harness.commands.output import say

SHRINK_BUDGET = 300


@click.command(name="show")
@click.argument("name", required=False)
@runs_option
def command(name: str | None, runs: Path) -> None:
    """Tell an anomaly of the book by a run that has it, with its picture; without NAME list them.

    Takes a minute or two at most. Exits with 0; with 70 if no run showed it: a bug of ours.
    """
    from splitbrain.harness.plan import Plan
    from splitbrain.harness.planning import draw
    from splitbrain.harness.searching.seeds import search
    from splitbrain.reports import render_terminal
    from splitbrain.systems import registry
    from splitbrain.systems.stories import STORIES, story_named

    if name is None:
        width = max(len(story.name) for story in STORIES)
        for each in STORIES:
            say(f"{each.name:{width}}  {each.chapter}")
        return
    story = story_named(name)
    system, bug = registry.bugs()[story.bug]
    base = Plan(
        system=system.name,
        workload=bug.workload,
        bug=bug.id,
        nodes=bug.nodes,
        options=bug.options,
    )
    faults = ",".join(bug.faults) or "none"
    say(textwrap.fill(f"{story.told} ({story.chapter})", 100))
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
    say(render_terminal(view))
    say(f"\nThe picture is in {view.page}")
