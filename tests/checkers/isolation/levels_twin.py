"""Snapshot isolation and read committed by definition, for histories of a few transactions.

All orders of commits (or of versions) are tried. Nothing is shared with the checkers.
"""

from __future__ import annotations

from itertools import combinations, pairwise, permutations, product

from splitbrain.checkers.history import FAIL, OK, Call


def micro_operations(call: Call) -> list:
    return call.result if call.outcome == OK else call.argument


def snapshot_order(calls: list[Call], form: str, registers: bool = False) -> bool:
    """Whether some order of commits, and a begin for each, explains every read.

    Berenson et al., "A Critique of ANSI SQL Isolation Levels", SIGMOD 1995, section 4.2: who begins
    sees what had been committed; nobody commits a write to a key that was written since it began.

    Args:
        calls: transactions; failed ones did not happen, indeterminate ones may have.
        form: "", "strong-session-" or "strong-": who must have committed before another begins.
        registers: writes replace the value instead of appending to a list.
    """
    alive = [call for call in calls if call.outcome != FAIL]
    required = {i for i, call in enumerate(alive) if call.outcome == OK}

    def before(i: int, j: int) -> bool:
        first, second = alive[i], alive[j]
        if not form or first.completed is None or first.completed > second.invoked:
            return False
        return form == "strong-" or first.process == second.process

    def extends(done: list[int], states: list[dict]) -> bool:
        if required <= set(done):
            return True
        for i in set(range(len(alive))) - set(done):
            if any(before(j, i) for j in required - set(done) - {i}):
                continue
            if any(before(i, j) for j in done):
                continue
            earliest = max((at + 1 for at, j in enumerate(done) if before(j, i)), default=0)
            for begin in range(earliest, len(states)):
                after = _committed(alive[i], states[begin], states[-1], registers)
                if after is not None:
                    if extends([*done, i], [*states, after]):
                        return True
                    break
        return False

    return extends([], [{}])


def _committed(call: Call, seen: dict, now: dict, registers: bool) -> dict | None:
    """The state after a commit, or None if the reads don't fit or another wrote meanwhile."""
    own = dict(seen)
    after = dict(now)
    for f, key, value in micro_operations(call):
        if f != "r":
            if seen.get(key) != now.get(key):
                return None
            own[key] = value if registers else (*own.get(key, ()), value)
            after[key] = own[key]
        elif call.outcome == OK:
            expected = own.get(key, None if registers else ())
            if expected != (value if registers else tuple(value)):
                return None
    return after


def read_committed(calls: list[Call], registers: bool = False) -> bool:
    """Whether some order of each key's versions makes all reads committed ones (Adya 1999, PL-2).

    Every read shows what some transaction installed (never an intermediate version), and no
    dependencies of ww and wr are a cycle. Reads of what the reader wrote itself are not looked at.
    """
    possible = [i for i, call in enumerate(calls) if call.outcome not in (OK, FAIL)]
    certain = [i for i, call in enumerate(calls) if call.outcome == OK]
    return any(
        _versions_fit(calls, [*certain, *extra], registers)
        for size in range(len(possible) + 1)
        for extra in combinations(possible, size)
    )


def _versions_fit(calls: list[Call], alive: list[int], registers: bool) -> bool:
    installed: dict = {}
    reads: dict = {}
    for i in alive:
        wrote: dict = {}
        for f, key, value in micro_operations(calls[i]):
            if f != "r":
                wrote[key] = (value,) if registers else (*wrote.get(key, ()), value)
            elif calls[i].outcome == OK and key not in wrote:
                reads.setdefault(key, []).append((i, value))
        for key, values in wrote.items():
            installed.setdefault(key, {})[i] = values
    choices = []
    for key in sorted({*installed, *reads}):
        fitting = []
        for order in permutations(installed.get(key, {})):
            edges = _edges_of_key(order, installed.get(key, {}), reads.get(key, []), registers)
            if edges is not None:
                fitting.append(edges)
        choices.append(fitting)
    return any(_acyclic({e for edges in chosen for e in edges}) for chosen in product(*choices))


def consistent_view(calls: list[Call]) -> bool:
    """Whether some order of each key's versions leaves no cycle with at most one rw (Adya, PL-2+).

    Of lists, whose reads all show what was installed. Reads of what the reader wrote itself are not
    looked at.
    """
    possible = [i for i, call in enumerate(calls) if call.outcome not in (OK, FAIL)]
    certain = [i for i, call in enumerate(calls) if call.outcome == OK]
    return any(
        _views_fit(calls, [*certain, *extra])
        for size in range(len(possible) + 1)
        for extra in combinations(possible, size)
    )


def _views_fit(calls: list[Call], alive: list[int]) -> bool:
    installed: dict = {}
    reads: dict = {}
    for i in alive:
        for f, key, value in micro_operations(calls[i]):
            if f != "r":
                wrote = installed.setdefault(key, {})
                wrote[i] = (*wrote.get(i, ()), value)
            elif calls[i].outcome == OK:
                reads.setdefault(key, []).append((i, value))
    choices = []
    for key in sorted({*installed, *reads}):
        fitting = []
        for order in permutations(installed.get(key, {})):
            edges = _edges_of_key(order, installed.get(key, {}), reads.get(key, []), False)
            if edges is not None:
                anti = _anti(order, installed.get(key, {}), reads.get(key, []))
                fitting.append((edges, anti))
        choices.append(fitting)
    return any(_one_rw_closes_nothing(chosen) for chosen in product(*choices))


def _anti(order: tuple, installed: dict, reads: list) -> set:
    """From each reader of a version to all who installed a later one."""
    found, version = set(), ()
    for i in order:
        missed = {reader for reader, value in reads if len(value) <= len(version)}
        found |= {(reader, i) for reader in missed - {i}}
        version = (*version, *installed[i])
    return found


def _one_rw_closes_nothing(chosen: tuple) -> bool:
    plain = {edge for edges, _ in chosen for edge in edges}
    while True:
        more = plain | {(a, d) for a, b in plain for c, d in plain if b == c}
        if more == plain:
            break
        plain = more
    if any(a == b for a, b in plain):
        return False
    return not any((b, a) in plain for _, anti in chosen for a, b in anti)


def _edges_of_key(order: tuple, installed: dict, reads: list, registers: bool) -> set | None:
    """Who must come before whom by an order of versions; None if it does not explain the reads."""
    version = None if registers else ()
    writer_of: dict = {version: None}
    edges = set(pairwise(order))
    for i in order:
        version = installed[i][-1] if registers else (*version, *installed[i])
        writer_of[version] = i
    for reader, value in reads:
        seen = value if registers else tuple(value)
        if seen not in writer_of or writer_of[seen] == reader:
            return None
        if writer_of[seen] is not None:
            edges.add((writer_of[seen], reader))
    return edges


def _acyclic(edges: set) -> bool:
    while edges:
        heads = {b for _, b in edges}
        kept = {(a, b) for a, b in edges if a in heads}
        if len(kept) == len(edges):
            return False
        edges = kept
    return True


def reads_own_writes(calls: list[Call]) -> bool:
    """Whether some transaction reads a key that it wrote before."""
    for call in calls:
        wrote = set()
        for f, key, _ in micro_operations(call):
            if f == "r" and key in wrote:
                return True
            if f != "r":
                wrote.add(key)
    return False
