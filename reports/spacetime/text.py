"""A space-time diagram in plain ASCII: time goes down, a column is a host, a line an event."""

from __future__ import annotations

from splitbrain.checkers.vocabulary import LEADER
from splitbrain.harness.runs.recorded_trace import Message, RunTrace
from splitbrain.reports.model import RunView
from splitbrain.reports.spacetime.window import brief, host_name, window_of
from splitbrain.reports.verdict_table import ascii_text
from splitbrain.reports.wording import counted, safe_text, seconds, shortened

LINES = 20
WIDTH = 100
_FIRST = 13
_MESSAGES = 15
_LANES = 6
"""As far apart as if they were so many lanes they are at most."""

_NARROWEST = 6
_TAIL = 18
"""Columns for words that find no room on their arrow."""


def lines_of(view: RunView, limit: int = LINES, width: int = WIDTH) -> list[str]:
    """The diagram in at most `limit` lines; none if there is nothing to draw.

    The few messages that led to the failure are shown; ``*`` stands where a host did something, an
    arrow ends at its receiver, an ``x`` is where a message was lost, and to which fault.
    """
    window = window_of(view, min(_MESSAGES, limit - 4))
    if window is None:
        return []
    lanes = len(window.hosts)
    room = max(_NARROWEST, min(width // _LANES, (width - _FIRST - _TAIL) // lanes))
    if _FIRST + room * lanes > width:
        return []
    trace = window.trace
    column = {host: _FIRST + room * n + 3 for n, host in enumerate(window.hosts)}
    rows: list[tuple[int, str]] = []
    for message in window.messages:
        rows.append((message.last, _arrow(message, column, trace.time(message.last))))
    first, last = min(m.sent for m in window.messages), max(m.last for m in window.messages)
    for at, host, text in _changes(trace, first, last):
        if host in column:
            rows.append((at, _row(column, trace.time(at), {column[host]: text})))
    rows.sort(key=lambda row: row[0])
    head = [" "] * width
    for host, at in column.items():
        name = _plain(shortened(host_name(view, host), 24))
        name = name if len(name) < room else name[: room - 3] + name[-2:]  # client 0 is not 1
        head[at - 1 : at - 1 + len(name)] = name
    left_out = window.hidden + window.repeated
    told = [line[:width].rstrip() for _, line in rows][-(limit - 2) :]
    said = f"{counted(left_out, 'message')} between these not shown"
    notes = [f"{'':{min(_FIRST, width - len(said))}}{said}"] if left_out > 0 else []
    notes += [f"{'':{_FIRST}}{_plain(trace.part)}"[:width]] if trace.part else []
    return ["".join(head).rstrip(), *told, *notes][:limit]


def _plain(text: str) -> str:
    """The text in ASCII, escaped before it is laid out."""
    return ascii_text(safe_text(text))


def _changes(trace: RunTrace, first: int, last: int) -> list[tuple[int, str, str]]:
    """Who came to lead, went down or came back between two events, and the two leaders before."""
    led: list[tuple[int, str, str]] = []
    changes: list[tuple[int, str, str]] = []
    for host, roles in trace.roles.items():
        for role in roles:
            if role.name == LEADER and role.term:
                told = (role.at, host, f"leader {_plain(shortened(role.term, 8))}")
                (changes if role.at >= first else led).append(told)
            elif role.name in ("", "up"):
                changes.append((role.at, host, "boots" if role.name else "down"))
    return sorted(led)[-2:] + [change for change in changes if first <= change[0] <= last]


def _row(column: dict[str, int], time: int, texts: dict[int, str]) -> str:
    """A line with the hosts' lanes and texts over them."""
    end = max([*column.values(), *(at + len(text) for at, text in texts.items())])
    cells = [" "] * (end + 1)
    for at in column.values():
        cells[at] = "|"
    for at, text in texts.items():
        cells[at : at + len(text)] = text
    return f"{seconds(time):>11}  {''.join(cells)[_FIRST:].rstrip()}"


def _arrow(message: Message, column: dict[str, int], time: int) -> str:
    """A message from its sender's lane to its receiver's, with its words where there is room."""
    start, end = column[message.source], column[message.destination]
    right = end > start
    low, high = min(start, end), max(start, end)
    shaft = ["-"] * (high - low - 1)
    tail = ""
    if message.lost:
        middle = max(1, len(shaft) // 2)
        shaft = [*"-" * middle, "x", *" " * len(shaft)][: len(shaft)]
        shaft = shaft if right else shaft[::-1]
        tail = f"lost: {_plain(shortened(message.reason, 20))}"
    elif shaft:
        shaft[-1 if right else 0] = ">" if right else "<"
    words = _plain(brief(message.body))
    if len(words) + 4 <= len(shaft) and not message.lost:
        shaft[2 : len(words) + 4] = f" {words} "
    else:
        tail = f"{tail} {words}".strip()
    last = max(column.values())
    texts = {low + 1: "".join(shaft), start: "*"}
    if tail:
        texts[last + 3] = tail
    return _row(column, time, texts)
