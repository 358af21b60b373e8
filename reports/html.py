"""A run as one HTML file that opens from disk, needs no network and works without script.

Verdict, story, witness, tables and commands are plain HTML; only the timeline needs script.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from splitbrain.checkers.verdict import Verdict
from splitbrain.reports.evidence.crash import crash_lines
from splitbrain.reports.evidence.cycle import draw_cycle
from splitbrain.reports.evidence.intervals import draw_intervals, draw_life
from splitbrain.reports.evidence.linearization import Scene, scene_of
from splitbrain.reports.evidence.replicas import ReplicaWitness
from splitbrain.reports.evidence.witness import (
    ElementsWitness,
    EventsWitness,
    Evidence,
    FiguresWitness,
    LeaderWitness,
    WindowWitness,
    evidence,
    operation_text,
)
from splitbrain.reports.faults import FaultBand
from splitbrain.reports.model import (
    RunView,
    exercised_text,
    often_text,
    regime_text,
    settings_text,
    shrink_summary,
)
from splitbrain.reports.packing import pack
from splitbrain.reports.pictures.drawn import pictures_of
from splitbrain.reports.spacetime.columns import pack_messages
from splitbrain.reports.spacetime.drawing import draw_spacetime
from splitbrain.reports.spacetime.printed import printed_by
from splitbrain.reports.spacetime.window import Window, window_of
from splitbrain.reports.story import tell
from splitbrain.reports.templating import render_page
from splitbrain.reports.wording import (
    clipped,
    counted,
    duration,
    safe_text,
    seconds,
    shortened,
    value_text,
)

EMBED_LIMIT = 24_000
"""Files of at most this many bytes are in the page itself; larger ones are linked beside it."""

ROW_LIMIT = 200
STORY_LIMIT = 28
PRINTED_LIMIT = 120

_OF_THE_MOMENT = "run.json"
"""Says when a run was made, and how long that took."""

_SCRIPTS = (
    "data.js",
    "draw.js",
    "overview.js",
    "navigate.js",
    "search.js",
    "witness.js",
    "spacetime.js",
    "printing.js",
    "page.js",
)
_MESSAGES = ("messages.js", "arrows.js")
"""Only of pages that have more messages than the picture of those that led to the failure."""

_STYLES = ("report.css", "spacetime.css", "cycle.css", "pictures.css")
_FORMS = {
    WindowWitness: "window",
    ElementsWitness: "elements",
    ReplicaWitness: "replicas",
    LeaderWitness: "leaders",
    EventsWitness: "events",
    FiguresWitness: "figures",
}


@dataclass(frozen=True, slots=True)
class Download:
    """A link to one of the run's files: relative, or a ``data:`` URL for a small one."""

    name: str
    href: str
    size: str
    embedded: bool


def render_html(view: RunView, *, beside: bool = True) -> str:
    """The page; the same run folder gives the same page, byte for byte.

    Of a run that was made smaller it tells the small one, with the whole one as a second view of
    every section. It links to what is `beside` it in the run's folder; a page that stands alone has
    no such links, and nothing of when and where it was made.
    """
    told = [view] if view.telling is view else [view.telling, view]
    sides = [_side(each, WHOLE if number else "") for number, each in enumerate(told)]
    return render_page(
        "report.html.j2",
        _STYLES,
        (*_MESSAGES, *_SCRIPTS) if any(side["all_messages"] for side in sides) else _SCRIPTS,
        view=view,
        tone=_tone(view),
        commands=_commands(view),
        shrink_summary=shrink_summary(view),
        often=often_text(view),
        sides=sides,
        witnesses=any(side["evidences"] for side in sides),
        messages=any(side["spacetime"] or side["printed"][0] for side in sides),
        pictures=any(side["pictures"] for side in sides),
        downloads=[
            each
            for each in _downloads(view)
            if beside or (each.embedded and each.name != _OF_THE_MOMENT)
        ],
        beside=beside,
    )


WHOLE = "whole-"
"""What ids of the whole run's view begin with, where a small one is told first."""


