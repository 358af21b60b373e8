"""An error in words that are the same in every run: memory addresses would differ, so they go.

Files are named without their folders, for a run on another machine must read the same.
"""

from __future__ import annotations

import linecache
import os
import re
import sysconfig
from collections.abc import Iterator
from traceback import walk_tb
from types import FrameType, TracebackType
from typing import Any

_ADDRESS = re.compile(r"\bat 0x[0-9a-fA-F]+")
_FRAMES_SHOWN = 12
_CAUSES_SHOWN = 3
_TEXT_LIMIT = 2_000
_STANDARD_LIBRARY = os.path.realpath(sysconfig.get_path("stdlib"))
_OURS = ("splitbrain.harness.", "trio.", "outcome.")


def without_addresses(text: str) -> str:
    """The text with every memory address as ``0x...``."""
    return _ADDRESS.sub("at 0x...", text)


def described(error: BaseException) -> str:
    """An error's type and text, cut to a bearable length."""
    try:
        text = str(error)
    except Exception:  # noqa: BLE001 - a user's class may fail even at this
        text = "(its text cannot be had)"
    name = type(error).__name__
    return without_addresses(f"{name}: {text}" if text else name)[:_TEXT_LIMIT]


def is_ours(frame: FrameType) -> bool:
    """Whether a frame runs the harness's code, or trio's, rather than that of what is tested."""
    module = f"{frame.f_globals.get('__name__', '')}."
    return module.startswith(_OURS)


def in_standard_library(frame: FrameType) -> bool:
    """Whether a frame runs Python's own library, rather than a package or what is tested."""
    name = os.path.realpath(frame.f_code.co_filename)
    return name.startswith(("<frozen", _STANDARD_LIBRARY)) and "site-packages" not in name


def place(frame: FrameType, line: int | None = None) -> str:
    """Where a frame is: ``file.py:12 in function``."""
    code = frame.f_code
    return f"{os.path.basename(code.co_filename)}:{line or frame.f_lineno} in {code.co_name}"


def traceback_lines(error: BaseException) -> list[str]:
    """Where an error was raised, outermost first, without the harness's own frames; then the same
    for its causes, each introduced by what it was."""
    lines: list[str] = []
    cause: BaseException | None = innermost(error)
    for number in range(_CAUSES_SHOWN):
        if cause is None:
            break
        if number:
            lines.append(f"caused by {described(cause)}")
        frames = list(_frames(cause.__traceback__))
        if len(frames) > _FRAMES_SHOWN:
            lines.append(f"... {len(frames) - _FRAMES_SHOWN} frames more")
        lines += frames[-_FRAMES_SHOWN:]
        hidden = None if cause.__suppress_context__ else cause.__context__
        cause = cause.__cause__ or hidden
    return lines


def _frames(trace: TracebackType | None) -> Iterator[str]:
    for frame, line in walk_tb(trace):
        if is_ours(frame):
            continue
        source = linecache.getline(frame.f_code.co_filename, line, frame.f_globals).strip()
        yield f"{place(frame, line)}: {source}" if source else place(frame, line)


def innermost(error: BaseException) -> BaseException:
    """The first error that is no group: a nursery's wrapping says nothing."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def awaiting_place(coroutine: Any) -> str | None:
    """Where a waiting coroutine is: the innermost of its frames that isn't ours, or None."""
    found = None
    while coroutine is not None:
        frame = getattr(coroutine, "cr_frame", None) or getattr(coroutine, "gi_frame", None)
        if frame is not None and not is_ours(frame):
            found = place(frame)
        coroutine = getattr(coroutine, "cr_await", None) or getattr(coroutine, "gi_yieldfrom", None)
    return found
