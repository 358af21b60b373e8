"""Why a node's code raised: where, and what the node did before, as lines of plain text."""

from __future__ import annotations

from collections.abc import Iterable

from splitbrain.checkers.verdict import Anomaly, Verdict
from splitbrain.reports.wording import safe_text, shortened

_LINES = 16
_WIDTH = 110


def crash_of(verdicts: Iterable[Verdict]) -> Anomaly | None:
    """The first anomaly that comes with a traceback, or None."""
    anomalies = (anomaly for verdict in verdicts for anomaly in verdict.anomalies)
    return next((a for a in anomalies if _lines(a, "traceback")), None)


def crash_lines(anomaly: Anomaly | None) -> list[str]:
    """The traceback of an anomaly and the node's last events, under a heading each; no lines if it
    has neither."""
    if anomaly is None:
        return []
    node = safe_text(shortened(str(anomaly.details.get("node", "the node")), 40))
    lines = []
    if traceback := _lines(anomaly, "traceback"):
        lines += [f"where {node}'s code raised, innermost last:", *traceback]
    if last := _lines(anomaly, "last"):
        lines += [f"what {node} did before:", *last]
    return lines


def _lines(anomaly: Anomaly, name: str) -> list[str]:
    given = anomaly.details.get(name)
    if not isinstance(given, list):
        return []
    return [f"  {safe_text(shortened(str(line), _WIDTH))}" for line in given[-_LINES:]]
