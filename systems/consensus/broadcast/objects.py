"""What messages amount to: registers, names and a lock, found out from the messages in order.

    ("write", key, value)       the register of the key has the value from here on
    ("cas", key, old, new)      it has the new value if it had the old one here
    ("claim", name, owner)      the name is the owner's if it was nobody's
    ("acquire", owner)          the lock is the owner's if it was free or the owner's already
    ("release", token)          the lock is free if that token holds it

All that is a function of the messages up to a position, so whoever knows them knows the same. Other
messages mean nothing here.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


class Objects:
    """What the messages up to a position amount to.

    Attributes:
        position: how many messages were heard of.
        registers: by key, the value.
        names: by name, the owner.
        owner: whose the lock is; None if it is free.
        token: the position of the message that got it last.
    """

    def __init__(self) -> None:
        self.position = 0
        self.registers: dict[Any, Any] = {}
        self.names: dict[str, Any] = {}
        self.owner: str | None = None
        self.token = -1
        self._done: dict[int, Any] = {}

    def hear(self, messages: Iterable[Any]) -> None:
        """The next messages."""
        for message in messages:
            self._done[self.position] = self.happen(message)
            self.position += 1

    def result(self, position: int) -> Any:
        """What came of the message at a position: whether a cas or an acquire succeeded, and who
        has a name that was claimed."""
        return self._done[position]

    def happen(self, message: Any) -> Any:
        """Do what a message says; what comes of it."""
        match message:
            case ("write", key, value):
                self.registers[key] = value
            case ("cas", key, old, new):
                if self.registers.get(key) != old:
                    return False
                self.registers[key] = new
                return True
            case ("claim", str(name), owner):
                return self.names.setdefault(name, owner)
            case ("acquire", str(owner)):
                if self.owner not in (None, owner):
                    return False
                self.owner, self.token = owner, self.position
                return True
            case ("release", int(token)):
                if token == self.token:
                    self.owner = None
        return None
