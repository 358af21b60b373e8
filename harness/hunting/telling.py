"""What came of a hunt: for a terminal, for a CI job's summary, as JUnit XML, as JSON lines."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

import msgspec
from tabulate import tabulate

from splitbrain.harness.hunting.counting import Count, Counts, most_frequent
from splitbrain.harness.hunting.drawing import target_name
from splitbrain.harness.hunting.memory import FIXED, Group

WIDTH = 100
"""Columns, where nobody says how many there are."""

_CELL_HEADERS = ("hunted in", "runs", "valid", "invalid", "unknown", "broken", "CPU s")
_HEADERS = ("state", "target", "failure", "seen", "first at run", "small", "fails in", "story")
_TOTALS = (
    *("runs", "valid", "unknown", "failing", "errors", "operations", "cpu_seconds"),
    *("wall_seconds", "unknown_reasons"),
)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>()#+.!|~@:-])")


def summary(count: Counts) -> str:
    """One sentence with the numbers."""
    text = (
        f"{count.runs} runs{_in_time(count)}, {count.operations} operations: "
        f"{count.valid} valid, {count.failing} invalid, {count.unknown} unknown"
    )
    if count.errors:
        text += f", {count.errors} broken"
    if count.wall_seconds > 0:
        text += f"; {60 * count.runs / count.wall_seconds:.0f} runs a minute"
    return text


def _in_time(count: Counts) -> str:
    return f" in {count.wall_seconds:.0f} s" if count.wall_seconds > 0 else ""


def terminal(count: Counts, groups: Sequence[Group], width: int = WIDTH) -> str:
    """The groups one below the other, what could not be judged, and the numbers; in `width`
    columns, but for a folder's path."""
    parts = [_record(group, width) for group in groups]
    said = [
        f"not judged, {_times(times)}: {_plain(reason)}"
        for reason, times in most_frequent(count.unknown_reasons)
    ]
    said += [*map(_plain, count.in_vain()), summary(count)]
    return "\n".join([*parts, *(_wrapped(line, width) for line in said)])


def markdown(count: Counts, groups: Sequence[Group]) -> str:
    """The same for a page of a CI job, and what was done where; what systems said is escaped."""
    lines = ["# Hunt", "", summary(count), ""]
    lines += [line for said in count.in_vain() for line in (_inert(said), "")]
    cells = [_cell_row(cell, of) for cell, of in count.cells.items()]
    if cells:
        lines += [tabulate(cells, _CELL_HEADERS, tablefmt="pipe", disable_numparse=True), ""]
    if groups:
        rows = [[_inert(str(cell)) for cell in _row(group)] for group in groups]
        lines += [tabulate(rows, _HEADERS, tablefmt="pipe", disable_numparse=True), ""]
    return "\n".join(lines)


def junit(count: Counts, groups: Sequence[Group], cells: Sequence[str]) -> str:
    """A test case for each cell, failed if a group of its target fails."""
    cases = []
    for cell in cells:
        found = [g for g in groups if g.target == target_name(cell) and g.state != FIXED]
        body = "".join(
            f"<failure message={quoteattr(_plain(g.signature))}>"
            f"{escape(_plain(g.reason))}\nsplitbrain replay {escape(_plain(_story(g)))}</failure>"
            for g in found
        )
        cases.append(f'<testcase classname="splitbrain.hunt" name={quoteattr(cell)}>{body}')
    failures = sum("<failure" in case for case in cases)
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n'
        f'<testsuite name="splitbrain hunt" tests="{len(cases)}" failures="{failures}" '
        f'time="{count.wall_seconds:.3f}">\n'
        + "".join(f"{case}</testcase>\n" for case in cases)
        + "</testsuite>\n"
    )


def json_lines(count: Counts, groups: Sequence[Group]) -> str:
    """The numbers, then a line for each cell, then one for each group."""
    total = {name: getattr(count, name) for name in _TOTALS}
    data = [{"type": "count", **total, "in_vain": count.in_vain()}]
    data += [
        {"type": "cell", "cell": cell, **msgspec.to_builtins(of)}
        for cell, of in count.cells.items()
    ]
    data += [{"type": "group", **msgspec.to_builtins(group)} for group in groups]
    return "".join(msgspec.json.encode(line).decode() + "\n" for line in data)


def _cell_row(cell: str, of: Count) -> list[str]:
    numbers = (of.runs, of.valid, of.failing, of.unknown, of.errors)
    return [_inert(cell), *map(str, numbers), f"{of.cpu_seconds:.0f}"]


def _row(group: Group) -> list[object]:
    return [
        group.state,
        group.target,
        _plain(group.signature),
        group.times,
        group.first_run,
        _size(group),
        _often(group),
        _story(group) or "-",
    ]


def _record(group: Group, width: int) -> str:
    """A group in lines of its own; a folder is never broken, so that it can be copied."""
    small = "" if group.faults is None else f"; small: {_size(group)}"
    often = "" if group.schedules is None else f", fails in {_often(group)}"
    lines = [
        f"{group.state}: {group.target}: {_plain(group.signature)}",
        f"  seen {_times(group.times)}, first at run {group.first_run}{small}{often}",
    ]
    story = f"\n  {_story(group)}" if group.folder else ""
    return "\n".join(_wrapped(line, width) for line in lines) + story + "\n"


def _wrapped(line: str, width: int) -> str:
    indent = line[: len(line) - len(line.lstrip())]
    return textwrap.fill(line, width, subsequent_indent=f"{indent}  ", break_on_hyphens=False)


def _size(group: Group) -> str:
    if group.faults is None:
        return "-"
    faults = f"{group.faults} fault{'' if group.faults == 1 else 's'}"
    if group.operations is None:
        return faults
    return f"{faults}, {group.operations} operation{'' if group.operations == 1 else 's'}"


def _often(group: Group) -> str:
    """How often its small plan fails: a failure by luck is known as one."""
    return "-" if group.schedules is None else f"{group.failed} of {group.schedules}"


def _times(number: int) -> str:
    return "once" if number == 1 else f"{number} times"


def _story(group: Group) -> str:
    small = Path(group.folder) / "shrunk"
    return str(small) if group.folder and small.is_dir() else group.folder


def _plain(text: str) -> str:
    return _CONTROL.sub(" ", text)


def _inert(text: str) -> str:
    return _MARKDOWN.sub(r"\\\1", _plain(text))
