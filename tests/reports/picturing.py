"""What tests of pictures share: a run's pictures as text and as data, and traces made by hand."""

import json
import re

from splitbrain.reports import load_run
from splitbrain.reports.pictures.drawn import pictures_of, seen_of
from splitbrain.systems import registry


def drawn(folder):
    """The pictures of a run's report, by name, as one text each."""
    return {p.name: "".join(p.svgs) for p in pictures_of(load_run(folder))}


def form_of(folder, name):
    """What a picture of the run's system says, as data."""
    view = load_run(folder)
    picture = next(p for p in registry.SYSTEMS[view.plan.system].pictures if p.name == name)
    return picture.draw(seen_of(view))


def write_trace(folder, events):
    """A trace of a run that is a server's events and nothing else."""
    lines = [json.dumps(event) for event in (*events, [9.0, "fsync", "n1", "log"])]
    (folder / "trace.jsonl").write_text("\n".join(lines) + "\n")


def words_in(svg):
    return set(re.findall(r">([^<>]+)<", svg))
