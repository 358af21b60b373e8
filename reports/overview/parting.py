"""Where the traces of many runs part, so that a page that stands alone can compare any two of them.

The runs are put in the order of their traces, and of neighbours the first event is found in which
they differ. Of any two runs that is then the least of those between them, as with the common
prefixes of a suffix array (Manber and Myers, Suffix Arrays, 1993): a page of n runs holds n - 1
places, not one for each pair.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from splitbrain.checkers.files import read_file
from splitbrain.reports.overview.comparing import BEFORE, line_text, plan_texts, verdict_words
from splitbrain.reports.packing import compressed
from splitbrain.reports.run_files import RunError
from splitbrain.reports.wording import safe_text

MOST_RUNS = 200
MOST_BYTES = 96_000_000
LONGEST = 16_000_000
"""Bytes of traces that are read for a page, and of one of them."""


def pack_parting(runs: Path, names: Sequence[str]) -> str:
    """What a page needs to compare the runs of these names, as many as its limits allow; empty with
    fewer than two.

    It holds ``runs`` (name, plan, verdicts; in the order of their traces) and ``parts``: of each
    and the next, ``[event, lines before it, the one's line, the other's]``; a trace that has ended
    has None for a line.
    """
    traces = _traces(runs, names)
    if len(traces) < 2:
        return ""
    order = sorted(traces, key=lambda name: (traces[name], name))
    told = []
    for name in order:
        try:
            plan, verdicts = plan_texts(runs / name), verdict_words(runs / name)
        except RunError:
            plan, verdicts = {}, {}
        told.append({"name": safe_text(name), "plan": _safe(plan), "verdicts": _safe(verdicts)})
    parts = [_part(traces[one], traces[other]) for one, other in pairwise(order)]
    return compressed({"runs": told, "parts": parts})


def _traces(runs: Path, names: Sequence[str]) -> dict[str, bytes]:
    """The traces of the first of these runs that have one."""
    found: dict[str, bytes] = {}
    left = MOST_BYTES
    for name in names:
        file = runs / name / "trace.jsonl"
        try:
            size = file.stat().st_size
            if size > min(left, LONGEST) or not size:
                continue
            found[name] = read_file(file)
        except OSError:
            continue
        left -= size
        if len(found) == MOST_RUNS:
            break
    return found


def _part(one: bytes, other: bytes) -> list[Any]:
    """The first event that two traces have differently, and what came before it."""
    start = one.rfind(b"\n", 0, _common(one, other)) + 1
    before = one[:start].splitlines()
    return [
        len(before),
        [_told(line) for line in before[-BEFORE:]],
        _told(one[start:].partition(b"\n")[0]),
        _told(other[start:].partition(b"\n")[0]),
    ]


def _common(one: bytes, other: bytes) -> int:
    """How many bytes two texts have in common from their beginning."""
    length = min(len(one), len(other))
    differ = np.frombuffer(one, np.uint8, length) != np.frombuffer(other, np.uint8, length)
    return int(differ.argmax()) if differ.any() else length


def _told(line: bytes) -> str | None:
    """An event in words; None where there is none."""
    return line_text(line) if line else None


def _safe(texts: dict[str, str]) -> dict[str, str]:
    return {safe_text(name): safe_text(text) for name, text in texts.items()}
