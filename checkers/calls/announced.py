"""What instances of a service announce: their lives, and the fields of their announcements."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

from splitbrain.checkers.history import NEMESIS, History, Operation
from splitbrain.checkers.models.model import ModelError, shown

STARTED = "started"
"""What an instance announces first in each life: it knows nothing of the one before."""

_T = TypeVar("_T")


def lives(history: History, *kinds: str) -> Iterator[tuple[Any, list[Operation]]]:
    """Each node's announcements of these kinds, one life after the other."""
    open_lives: dict[Any, list[Operation]] = {}
    for event in history:
        if event.process == NEMESIS or isinstance(event.process, int):
            continue
        if event.f == STARTED and event.process in open_lives:
            yield event.process, open_lives.pop(event.process)
        elif event.f in kinds:
            open_lives.setdefault(event.process, []).append(event)
    yield from open_lives.items()


def field_of(event: Operation, name: str, kind: type[_T]) -> _T:
    """A field of an announcement.

    Raises:
        ModelError: it has no such field, or one of another type.
    """
    value = event.value.get(name) if isinstance(event.value, Mapping) else None
    if not isinstance(value, kind) or isinstance(value, bool):
        raise ModelError(
            event.index,
            f"{event.process} announces {event.f} with value {shown(event.value)}; "
            f"it needs {name!r}, of type {kind.__name__}",
        )
    return value
