"""Where coroutines of trio and asyncio wait, and for what."""

from __future__ import annotations

from collections.abc import Iterator
from types import FrameType
from typing import Any

from splitbrain.harness.error_text import is_ours, place


def frame_in(coroutine: Any) -> FrameType | None:
    """The innermost frame of a coroutine that waits, in code that is neither ours, asyncio's nor
    trio's."""
    found = None
    for frame in frames_of(coroutine):
        if not _module(frame).startswith("asyncio.") and not is_ours(frame):
            found = frame
    return found


def place_in(coroutine: Any) -> str:
    """Where a coroutine waits; empty if that isn't known."""
    frame = frame_in(coroutine)
    return "" if frame is None else place(frame)


def waits_for(coroutine: Any) -> str:
    """The function of asyncio or trio in which a coroutine waits, and who has what it waits for,
    where that is known: ``Lock.__aenter__, held by worker``."""
    found, owner = "", ""
    for frame in frames_of(coroutine):
        if not _module(frame).startswith(("asyncio.", "trio.")):
            found, owner = "", ""
        elif not found:
            waited = frame.f_locals.get("self")
            found = f"{type(waited).__name__}.{frame.f_code.co_name}"
            holder: Any = getattr(waited, "_owner", None)  # of trio's locks
            owner = f", held by {_short(holder.name)}" if hasattr(holder, "name") else ""
    return f"{found}{owner}" if found else "a future"


def _short(name: str) -> str:
    return name.rpartition(".")[2]


def _module(frame: FrameType) -> str:
    return f"{frame.f_globals.get('__name__', '')}."


def frames_of(coroutine: Any) -> Iterator[FrameType]:
    """The frames of a coroutine that waits, outermost first."""
    while coroutine is not None:
        frame = getattr(coroutine, "cr_frame", None) or getattr(coroutine, "gi_frame", None)
        if frame is not None:
            yield frame
        coroutine = getattr(coroutine, "cr_await", None) or getattr(coroutine, "gi_yieldfrom", None)