def _side(view: RunView, prefix: str) -> dict[str, Any]:
    """All that the sections say of one run; `prefix` is what its ids begin with."""
    packed = pack(view)
    window = None if view.judgement == "valid" else window_of(view)
    return {
        "prefix": prefix,
        "name": "whole" if prefix else "told",
        "view": view,
        "packed": packed,
        "elided": packed.total - packed.shown,
        "tone": _tone(view),
        "facts": _facts(view),
        "story": () if view.judgement == "valid" else tell(view, STORY_LIMIT),
        "evidences": [_evidence(view, entry, prefix) for entry in evidence(view)],
        "spacetime": None if window is None else _spacetime(view, window),
        "all_messages": pack_messages(view, window),
        "printed": printed_by(view, PRINTED_LIMIT) if view.judgement != "valid" else ([], 0),
        "trace_problem": safe_text(shortened(view.trace.problem or view.trace.part, 300)),
        "pictures": pictures_of(view),
        "faults": [_fault(fault) for fault in view.faults[:ROW_LIMIT]],
        "hidden_faults": max(0, len(view.faults) - ROW_LIMIT),
        "exercised": exercised_text(view),
        "ledger": [_ledger(verdict) for verdict in view.verdicts or ()],
        "plan_rows": [*_plan_rows(view), *_made(view)],
        "plan_text": _plan_text(view),
    }


def _tone(view: RunView) -> str:
    """The verdict card's class."""
    return {"valid": "valid", "INVALID": "invalid"}.get(view.judgement, "unknown")


def _facts(view: RunView) -> list[tuple[str, str]]:
    """What the verdict card says about the run, by name: what tells it from others."""
    plan, info = view.plan, view.info
    if view.recorded is not None:
        facts = [
            ("history", view.recorded.file),
            ("judged as", view.recorded.model),
            ("clients", str(plan.clients)),
            ("time", seconds(view.end)),
            ("signature", view.signature or "none"),
        ]
    else:
        virtual = info.virtual_seconds
        facts = [
            ("seed", str(plan.seed)),
            ("size", f"{counted(plan.nodes, 'node')}, {counted(plan.clients, 'client')}"),
            ("settings", settings_text(view)),
            (
                "virtual time" if plan.ground == "simulation" else "time",
                seconds(view.end) if virtual is None else f"{virtual:.1f} s",
            ),
            ("signature", view.signature),
            ("regime", regime_text(view)),
        ]
    return [(name, safe_text(shortened(value, 300))) for name, value in facts if value]


def _made(view: RunView) -> list[tuple[str, str]]:
    """When, with what and how fast a run was made, and what its trace comes to."""
    info = view.info
    tools = [("splitbrain", info.version), ("Python", info.python), ("trio", info.trio)]
    facts = [
        ("started", info.started),
        ("real time", "" if info.wall_seconds is None else f"{info.wall_seconds:.2f} s"),
        ("made with", ", ".join(f"{name} {version}" for name, version in tools if version)),
        ("trace SHA-256", info.trace_sha256),
    ]
    return [(name, safe_text(shortened(value, 300))) for name, value in facts if value]


def _commands(view: RunView) -> list[tuple[str, str]]:
    """Commands to copy, by what they do. They are shown whole: a shortened one would not run."""
    if view.shrunk is None:
        return [("judge again" if view.recorded else "replay", view.repeat)]
    return [("replay", view.shrunk.repeat), ("replay the whole run", view.repeat)]


def _evidence(view: RunView, entry: Evidence, prefix: str) -> dict[str, Any]:
    """An evidence for the template: with the form of its witness, and drawn where it is drawn."""
    witness = entry.witness
    drawing, lives, operations = Markup(""), [], []
    scene = Scene((), (), {})
    if isinstance(witness, WindowWitness):
        scene = scene_of(view, entry.anomaly, witness)
        drawing = draw_intervals(view, scene.window, witness.blamed, scene.order, scene.notes)
        operations = [_operation(view, position) for position in sorted(witness.blamed)[:24]]
    if isinstance(witness, ElementsWitness):
        lives = [_life(view, life) for life in witness.elements]
    return {
        "prefix": prefix,
        "checker": safe_text(shortened(entry.verdict.checker)),
        "kind": safe_text(shortened(entry.anomaly.kind)),
        "message": entry.message,
        "others": entry.others,
        "crash": crash_lines(entry.anomaly),
        "ring": draw_cycle(view, entry.anomaly),
        "steps": entry.steps,
        "form": _FORMS[type(witness)],
        "witness": witness,
        "drawing": drawing,
        "noted": bool(scene.notes),
        "ordered": len(scene.order) > 1,
        "lives": lives,
        "operations": operations,
    }


def _spacetime(view: RunView, window: Window) -> dict[str, Any]:
    """The space-time diagram, and what it leaves out."""
    return {
        "drawing": draw_spacetime(view, window),
        "start": seconds(window.start),
        "end": seconds(window.end),
        "repeated": window.repeated,
        "hidden": window.hidden,
        "fault": any(message.dropped is not None for message in window.messages),
    }


