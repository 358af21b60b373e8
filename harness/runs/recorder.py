"""Writing down what happens while it happens.

Every event is checked, numbered and handed on at once: to memory for the checkers, and, when the
run has a folder, to its ``history.jsonl``, line by line, so that a killed run keeps what it
recorded.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from splitbrain.checkers.history import INFO, INVOKE, NEMESIS, OK, History, Operation
from splitbrain.checkers.history.encoding import as_read_back

Sink = Callable[[Operation], None]


class Recorder:
    """The history of a run in the making.

    Attributes:
        operations: the events so far, in order.
        on_ok: called after each completion that is ok.
        on_invoke: called after each invocation, with what is asked for, and the process.
    """

    def __init__(self, now: Callable[[], float], sink: Sink | None = None) -> None:
        self.operations: list[Operation] = []
        self.on_ok: Callable[[], None] = lambda: None
        self.on_invoke: Callable[[str, Any], None] = lambda f, process: None
        self._now = now
        self._sink = sink

    def record(
        self, process: int | str, kind: str, f: str, value: Any, error: str | None = None
    ) -> Operation:
        """Write down one event, at the present virtual time.

        The value is stored as it will be read back, so that judging the files later gives the same
        verdict as judging them now: tuples become lists, and nothing is shared with the system's
        memory.

        Raises:
            TypeError: the value is nothing that JSON can hold.
        """
        operation = Operation(
            len(self.operations), round(self._now() * 1e9), process, kind, f, value, error
        )
        operation.value = as_read_back(operation)
        self.operations.append(operation)
        if self._sink is not None:
            self._sink(operation)
        if kind == OK:
            self.on_ok()
        elif kind == INVOKE:
            self.on_invoke(f, process)
        return operation

    def nemesis(self, kind: str, value: Any) -> None:
        """Write down an event of the nemesis."""
        self.record(NEMESIS, INFO, kind, value)

    def announcement(self, node: str, f: str, value: Any) -> None:
        """Write down a fact that a node announced."""
        self.record(node, INFO, f, value)

    def history(self) -> History:
        """The history so far."""
        return History.from_operations(self.operations, source="the run")
