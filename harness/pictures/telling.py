"""What a server says of its inner state, for the pictures of a report: nothing judges it.

Events of the trace: ``("holds", host, key, value)`` when a server has another value of a key than
it said before, ``("state", host, name, value)`` when something else about it changes. Both are true
until the next of their name, or until the process ends; who starts again says it anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from splitbrain.harness.node import Node

HOLDS, STATE = "holds", "state"


class Teller:
    """Shows what changes, of one server in one life.

    Attributes:
        heard: whether anybody looks: where not, nothing need be worked out for it.
    """

    def __init__(self, node: Node) -> None:
        self.heard = node.pictured
        self._show = node.show
        self._said: dict[tuple[Any, ...], tuple[Any, ...]] = {}

    def holds(self, key: Any, value: Any) -> None:
        """The server's own value of a key; immutable and JSON-like."""
        self.changed((HOLDS, key), value)

    def holds_all(self, values: Mapping[Any, Any]) -> None:
        """All keys that it has, with their values; what it had and has no more, it has as None."""
        for key, value in values.items():
            self.changed((HOLDS, key), value)
        held = [begins[1] for begins in self._said if begins[0] == HOLDS]
        for key in held:
            if key not in values:
                self.changed((HOLDS, key), None)

    def state(self, name: str, value: Any) -> None:
        """Something else about the server: how far it is, whom it follows."""
        self.changed((STATE, name), value)

    def changed(self, begins: tuple[Any, ...], *details: Any) -> bool:
        """An event, unless the last that began so went on like this; whether there is one."""
        news = self.heard and self._said.get(begins) != details  # what was never said is no tuple
        if news:
            self._said[begins] = details
            self._show(*begins, *details)
        return news
