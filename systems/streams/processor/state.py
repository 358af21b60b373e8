"""The state of a group of users: a mapping, so that what changes in it is one, too."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Key = tuple[Any, ...]


class State(dict[Key, Any]):
    """A mapping that notes what is changed in it.

    Attributes:
        changes: keys whose values were set since the last `take_changes`; None are those that went.
    """

    def __init__(self, kept: Mapping[Key, Any]) -> None:
        super().__init__(kept)
        self.changes: dict[Key, Any] = {}

    def __setitem__(self, key: Key, value: Any) -> None:
        super().__setitem__(key, value)
        self.changes[key] = value

    def __delitem__(self, key: Key) -> None:
        super().__delitem__(key)
        self.changes[key] = None

    def pop_key(self, key: Key) -> Any:
        """Take a key out; its value."""
        value = self[key]
        del self[key]
        return value

    def under(self, *prefix: Any) -> list[Key]:
        """The keys that begin so, in the order in which they came."""
        length = len(prefix)
        return [key for key in self if key[:length] == prefix]

    def take_changes(self) -> tuple[tuple[Key, Any], ...]:
        """What changed since the last time."""
        told = tuple(self.changes.items())
        self.changes = {}
        return told
