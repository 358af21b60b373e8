"""What came of a hunt: for a terminal, for a CI job's summary, as JUnit XML, as JSON lines."""

from __future__ import annotations

import re
from collections.abc import Sequence
from xml.sax.saxutils import escape, quoteattr

import msgspec
from tabulate import tabulate

from splitbrain.harness.hunting.hunt import Count
from splitbrain.harness.hunting.memory import FIXED, Group

_HEADERS = ("state", "target", "failure", "seen", "first at run", "small", "story")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>()#+.!|~@:-])")


def summary(count: Count) -> str:
    """One sentence with the numbers."""
    text = (
        f"{count.runs} runs in {count.wall_seconds:.0f} s, {count.operations} operations: "
        f"{count.valid} valid, {count.failing} invalid, {count.unknown} unknown"
    )
    if count.errors:
        text += f", {count.errors} broken"
    if count.wall_seconds > 0:
        text += f"; {60 * count.runs / count.wall_seconds:.0f} runs a minute"
    return text


def terminal(count: Count, groups: Sequence[Group]) -> str:
    """The groups as a table, what could not be judged, and the numbers."""
    parts = []
    if groups:
        rows = [_row(group) for group in groups]
        parts.append(tabulate(rows, _HEADERS, tablefmt="simple", maxcolwidths=[None, None, 40]))
    unknown = sorted(count.unknown_reasons.items(), key=lambda item: (-item[1], item[0]))
    parts += [f"not judged, {_times(times)}: {_plain(reason)}" for reason, times in unknown[:3]]
    parts.append(summary(count))
    return "\n".join(parts)


def markdown(count: Count, groups: Sequence[Group]) -> str:
    """The same for a page of a CI job; what systems said is escaped."""
    lines = ["# Hunt", "", summary(count), ""]
    if groups:
        rows = [[_inert(str(cell)) for cell in _row(group)] for group in groups]
        lines += [tabulate(rows, _HEADERS, tablefmt="pipe", disable_numparse=True), ""]
    return "\n".join(lines)


def junit(count: Count, groups: Sequence[Group], targets: Sequence[str]) -> str:
    """A test case for each target, failed if a group of it fails."""
    cases = []
    for target in targets:
        found = [group for group in groups if group.target == target and group.state != FIXED]
        body = "".join(
            f"<failure message={quoteattr(_plain(g.signature))}>"
            f"{escape(_plain(g.reason))}\nsplitbrain replay {escape(_plain(_story(g)))}</failure>"
            for g in found
        )
        cases.append(f'<testcase classname="splitbrain.hunt" name={quoteattr(target)}>{body}')
    failures = sum("<failure" in case for case in cases)
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n'
        f'<testsuite name="splitbrain hunt" tests="{len(cases)}" failures="{failures}" '
        f'time="{count.wall_seconds:.3f}">\n'
        + "".join(f"{case}</testcase>\n" for case in cases)
        + "</testsuite>\n"
    )


def json_lines(count: Count, groups: Sequence[Group]) -> str:
    """The numbers, then a line for each group."""
    data = [{"type": "count", **msgspec.to_builtins(count)}]
    data += [{"type": "group", **msgspec.to_builtins(group)} for group in groups]
    return "".join(msgspec.json.encode(line).decode() + "\n" for line in data)


def _row(group: Group) -> list[object]:
    return [
        group.state,
        group.target,
        _plain(group.signature),
        group.times,
        group.first_run,
        _size(group),
        _story(group) or "-",
    ]


def _size(group: Group) -> str:
    if group.faults is None:
        return "-"
    faults = f"{group.faults} fault{'' if group.faults == 1 else 's'}"
    if group.operations is None:
        return faults
    return f"{faults}, {group.operations} operation{'' if group.operations == 1 else 's'}"


def _times(number: int) -> str:
    return "once" if number == 1 else f"{number} times"


def _story(group: Group) -> str:
    return f"{group.folder}/shrunk" if group.folder and group.faults is not None else group.folder


def _plain(text: str) -> str:
    return _CONTROL.sub(" ", text)


def _inert(text: str) -> str:
    return _MARKDOWN.sub(r"\\\1", _plain(text))