def _operation(view: RunView, position: int) -> dict[str, Any]:
    call = view.calls[position]
    completion = view.completion(call)
    return {
        "index": call.invoke_index,
        "text": operation_text(view, position),
        "outcome": call.outcome,
        "start": seconds(call.start),
        "end": "never" if completion is None else seconds(completion.time),
        "took": "" if completion is None else duration(completion.time - call.start),
    }


def _life(view: RunView, life: Any) -> dict[str, Any]:
    """An element's life line as a row: when acknowledged, last seen, first missing, drawn."""
    add = view.calls[life.add]
    acknowledged = add.start if add.end is None else add.end

    def moment(read: Any) -> tuple[str, int | None]:
        if read is None:
            return "never", None
        return seconds(read.time), view.calls[read.position].invoke_index

    return {
        "element": life.element,
        "added": (seconds(acknowledged), add.invoke_index),
        "outcome": add.outcome,
        "seen": moment(life.last_seen),
        "missing": moment(life.first_missing),
        "reads": len(life.reads),
        "without": sum(not read.present for read in life.reads),
        "drawing": draw_life(
            [(read.time, read.present) for read in life.reads], acknowledged, view.end
        ),
    }


def _fault(fault: FaultBand) -> dict[str, Any]:
    idle = fault.observed is False
    return {
        "id": safe_text(shortened(fault.id, 24)),
        "kind": safe_text(shortened(fault.kind, 40)),
        "targets": fault.target_text,
        "start": "-" if fault.start is None else seconds(fault.start),
        "end": _fault_end(fault),
        "evidence": shortened(fault.evidence, 200),
        "idle": idle,
        "index": fault.index,
    }


def _fault_end(fault: FaultBand) -> str:
    if fault.end is not None:
        return seconds(fault.end)
    return "-" if fault.start is None else "not stopped"


def _ledger(verdict: Verdict) -> dict[str, Any]:
    """A checker's row: what it said, how it went about it, what that cost, what it saw."""
    return {
        "checker": safe_text(shortened(verdict.checker)),
        "validity": str(verdict.validity),
        "reason": safe_text(clipped(verdict.reason, 240)),
        "cost": _pairs(verdict.cost),
        "coverage": _pairs(verdict.coverage),
        "certificate": bool(verdict.certificate),
    }


def _pairs(data: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Names with values in words, numbers with thousands separated."""
    return [
        (
            safe_text(shortened(str(name), 40)).replace("_", " "),
            f"{value:,}" if type(value) is int else _bare(value),
        )
        for name, value in list(data.items())[:24]
    ]


def _bare(value: Any) -> str:
    """A value in words; strings without quotes."""
    if value is None:
        return "none"
    return safe_text(shortened(value, 80)) if isinstance(value, str) else value_text(value, 80)


def _plan_rows(view: RunView) -> list[tuple[str, str]]:
    """The plan's fields but for the lists, which other blocks show."""
    data = view.plan.to_json()
    rows = [
        (name, _bare(value))
        for name, value in data.items()
        if name not in ("format", "faults", "operations", "options")
    ]
    operations = data["operations"]
    rows.append(("faults", counted(len(view.plan.faults), "fault")))
    rows.append(
        (
            "operations",
            "generated by the workload" if operations is None else f"{len(operations):,}",
        )
    )
    return [*rows, *((f"option {name}", _bare(value)) for name, value in data["options"].items())]


def _plan_text(view: RunView) -> str:
    """The plan as indented JSON, cut where it gets too long for a page."""
    text = safe_lines(json.dumps(view.plan.to_json(), indent=1, ensure_ascii=False))
    lines = text.splitlines()
    if len(text) <= EMBED_LIMIT:
        return text
    kept = shortened("\n".join(lines), EMBED_LIMIT)
    return f"{kept}\n... the rest is in plan.json"


def safe_lines(text: str) -> str:
    """`safe_text` of each line."""
    return "\n".join(map(safe_text, text.split("\n")))


def _downloads(view: RunView) -> list[Download]:
    return [
        _download(view, name, size)
        for name, size in view.files.items()
        if not name.endswith(".html")
    ]


def _download(view: RunView, name: str, size: int) -> Download:
    if size > EMBED_LIMIT or name.startswith("trace"):
        return Download(name, name, _size(size), embedded=False)
    content = base64.b64encode((view.path / name).read_bytes()).decode()
    kind = "application/gzip" if name.endswith(".gz") else "application/json"
    return Download(name, f"data:{kind};base64,{content}", _size(size), embedded=True)


def _size(size: int) -> str:
    return f"{size:,} bytes" if size < 10_000 else f"{size / 1000:,.0f} KB"
