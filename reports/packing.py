"""The timeline's data: columns of small integers, delta-coded, gzipped, in base64.

20,000 operations take about 170 KB in the page this way, against 800 KB as JSON rows. Times are
microseconds. The packed bytes depend on the run alone (gzip's time stamp is 0), so the same run
gives the same page.
"""

from __future__ import annotations

import base64
import gzip
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from splitbrain.checkers.history import Call
from splitbrain.checkers.vocabulary import LEADER
from splitbrain.reports.coverage import OUTCOMES
from splitbrain.reports.faults import FaultBand
from splitbrain.reports.model import RunView
from splitbrain.reports.wording import safe_text, shortened, value_text

CALL_LIMIT = 40_000
FAULT_LIMIT = 2_000
MARK_LIMIT = 5_000
FAULT_ROWS = 5
KEY_LIMIT = 200
ERROR_LIMIT = 120


@dataclass(frozen=True, slots=True)
class Packed:
    """The packed timeline, and how many operations of how many it holds."""

    data: str
    shown: int
    total: int


def pack(view: RunView, limit: int = CALL_LIMIT) -> Packed:
    """The timeline of a run; at most `limit` operations, those around the anomaly."""
    first, last = _range(view, limit)
    data = compressed(_columns(view, first, last))
    return Packed(data, last - first, len(view.calls))


