"""A run as people read it: which task went on when, from which line, and what happened to it."""

from __future__ import annotations

import linecache
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from splitbrain.harness.exploring.naming import Names, coroutine_of
from splitbrain.harness.programs.waiting import frame_in

SHOWN = 40
"""Lines of an interleaving that are shown."""

_BEFORE = 2
"""Lines that are shown before a departure that stands far from the end."""


class Going(NamedTuple):
    """A task that goes on, and from where."""

    name: str
    file: str
    line: int
    function: str

    def __str__(self) -> str:
        source = linecache.getline(self.file, self.line).strip()
        place = f"{os.path.basename(self.file)}:{self.line} in {self.function}"
        return f"{self.name} goes on at {place}: {source}"


@dataclass(frozen=True, slots=True)
class Entry:
    """One line.

    Attributes:
        time: when, in virtual seconds from the start.
        departs: it is not as it would be by itself.
        told: what happened; for a task that went on, from where.
    """

    time: float
    departs: bool
    told: str | Going

    def __str__(self) -> str:
        return f"  {'*' if self.departs else ' '} {self.time:8.3f} s  {self.told}"


class Interleaving:
    """What is noted of one run.

    Args:
        kept: whether anything is; most runs are looked at by nobody.

    Attributes:
        names: of the run's tasks.
        now: what time it is, in virtual seconds from the start.
    """

    def __init__(self, kept: bool = False) -> None:
        self.kept = kept
        self.names = Names()
        self.now: Callable[[], float] = lambda: 0.0
        self.entries: list[Entry] = []
        self._departing = 0

    def departs(self, many: int) -> None:
        """So many tasks that go on from now on do so by a departure."""
        self._departing = many

    def goes_on(self, task: Any) -> None:
        """A task goes on, from where it waited."""
        if not self.kept:
            return
        departs, self._departing = self._departing > 0, max(0, self._departing - 1)
        frame = frame_in(coroutine_of(task))
        if frame is not None:
            code = frame.f_code
            name = self.names.of(task)
            going = Going(name, code.co_filename, frame.f_lineno, code.co_name)
            self.entries.append(Entry(self.now(), departs, going))

    def happens(self, told: str) -> None:
        """Something happens that would not by itself."""
        if self.kept:
            self.entries.append(Entry(self.now(), True, told))

    def lines(self) -> list[str]:
        """The end of it, and all departures; what is left out is counted."""
        entries = self.entries
        shown = set(range(max(0, len(entries) - SHOWN // 2), len(entries)))
        for number, entry in enumerate(entries):
            if entry.departs and len(shown) < SHOWN:
                shown.update(range(max(0, number - _BEFORE), number + 1))
        lines, last = [], -1
        for number in sorted(shown):
            if number > last + 1:
                lines.append(f"    ... {number - last - 1} more")
            lines.append(str(entries[number]))
            last = number
        return lines
