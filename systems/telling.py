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
    """Traces what changes, of one server in one life."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._said: dict[tuple[str, Any], Any] = {}

    def holds(self, key: Any, value: Any) -> None:
        """The server's own value of a key; immutable and JSON-like."""
        self._say(HOLDS, key, value)

    def state(self, name: str, value: Any) -> None:
        """Something else about the server: how far it is, whom it follows."""
        self._say(STATE, name, value)

    def _say(self, kind: str, name: Any, value: Any) -> None:
        known = self._said.get((kind, name), self)  # itself: nothing was said
        if known is self or known != value:
            self._said[kind, name] = value
            self._node.trace(kind, name, value)