def compressed(columns: Mapping[str, Any]) -> str:
    """Columns as a page holds them: the same bytes for the same columns."""
    text = json.dumps(columns, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    packed = gzip.compress(text.encode(), compresslevel=9, mtime=0)
    # Byte 9 of a gzip header names the operating system; 255 is "unknown" everywhere.
    packed = packed[:9] + b"\xff" + packed[10:]
    return base64.b64encode(packed).decode()


def _range(view: RunView, limit: int) -> tuple[int, int]:
    """Positions of the operations to show: all, or a stretch with the anomaly's last in it."""
    total = len(view.calls)
    if total <= limit:
        return 0, total
    focus = max(view.marked, default=0)
    first = min(max(0, focus - limit * 3 // 4), total - limit)
    return first, first + limit


def deltas(numbers: Iterable[int]) -> list[int]:
    """Each number less the one before it, the first as it is."""
    previous, found = 0, []
    for number in numbers:
        found.append(number - previous)
        previous = number
    return found


def _columns(view: RunView, first: int, last: int) -> dict[str, Any]:
    calls = view.calls[first:last]
    functions = list(dict.fromkeys(call.f for call in calls))
    code = {name: number for number, name in enumerate(functions)}
    clients = view.plan.clients
    lanes = [f"client {number}" for number in range(_lanes_used(calls, clients))]
    nodes = _node_lanes(view, len(lanes))
    marked = sorted(position - first for position in view.marked if first <= position < last)
    return {
        "lanes": lanes,
        "nodes": [safe_text(shortened(name, 24)) for name in nodes],
        "clients": clients,
        "functions": [safe_text(shortened(name, 40)) for name in functions],
        "process": [call.process for call in calls],
        "f": [code[call.f] for call in calls],
        "outcome": [OUTCOMES.index(call.outcome) for call in calls],
        "start": deltas(call.start // 1000 for call in calls),
        "length": _lengths(view, calls),
        "index": deltas(call.invoke_index for call in calls),
        "completed": [
            (call.complete_index or call.invoke_index) - call.invoke_index for call in calls
        ],
        "label": [
            view.phrases.label(call, view.number(first + place)) for place, call in enumerate(calls)
        ],
        **_keys(calls),
        "errors": _errors(view, calls),
        "marked": marked,
        "faults": _faults(view, nodes),
        "marks": _marks(view, nodes),
        "phases": [[mark.time // 1000, mark.text] for mark in view.phases],
        "end": view.end // 1000,
        "total": len(view.calls),
    }


def _keys(calls: Sequence[Call]) -> dict[str, Any]:
    """The keys that operations are of, most frequent first, and for each the number of its key; -1
    of one without."""
    named = [_key(call.argument) for call in calls]
    counts = Counter(name for name in named if name is not None)
    keys = [name for name, _ in counts.most_common(KEY_LIMIT)]
    number = {name: place for place, name in enumerate(keys)}
    texts = [safe_text(shortened(name, 24)) for name in keys]
    return {"keys": texts, "key": [-1 if n is None else number.get(n, -1) for n in named]}


def _key(argument: Any) -> str | None:
    """The key of an operation on one of several things: ``[key, value]``."""
    if not isinstance(argument, list) or len(argument) != 2:
        return None
    key = argument[0]
    return key if isinstance(key, str) else str(key) if type(key) is int else None


def _lanes_used(calls: Sequence[Call], clients: int) -> int:
    return 1 + max((call.process % clients for call in calls), default=0)


def _node_lanes(view: RunView, after: int) -> dict[str, int]:
    """Lanes for the servers and whoever else announced something, below the clients' lanes."""
    names = dict.fromkeys([*view.servers, *(mark.who for mark in view.marks)])
    return {name: after + number for number, name in enumerate(names)}


def _lengths(view: RunView, calls: Sequence[Call]) -> list[int]:
    """How long each call took; -1 for one that nothing ended."""
    partner, time = view.history.partner, view.history.time
    lengths = []
    for call in calls:
        position = int(partner[call.invoked])
        ended = -1 if position < 0 else (int(time[position]) - call.start) // 1000
        lengths.append(ended)
    return lengths


def _errors(view: RunView, calls: Sequence[Call]) -> dict[str, str]:
    """Error texts by number of the call, as few have one; equal texts compress well."""
    errors = {}
    for number, call in enumerate(calls):
        if call.outcome == "ok":
            continue
        position = int(view.history.partner[call.invoked])
        error = view.history.errors[position] if position >= 0 else None
        if error is not None:
            errors[str(number)] = safe_text(shortened(str(error), ERROR_LIMIT))
    return errors


def _faults(view: RunView, nodes: dict[str, int]) -> list[list[Any]]:
    """[id, kind, start, end or -1, targets, node lanes, evidence, observed, row] for each fault."""
    begun = [fault for fault in view.faults if fault.start is not None][:FAULT_LIMIT]
    rows = fault_rows(begun, view.end)
    return [
        [
            safe_text(shortened(fault.id, 24)),
            safe_text(shortened(fault.kind, 40)),
            (fault.start or 0) // 1000,
            -1 if fault.end is None else fault.end // 1000,
            shortened(fault.target_text, 80),
            [nodes[name] for name in fault.targets if name in nodes],
            shortened(fault.evidence, 120),
            -1 if fault.observed is None else int(fault.observed),
            row,
        ]
        for fault, row in zip(begun, rows, strict=True)
    ]


def fault_rows(faults: Sequence[FaultBand], end: int) -> list[int]:
    """For each fault the row of the strip to draw it in: the first that is free when it starts.

    Where all rows are taken it goes to the one that is free first, and overlaps.
    """
    free_at = [-1] * FAULT_ROWS
    rows = []
    for fault in faults:
        start = fault.start or 0
        row = next((row for row in range(FAULT_ROWS) if free_at[row] <= start), None)
        if row is None:
            row = free_at.index(min(free_at))
        free_at[row] = max(free_at[row], end if fault.end is None else fault.end)
        rows.append(row)
    return rows


def _marks(view: RunView, nodes: dict[str, int]) -> list[list[Any]]:
    """[node lane, time, history index, f, short text, text] for each announcement."""
    return [
        [
            nodes[mark.who],
            mark.time // 1000,
            mark.index,
            safe_text(shortened(mark.f, 24)),
            _mark_label(mark.f, mark.value),
            mark.text,
        ]
        for mark in view.marks[:MARK_LIMIT]
    ]


def _mark_label(f: str, value: Any) -> str:
    if f == LEADER and isinstance(value, dict) and "term" in value:
        return f"leader {value_text(value['term'], 20)}"
    return safe_text(shortened(f, 24))
