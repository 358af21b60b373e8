"""The part of a long trace that a picture needs, read in bounded memory.

A trace's times never go back, so where a moment is in the file is found by bisection. Of what was
before the part only rare events are kept: who led, what was down, what servers told of their state.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

FREQUENT = ("send", "receive", "drop", "fsync", "stdout", "stderr")
"""Kinds of events that are not kept of what was before the part."""

AFTER = 1_000_000_000
"""How much is read behind the moment that matters, ns."""

_RARE = re.compile(
    rb'^\[[^,\n]{1,40}, ?"(?!(?:%s)")[^\n]*' % "|".join(FREQUENT).encode(), re.MULTILINE
)
_CHUNK = 1 << 22


@dataclass(frozen=True, slots=True)
class Part:
    """Lines of a trace.

    Attributes:
        lines: the lines, without their ends.
        numbers: the number of each in the file, from 0.
        told: which part it is, in words.
    """

    lines: list[bytes]
    numbers: list[int]
    told: str


def part_of(path: Path, until: int | None, most: int) -> Part:
    """At most about `most` bytes of a longer trace, up to a moment (ns) or its end.

    Raises:
        OSError: it can't be read.
        ValueError: it is no trace.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        end = size if until is None else _place_of(file, size, (until + AFTER) / 1e9)
        if until is not None:  # a second may be long
            end = min(end, _place_of(file, size, until / 1e9) + most // 8)
        start = _line_start(file, end - most * 3 // 4)
        rare, first = _rare(file, start, most // 8)
        file.seek(start)
        lines = file.read(end - start).split(b"\n")
    if end < size and lines:
        lines.pop()  # half a line, or what is behind the last end of one
    numbers = [number for number, _ in rare] + list(range(first, first + len(lines)))
    window = [line for line in lines if line]
    told = (
        f"trace.jsonl has {size / 1e6:,.0f} MB. Messages, syncs and prints are shown from "
        f"{_time(window[0]):.3f} s to {_time(window[-1]):.3f} s; before that, what servers were"
    )
    return Part([line for _, line in rare] + lines, numbers, told)


def _time(line: bytes) -> float:
    """When the event of a line happened, in seconds.

    Raises:
        ValueError: it is no event.
    """
    return float(line[1 : line.index(b",")])


def _line_start(file: BinaryIO, place: int) -> int:
    """Where the first line begins at a place or after it."""
    if place <= 0:
        return 0
    file.seek(place - 1)
    file.readline()
    return file.tell()


def _place_of(file: BinaryIO, size: int, seconds: float) -> int:
    """Where the first line is whose event is later than a time; the file's end if none is."""
    low, high = 0, size
    while low < high:
        middle = (low + high) // 2
        start = _line_start(file, middle)
        file.seek(start)
        line = file.readline()
        if not line.endswith(b"\n") or _time(line) > seconds:
            high = middle
        else:
            low = start + len(line)
    return low


def _rare(file: BinaryIO, end: int, most: int) -> tuple[list[tuple[int, bytes]], int]:
    """The last rare events before a place, at most so many bytes of them, with their numbers; and
    how many events there are before it."""
    kept: deque[tuple[int, bytes]] = deque()
    held, number = 0, 0
    for chunk in _chunks(file, end):
        last = 0
        for found in _RARE.finditer(chunk):
            number += chunk.count(b"\n", last, found.start())
            last = found.start()
            kept.append((number, found[0]))
            held += len(found[0])
            while held > most:
                held -= len(kept.popleft()[1])
        number += chunk.count(b"\n", last)
    return list(kept), number


def _chunks(file: BinaryIO, end: int) -> Iterator[bytes]:
    """What is before a place, in pieces of whole lines."""
    file.seek(0)
    while file.tell() < end:
        chunk = file.read(min(_CHUNK, end - file.tell()))
        if not chunk:
            return
        yield chunk if chunk.endswith(b"\n") else chunk + file.readline()
