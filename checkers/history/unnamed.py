"""Histories in which no event has a process: which completion belongs to which invocation.

Examples in papers and in the folders of other tools leave processes out, since their operations run
one after another. A completion then belongs to the open operation with its ``f``. If several have
it, nothing says which one, and a guess could turn a verdict round: that is refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from heapq import heappop, heappush

from splitbrain.checkers.history.fields import shown
from splitbrain.checkers.history.operation import INFO, INVOKE
from splitbrain.checkers.history.pairing import RuleBroken


def processes_of(events: Sequence[tuple[str, str]]) -> list[int]:
    """A number for the process of each event: the lowest that is free when it is invoked.

    Args:
        events: type and ``f`` of each, in order.

    Raises:
        RuleBroken: at the first event that completes nothing, or one of several.
    """
    processes: list[int] = []
    open_processes: dict[str, list[int]] = {}
    free: list[int] = []
    used = 0
    for at, (kind, f) in enumerate(events):
        matching = open_processes.setdefault(f, [])
        if kind == INVOKE:
            if not free:
                heappush(free, used)
                used += 1
            matching.append(heappop(free))
            processes.append(matching[-1])
            continue
        if len(matching) != 1:
            raise RuleBroken(at, _unclear(f, len(matching)))
        processes.append(matching.pop())
        if kind != INFO:  # what is indeterminate may still happen: its process is retired
            heappush(free, processes[-1])
    return processes


def _unclear(f: str, matching: int) -> str:
    if not matching:
        return f"it completes {shown(f)}, but none is open; every completion needs its invocation"
    return (
        f"it completes {shown(f)}, of which {matching} are open, and events have no process to say "
        "which one; give every operation its process"
    )
