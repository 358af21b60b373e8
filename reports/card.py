"""A failure as one JSON object, for whoever files, groups or counts failures by machine."""

from __future__ import annotations

from typing import Any

from splitbrain.checkers.verdict import INVALID
from splitbrain.reports.model import RunView
from splitbrain.reports.story import ELISION, tell

FILE = "failure.json"
FORMAT = 1
STORY_LIMIT = 40


def failure_card(view: RunView) -> dict[str, Any] | None:
    """What failed, in the smallest run that shows it; None for a run that did not fail.

    Its fields: ``signature`` (what failures are grouped by), ``statement``, ``checker``,
    ``anomaly``, ``system``, ``workload``, ``bug``, ``seed``, ``size`` (operations, faults, nodes
    and clients of the smallest run), ``necessary`` (ids of faults without which it passes),
    ``often`` (failed and tried schedules), ``story`` (lines), ``replay`` and ``versions``.
    """
    told = view.telling
    if told.validity is not INVALID or told.deciding is None:
        return None
    plan, shrink = told.plan, view.shrink
    system, workload = plan.told
    lines = [line for line in tell(told, STORY_LIMIT) if line.kind != ELISION]
    return {
        "format": FORMAT,
        "signature": told.signature,
        "statement": told.statement,
        "checker": told.deciding.checker,
        "anomaly": told.anomaly.kind if told.anomaly else None,
        "system": system,
        "workload": workload,
        "bug": plan.bug,
        "seed": plan.seed,
        "size": {
            "operations": len(told.calls),
            "faults": len(told.faults),
            "nodes": plan.nodes,
            "clients": plan.clients,
        },
        "necessary": [n.fault for n in shrink.necessary if n.needed] if shrink else [],
        "often": list(shrink.often) if shrink and shrink.often else None,
        "story": [f"{line.clock} {line.text}" for line in lines],
        "replay": told.repeat,
        "versions": {
            "splitbrain": view.info.version,
            "python": view.info.python,
            "trio": view.info.trio,
        },
    }
