"""What a server says of its inner state, for the pictures of a report: nothing judges it.

Events of the trace: ``("holds", host, key, value)`` when a server has another value of a key than
it said before, ``("state", host, name, value)`` when something else about it changes. Both are true
until the next of their name, or until the process ends; who starts again says it anew.
"""

from __future__ import annotations

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
        self._say((HOLDS, key), value)

    def state(self, name: str, value: Any) -> None:
        """Something else about the server: how far it is, whom it follows."""
        self._say((STATE, name), value)

    def changed(self, begins: tuple[Any, ...], *details: Any) -> None:
        """An event of a kind of its own, if the last that began so went on otherwise."""
        self._say(begins, *details)

    def _say(self, name: tuple[Any, ...], *details: Any) -> None:
        if self.heard and self._said.get(name) != details:  # what was never said is no tuple
            self._said[name] = details
            self._show(*name, *details)
