"""Transaction histories in a few characters, for tests and explanations.

    transactions("T1: ax1 ry | T2: ay1 rx1 | T3: rx12 ry1")

``ax1`` appends 1 to x, ``wx1`` writes it, ``rx12`` reads [1 2] of x (as a register: ``rx1``), and
``rx`` reads nothing (an empty list, or null). Elements of several digits are separated by commas:
``rx10,11``. A key is a letter.

Transactions stand in the order of their invocations and are separated by ``|``. Without more, all
run at once, each in a process of its own. What comes behind the label changes that:

    T1@a: ax1       in session a: it completes before the next of its session begins
    T1!: ax1        fails                T1?: ax1      is indeterminate

A ``||`` instead of ``|`` is an instant at which all before it has completed and nothing after it
has begun (an indeterminate one just goes on).
"""

from __future__ import annotations

import re
from typing import Any

from splitbrain.checkers.history import FAIL, INFO, INVOKE, OK, History, HistoryError, Operation

_TRANSACTION = re.compile(r"\s*T(?P<label>\d+)(?:@(?P<session>\w+))?(?P<end>[!?]?):(?P<body>.*)")
_MICRO = re.compile(r"(?P<f>[awr])(?P<key>[a-z])(?P<values>[\d,]*)")


def transactions(text: str, *, registers: bool = False) -> History:
    """The history that a text describes.

    Args:
        text: transactions; see the module.
        registers: reads return one value, not a list.

    Raises:
        HistoryError: something in the text is no transaction.
    """
    script = _Script()
    for span in text.split("||"):
        for part in span.split("|"):
            script.add(part, registers)
        script.complete_all()
    return History.from_operations(script.operations, source="<notation>")


class _Script:
    """Operations written so far, and transactions still open."""

    def __init__(self) -> None:
        self.operations: list[Operation] = []
        self.open: dict[str, tuple[int, str, list[list[Any]], list[list[Any]]]] = {}
        self.processes: dict[str, int] = {}
        self.used = 0

    def add(self, text: str, registers: bool) -> None:
        match = _TRANSACTION.fullmatch(text.replace("\n", " "))
        if match is None:
            raise HistoryError(f"{text.strip()!r} is no transaction; write 'T1: ax1 ry'")
        session = match["session"] or f"T{match['label']}"
        if session in self.open:
            self._complete(session)
        if session not in self.processes:
            self.processes[session] = self.used
            self.used += 1
        process = self.processes[session]
        micros = [_micro(word, registers) for word in match["body"].split()]
        invoked = [[f, key, None if f == "r" else value] for f, key, value in micros]
        end = {"": OK, "!": FAIL, "?": INFO}[match["end"]]
        self._event(process, INVOKE, invoked)
        self.open[session] = (process, end, invoked, micros)

    def complete_all(self) -> None:
        for session in list(self.open):
            self._complete(session)

    def _complete(self, session: str) -> None:
        process, end, invoked, completed = self.open.pop(session)
        self._event(process, end, completed if end == OK else invoked)
        if end == INFO:
            del self.processes[session]

    def _event(self, process: int, kind: str, value: list[list[Any]]) -> None:
        at = len(self.operations)
        self.operations.append(Operation(at, at, process, kind, "txn", value))


def _micro(word: str, registers: bool) -> list[Any]:
    match = _MICRO.fullmatch(word)
    if match is None:
        raise HistoryError(f"{word!r} is no micro-operation; write ax1, wx1 or rx12")
    digits = match["values"]
    values = [int(v) for v in (digits.split(",") if "," in digits else digits) if v]
    function = {"a": "append", "w": "w", "r": "r"}[match["f"]]
    if function == "r":
        register = (int(digits) if digits else None) if registers else None
        return [function, match["key"], register if registers else values]
    if not digits or "," in digits:
        raise HistoryError(f"{word!r} writes nothing, or more than one value; write ax1 or wx1")
    return [function, match["key"], int(digits)]
