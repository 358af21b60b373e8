"""That a key has no linearization, shown by trying: independent of the search that said so.

The history is gone through event by event, with every configuration that some linearization of what
has happened so far leads to: the state, and which of the operations that are open have already
taken effect. (G. Lowe, "Testing for linearizability", CCPE 2017, calls it just-in-time
linearization.) Before an operation completes, it must have taken effect; a configuration in which
it can't goes. When none is left, the history up to there has no linearization, hence nor has the
whole: whatever came later could only have been left out.

Nothing is cut short but configurations that are the same. So it is slower than the search, and ends
undecided where that does not.
"""

from __future__ import annotations

from collections.abc import Sequence

from splitbrain.checkers.history import Call
from splitbrain.checkers.models import Model, State

_Configuration = tuple[State, frozenset[int]]


def orders_exhausted(model: Model, calls: Sequence[Call], limit: int) -> bool | None:
    """Whether one key's calls have no linearization.

    Args:
        model: the sequential specification.
        calls: the key's calls.
        limit: configurations after which it is left undecided.

    Returns:
        True if there is none, False if there is one, None if the limit came first.
    """
    events: list[tuple[int, int, int]] = []
    for number, call in enumerate(calls):
        if call.outcome == "fail":
            continue
        events.append((call.invoked, 0, number))
        if call.outcome == "ok" and call.completed is not None:
            events.append((call.completed, 1, number))
    opened: dict[int, None] = {}
    configurations: set[_Configuration] = {(model.initial, frozenset())}
    for _, completes, number in sorted(events):
        if not completes:
            opened[number] = None
            continue
        found = _completed(model, calls, opened, configurations, number, limit)
        if found is None:
            return None
        configurations, tried = found
        limit -= tried
        if not configurations:
            return True
        del opened[number]
    return False


def _completed(
    model: Model,
    calls: Sequence[Call],
    opened: dict[int, None],
    configurations: set[_Configuration],
    number: int,
    limit: int,
) -> tuple[set[_Configuration], int] | None:
    """The configurations after an operation completed, and how many were tried; None: too many."""
    unread, met, after = list(configurations), set(configurations), set[_Configuration]()
    while unread:
        state, done = unread.pop()
        if number in done:
            # It took effect; nobody asks again, so it need not be told from others.
            after.add((state, done - {number}))
            continue
        for other in opened:
            if other in done:
                continue
            fits, left = model.step(state, calls[other])
            further = (left, done | {other})
            if fits and further not in met:
                met.add(further)
                unread.append(further)
        if len(met) > limit:
            return None
    return after, len(met)
