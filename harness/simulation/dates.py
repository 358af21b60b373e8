"""``datetime.now``, ``utcnow`` and ``today`` of Python's own types, asked of somebody else.

`datetime.datetime` and `datetime.date` are types of C: their methods can't be assigned, and a
subclass in their place would break whoever derives from them. So the entry in the type's own
dictionary is exchanged, as long as a world runs; that holds however the type was imported.
"""

from __future__ import annotations

import ctypes
import datetime
import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

Ask = Callable[[str], float | None]
"""The wall clock (seconds since 1970) for a call of this name; None for the real one."""

_UTC = datetime.UTC


def _entries(owner: type) -> dict[str, Any]:
    """The dictionary behind a type's ``__dict__``, which is a view."""
    (found,) = gc.get_referents(vars(owner))
    entries: dict[str, Any] = found
    return entries


def _replaced(ask: Ask) -> list[tuple[type, str, Any]]:
    real_now = vars(datetime.datetime)["now"]
    real_utcnow = vars(datetime.datetime)["utcnow"]
    real_today = vars(datetime.date)["today"]

    def now(cls: Any, tz: datetime.tzinfo | None = None) -> Any:
        seconds = ask("datetime.now()")
        if seconds is None:
            return real_now.__get__(None, cls)(tz)
        moment = cls.fromtimestamp(seconds, tz or _UTC)
        return moment if tz is not None else moment.replace(tzinfo=None)

    def utcnow(cls: Any) -> Any:
        seconds = ask("datetime.utcnow()")
        if seconds is None:
            return real_utcnow.__get__(None, cls)()
        return cls.fromtimestamp(seconds, _UTC).replace(tzinfo=None)

    def today(cls: Any) -> Any:
        seconds = ask(f"{cls.__name__}.today()")
        if seconds is None:
            return real_today.__get__(None, cls)()
        if issubclass(cls, datetime.datetime):
            return cls.fromtimestamp(seconds, _UTC).replace(tzinfo=None)
        moment = datetime.datetime.fromtimestamp(seconds, _UTC)
        return cls(moment.year, moment.month, moment.day)

    return [
        (datetime.datetime, "now", classmethod(now)),
        (datetime.datetime, "utcnow", classmethod(utcnow)),
        (datetime.date, "today", classmethod(today)),
    ]


@contextmanager
def dates_asked_of(ask: Ask) -> Iterator[None]:
    """Let `ask` answer for the time being."""
    kept = []
    for owner, name, stand_in in _replaced(ask):
        kept.append((owner, name, vars(owner)[name]))
        _set(owner, name, stand_in)
    try:
        yield
    finally:
        for owner, name, real in kept:
            _set(owner, name, real)


def _set(owner: type, name: str, value: Any) -> None:
    _entries(owner)[name] = value
    ctypes.pythonapi.PyType_Modified(ctypes.py_object(owner))
