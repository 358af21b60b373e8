"""Histories of completions only, as Elle takes them: where their operations began.

    {:type :ok, :process 0, :value [[:append 1 2]]}
    {:type :info, :process 1, :value [[:append 1 3]]}

A process does one thing after another, so an operation began after the one before it in its process
had ended; nothing says how long after. It is taken to have begun at once, and the first of each
process before everything: the longest that it can have lasted. So a verdict never rests on an order
in real time that nobody recorded: one operation is before another only if a third, of the other's
process, had not ended before it. What is called invalid is invalid; what is called valid might not
be, had it been known when operations began. Where events have no process either, nothing is before
anything.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from splitbrain.checkers.history.operation import INFO, INVOKE, OK

NOTE = (
    "no event is an invocation: each operation is taken to begin as soon as the one before it in "
    "its process ended, and operations are counted with these beginnings"
)

_ASKS_NOTHING = ("dequeue", "pop", "delete-min", "length", "acquire")


TELLS_THE_OLD = ("swap", "fetch-add", "add-fetch")
"""Operations whose completion says what they found, and not what they were given."""


def only_completions(types: Sequence[str], processes: Sequence[object]) -> bool:
    """Whether operations succeeded that nobody invoked, and nothing at all was invoked."""
    return INVOKE not in types and any(
        kind == OK and not isinstance(process, str)
        for kind, process in zip(types, processes, strict=True)
    )


def beginnings(processes: Sequence[object]) -> list[int]:
    """The order of events with an invocation for each client's.

    Args:
        processes: of each event: a client's number, or the name of somebody else.

    Returns:
        Positions of events: ``at`` for the event itself, ``-1 - at`` for its invocation.
    """
    following: dict[object, int] = {}
    next_of = {}
    for at in range(len(processes) - 1, -1, -1):
        next_of[at] = following.get(processes[at])
        following[processes[at]] = at
    clients = {who: at for who, at in following.items() if not isinstance(who, str)}
    order = [-1 - at for at in sorted(clients.values())]
    for at, who in enumerate(processes):
        order.append(at)
        later = next_of[at]
        if later is not None and not isinstance(who, str):
            order.append(-1 - later)
    return order


def invoked_value(f: str, kind: str, value: Any) -> Any:
    """What an operation was invoked with, as far as its completion tells.

    Transactions, writes and the like repeat it; an operation that only takes something out asked
    for nothing. A read gives its key, if it has one, and what models don't look at.
    """
    if f in _ASKS_NOTHING and kind != INFO:
        return None
    if f == "read" and not (isinstance(value, list) and len(value) == 2):
        return None
    return value
