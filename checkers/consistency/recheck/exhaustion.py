"""Is there really no order of sequential consistency? All are tried, and nothing is left out.

A configuration is how far each process has come and what each object holds. No rule cuts the search
short, so it shares nothing with `splitbrain.checkers.consistency.interleaving`; it takes as many
steps as there are configurations, which grow as the product of the processes' lengths.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from splitbrain.checkers.history import Call
from splitbrain.checkers.linearizability.parts import Parts, numbered

_Place = tuple[tuple[int, ...], tuple[Hashable, ...]]


def orders_exhausted(parts: Parts, limit: int) -> bool | None:
    """Whether no order of all acknowledged operations keeps each process's own.

    Args:
        parts: the history.
        limit: how many configurations are tried.

    Returns:
        None if the limit ended it.
    """
    by_process: dict[object, list[tuple[int, Call]]] = {}
    for key, call in numbered(parts):
        if call.outcome != "fail":
            by_process.setdefault(call.process, []).append((key, call))
    threads = list(by_process.values())
    start = (0,) * len(threads), (parts.model.initial,) * len(parts.parts)
    met, left = {start: None}, [start]
    while left:
        place = left.pop()
        if _finished(place[0], threads):
            return False
        for after in _following(parts, place, threads):
            if after not in met:
                if len(met) >= limit:
                    return None
                met[after] = None
                left.append(after)
    return True


def _finished(positions: Sequence[int], threads: Sequence[Sequence[tuple[int, Call]]]) -> bool:
    """Whether only indeterminate operations are left, which need not happen."""
    return all(
        call.outcome != "ok"
        for at, thread in zip(positions, threads, strict=True)
        for _, call in thread[at:]
    )


def _following(
    parts: Parts, place: _Place, threads: Sequence[Sequence[tuple[int, Call]]]
) -> list[_Place]:
    """The configurations one operation further; an indeterminate one may also not happen."""
    positions, states = place
    found = []
    for number, thread in enumerate(threads):
        at = positions[number]
        if at == len(thread):
            continue
        key, call = thread[at]
        further = (*positions[:number], at + 1, *positions[number + 1 :])
        fits, after = parts.model.step(states[key], call)
        if fits:
            found.append((further, (*states[:key], after, *states[key + 1 :])))
        if call.outcome == "info":
            found.append((further, states))
    return found
