"""Levels by Adya's definitions, for histories of a few transactions: all version orders are tried.

Adya, "Weak Consistency: A Generalized Theory", MIT 1999, chapters 3 and 4: a history is at a level
if its versions have some order in which the direct serialization graph has none of the cycles that
the level forbids. Every read counts, not only the first of a key. Nothing is shared with the
checkers, nor with the other twins, which run transactions instead.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, pairwise, permutations, product

from splitbrain.checkers.history import FAIL, OK, Call

LEVELS = ("read-committed", "consistent-view", "snapshot-isolation", "serializable")
"""Weakest first."""

WW, WR, RW, TIME = "ww", "wr", "rw", "time"
START = -1
"""Who wrote how a key started."""


def holds(
    calls: list[Call],
    level: str,
    time: str = "",
    *,
    registers: bool = False,
    start: dict | None = None,
    numbers: dict | None = None,
) -> bool:
    """Whether some order of versions has no cycle that a level forbids.

    Args:
        calls: transactions; failed ones did not happen, indeterminate ones may have.
        level: one of `LEVELS`.
        time: what takes part in cycles beside reads and writes: "" for nothing, "session", "real",
            or "key" (real time among those who touch the same key).
        registers: writes replace the value instead of appending to a list.
        start: what keys hold at first, if not nothing.
        numbers: by key and value, numbers that increase with the versions, where there are any.
    """
    return any(
        not _forbidden(graph, level)
        for alive in _possible(calls)
        for graph in _graphs(alive, level, time, registers, start or {}, numbers or {})
    )


def micros(call: Call) -> list:
    """A transaction's micro-operations."""
    return call.result if call.outcome == OK else call.argument


def _possible(calls: list[Call]) -> Iterator[list[Call]]:
    """Transactions that may have taken effect."""
    certain = [call for call in calls if call.outcome == OK]
    unclear = [call for call in calls if call.outcome not in (OK, FAIL)]
    for size in range(len(unclear) + 1):
        for extra in combinations(unclear, size):
            yield [*certain, *extra]


def _graphs(alive, level, time, registers, start, numbers) -> Iterator[set]:
    """The serialization graph of each order of versions that explains the reads, as edges."""
    strict = level in ("snapshot-isolation", "serializable")
    if strict and not all(_agrees_with_itself(call, registers) for call in alive):
        return
    in_time = {
        (i, j, TIME)
        for i, first in enumerate(alive)
        for j, second in enumerate(alive)
        if _before(first, second, time)
    }
    wrote: dict = {}
    reads: dict = {}
    for i, call in enumerate(alive):
        for f, key, value in micros(call):
            if f != "r":
                wrote.setdefault(key, {}).setdefault(i, []).append(value)
        for key, seen in _seen_of_others(call, registers):
            reads.setdefault(key, []).append((i, seen))
    choices = [
        list(_orders(wrote.get(key, {}), reads.get(key, []), registers, start.get(key), {
            value: number for (k, value), number in numbers.items() if k == key}))
        for key in sorted({*wrote, *reads})
    ]  # fmt: skip
    for chosen in product(*choices):
        yield in_time.union(*chosen)


def _orders(wrote, reads, registers, first, numbers) -> Iterator[set]:
    """Dependencies that each order of a key's versions brings, if it explains the reads."""
    for order in permutations(wrote):
        numbered = [numbers[wrote[i][-1]] for i in order if wrote[i][-1] in numbers]
        if numbered != sorted(numbered):
            continue
        edges = {(a, b, WW) for a, b in pairwise(order)}
        version = first if registers else ()
        writers = {version: START}
        for i in order:
            version = wrote[i][-1] if registers else (*version, *wrote[i])
            writers[version] = i
        following = dict(pairwise([START, *order]))
        for reader, seen in reads:
            # What it wrote itself it cannot see before.
            source = writers.get(seen, reader)
            if source == reader:
                break
            if source != START:
                edges.add((source, reader, WR))
            later = following.get(source, reader)
            if later != reader:
                edges.add((reader, later, RW))
        else:
            yield edges


def _agrees_with_itself(call: Call, registers: bool) -> bool:
    """Whether a transaction reads a key as it read it before, with what it wrote since."""
    known: dict = {}
    for f, key, value in micros(call):
        base, own = known.get(key, (None, []))
        if f != "r":
            known[key] = (base, [*own, value])
            continue
        if call.outcome != OK:
            continue
        seen = [value] if registers else list(value)
        mine = own[-1:] if registers else own
        if mine and seen[-len(mine) :] != mine:
            return False
        shown = seen[: len(seen) - len(mine)]
        if base not in (None, shown) and not (registers and mine):
            return False
        known[key] = (base if registers and mine else shown, own)
    return True


def _seen_of_others(call: Call, registers: bool) -> Iterator[tuple]:
    """Versions of others that a transaction saw, with the key."""
    own: dict = {}
    for f, key, value in micros(call):
        mine = own.setdefault(key, [])
        if f != "r":
            mine.append(value)
        elif call.outcome != OK:
            continue
        elif registers:
            if value not in mine:
                yield key, value
        elif mine and value[-len(mine) :] == mine:
            yield key, tuple(value[: -len(mine)])
        else:
            yield key, tuple(value)


def _before(first: Call, second: Call, time: str) -> bool:
    if not time or first.completed is None or first.completed > second.invoked:
        return False
    if time == "key":
        touched = {key for _, key, _ in micros(first)}
        return any(key in touched for _, key, _ in micros(second))
    return time == "real" or first.process == second.process


def _forbidden(edges: set, level: str) -> bool:
    """Whether the graph has a cycle that the level forbids."""
    plain = _closure({(a, b) for a, b, kind in edges if kind != RW})
    anti = {(a, b) for a, b, kind in edges if kind == RW}
    if any(a == b for a, b in plain):
        return True
    if level == "consistent-view":
        return any((b, a) in plain for a, b in anti)
    if level == "snapshot-isolation":
        # Between two rw there is something else (Cerone and Gotsman, PODC 2016, theorem 9).
        over = {(a, d) for a, b in anti for c, d in plain if b == c}
        return any(a == b for a, b in _closure(plain | over))
    return level == "serializable" and any(a == b for a, b in _closure(plain | anti))


def _closure(edges: set) -> set:
    """Everything that edges lead to."""
    closed = set(edges)
    added = set(edges)
    while added:
        added = {(a, d) for a, b in added for c, d in edges if b == c} - closed
        closed |= added
    return closed
