"""Stand-ins for `datetime.datetime` and `datetime.date` that ask the node's wall clock.

These are types of C, whose methods cannot be replaced, so the types are. Whatever a stand-in makes
is an ordinary date, every ordinary date is an instance of it, and only ``now``, ``utcnow`` and
``today`` are its own. A node's time zone is UTC.
"""

from __future__ import annotations

import datetime as module
from typing import Any

from splitbrain.harness.simulation.wires import replace, running_program

_date, _datetime, _utc = module.date, module.datetime, module.UTC


class _LikeDate(type):
    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, _date) if cls is Date else super().__instancecheck__(instance)

    def __subclasscheck__(cls, subclass: type) -> bool:
        return issubclass(subclass, _date) if cls is Date else super().__subclasscheck__(subclass)


class _LikeDatetime(type):
    def __instancecheck__(cls, instance: object) -> bool:
        if cls is not Datetime:
            return super().__instancecheck__(instance)
        return isinstance(instance, _datetime)

    def __subclasscheck__(cls, subclass: type) -> bool:
        if cls is not Datetime:
            return super().__subclasscheck__(subclass)
        return issubclass(subclass, _datetime)


class Date(module.date, metaclass=_LikeDate):
    """Stands for `datetime.date`."""

    def __new__(cls, *arguments: Any, **named: Any) -> Any:
        """An ordinary date."""
        return (_date if cls is Date else super()).__new__(
            _date if cls is Date else cls, *arguments, **named
        )

    @classmethod
    def today(cls) -> Any:
        """Today."""
        return _now(None).date()


class Datetime(module.datetime, metaclass=_LikeDatetime):
    """Stands for `datetime.datetime`."""

    def __new__(cls, *arguments: Any, **named: Any) -> Any:
        """An ordinary date and time."""
        return (_datetime if cls is Datetime else super()).__new__(
            _datetime if cls is Datetime else cls, *arguments, **named
        )

    @classmethod
    def now(cls, tz: module.tzinfo | None = None) -> Any:
        """Now; in UTC if no time zone is given."""
        return _now(tz)

    @classmethod
    def utcnow(cls) -> Any:
        """Now."""
        return _now(None)

    @classmethod
    def today(cls) -> Any:
        """Now."""
        return _now(None)


def _now(zone: module.tzinfo | None) -> module.datetime:
    program = running_program()
    if program is None:
        return _datetime.now(zone)
    moment = _datetime.fromtimestamp(program.clock.time(), zone or _utc)
    return moment if zone is not None else moment.replace(tzinfo=None)


def replace_dates() -> None:
    """Put the stand-ins in place until the running world ends."""
    replace(module, "date", Date)
    replace(module, "datetime", Datetime)
