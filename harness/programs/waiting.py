"""Where coroutines of trio and asyncio wait, and for what."""

from __future__ import annotations

from collections.abc import Iterator
from types import FrameType
from typing import Any, NamedTuple

from splitbrain.harness.error_text import is_ours, place


class Waited(NamedTuple):
    """What a coroutine waits for.

    Attributes:
        told: the function in which it waits, as ``Lock.__aenter__``.
        on: the object whose function that is; None if that isn't known.
    """

    told: str
    on: object


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


def waited_for(coroutine: Any) -> Waited:
    """The function of asyncio or trio in which a coroutine waits."""
    found = Waited("", None)
    for frame in frames_of(coroutine):
        library = _module(frame).startswith(("asyncio.", "trio."))
        if not library and not is_ours(frame):
            found = Waited("", None)
        elif library and not found.told:
            on = frame.f_locals.get("self")
            name = frame.f_code.co_name
            found = Waited(name if on is None else f"{type(on).__name__}.{name}", on)
    return found if found.told else Waited("a future", None)


def _module(frame: FrameType) -> str:
    return f"{frame.f_globals.get('__name__', '')}."


def frames_of(coroutine: Any) -> Iterator[FrameType]:
    """The frames of a coroutine that waits, outermost first."""
    while coroutine is not None:
        frame = getattr(coroutine, "cr_frame", None) or getattr(coroutine, "gi_frame", None)
        if frame is not None:
            yield frame
        coroutine = getattr(coroutine, "cr_await", None) or getattr(coroutine, "gi_yieldfrom", None)
