"""Anomalies of rw-register histories that single reads or versions show, in words.

Definitions as in `splitbrain.checkers.isolation.lists.anomalies`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

import numpy as np

from splitbrain.checkers.isolation.judgment import Findings
from splitbrain.checkers.isolation.kernels import codes as bits
from splitbrain.checkers.isolation.kernels.codes import NONE, WRITE
from splitbrain.checkers.isolation.lists.inference import lost_updates
from splitbrain.checkers.isolation.registers.evidence import key_of, ordered, reason_of, value_of
from splitbrain.checkers.isolation.registers.inference import RegisterHistory
from splitbrain.checkers.isolation.registers.versions import VersionOrder
from splitbrain.checkers.isolation.transactions import shown_key
from splitbrain.checkers.models.model import shown
from splitbrain.checkers.verdict import Anomaly


def add_register_anomalies(findings: Findings, history: RegisterHistory, limit: int) -> None:
    """Add everything that is wrong without looking at cycles, up to a limit of each kind.

    A value that nobody wrote is garbage if keys start as null, or if another such value was read;
    else it is how its key started.
    """
    kinds: list[tuple[str, int, Callable[[RegisterHistory, int], str]]] = [
        ("garbage", bits.GARBAGE, _garbage),
        ("future-read", bits.FUTURE, _future),
        ("G1a", bits.ABORTED, _aborted),
        ("G1b", bits.INTERMEDIATE, _intermediate),
        ("internal", bits.INTERNAL, _internal),
    ]
    for kind, bit, describe in kinds:
        wrong = np.flatnonzero(history.flags & bit)
        places = wrong[:limit].tolist()
        findings.add([_anomaly(kind, history, m, describe(history, m)) for m in places], len(wrong))
    _add_cyclic_versions(findings, history, limit)
    _add_lost_updates(findings, history, limit)


def _add_cyclic_versions(findings: Findings, history: RegisterHistory, limit: int) -> None:
    order = history.cyclic
    by_key: dict[Any, list[int]] = {}
    for at, lower in enumerate(order.lower.tolist()):
        by_key.setdefault(key_of(history, lower), []).append(at)
    t = history.transactions
    witnesses = []
    for key, places in list(by_key.items())[:limit]:
        ring = _contradiction(order, places, t.element_count)
        because = "; ".join(ordered(history, order, at) for at in ring)
        members = [int(x) for at in ring for x in (order.first[at], order.second[at])]
        pairs = [
            {
                "value": value_of(history, int(order.lower[at])),
                "next": value_of(history, int(order.upper[at])),
                **reason_of(history, order, at),
            }
            for at in ring
        ]
        witnesses.append(
            Anomaly(
                "cyclic-versions",
                f"the versions of {shown_key(key)} contradict each other: {because}",
                tuple(dict.fromkeys(t.index_of(member) for member in members)),
                {"key": key, "versions": pairs},
            )
        )
    findings.add(witnesses, len(by_key))


def _contradiction(order: VersionOrder, places: list[int], elements: int) -> list[int]:
    """Pairs of versions, each beginning where the one before ends, that come back to the first.

    A single one is enough if it ends in the initial version, which nothing can precede.
    """
    after: dict[int, list[int]] = {}
    for at in places:
        if order.upper[at] >= elements:
            return [at]
        after.setdefault(int(order.lower[at]), []).append(at)
    # Each of these pairs is on a cycle; the shortest through the first one is found breadth-first.
    first = places[0]
    reached: dict[int, int] = {int(order.upper[first]): first}
    unexplored = deque(reached)
    while int(order.lower[first]) not in reached:
        for at in after[unexplored.popleft()]:
            upper = int(order.upper[at])
            if upper not in reached:
                reached[upper] = at
                unexplored.append(upper)
    ring = [reached[int(order.lower[first])]]
    while ring[-1] != first:
        ring.append(reached[int(order.lower[ring[-1]])])
    return ring[::-1]


def _add_lost_updates(findings: Findings, history: RegisterHistory, limit: int) -> None:
    """Transactions that read the same version and then wrote the key.

    Reads of null count only if the key is known to have started so.
    """
    t = history.transactions
    groups = [
        group
        for group in lost_updates(t, history.saw)
        if history.saw[group[0][1]] != NONE or history.starts[t.key[group[0][1]]]
    ]
    witnesses = []
    for group in groups[:limit]:
        members = [t.name(transaction) for transaction, _ in group]
        m = group[0][1]
        key, value = t.keys[int(t.key[m])], _value(history, m)
        together = f"{', '.join(members[:-1])} and {members[-1]}"
        message = (
            f"{together} {'both' if len(members) == 2 else 'all'} read {shown_key(key)} = {value} "
            "and then wrote it; only one of them can have come first"
        )
        operations = tuple(t.index_of(transaction) for transaction, _ in group)
        witnesses.append(Anomaly("lost-update", message, operations, {"key": key}))
    findings.add(witnesses, len(groups))


def _anomaly(kind: str, history: RegisterHistory, m: int, message: str) -> Anomaly:
    t = history.transactions
    reader = t.owner(m)
    named = {
        "name": t.name(reader),
        "operation": t.index_of(reader),
        "micro-operations": t.written(reader),
    }
    details = {"key": t.keys[int(t.key[m])], "transactions": [named]}
    return Anomaly(kind, message, (t.index_of(reader),), details)


def _value(history: RegisterHistory, m: int) -> str:
    t = history.transactions
    element = int(t.element[m])
    return shown(None if element == NONE else t.values[element])


def _read(history: RegisterHistory, m: int) -> str:
    t = history.transactions
    key = shown_key(t.keys[int(t.key[m])])
    return f"{t.name(t.owner(m))} read {key} = {_value(history, m)}"


def _garbage(history: RegisterHistory, m: int) -> str:
    found = f"{_read(history, m)}, which nothing ever wrote"
    if history.assumptions.initial:
        return found
    t = history.transactions
    of_key = history.reads_of(int(t.key[m]))
    other = next(n for n in of_key if t.element[n] != t.element[m] and not history.was_written(n))
    return f"{found}; nor what {_read(history, other)}, and a key starts as one value"


def _future(history: RegisterHistory, m: int) -> str:
    return f"{_read(history, m)}, which it wrote itself, but only later"


def _aborted(history: RegisterHistory, m: int) -> str:
    t = history.transactions
    writer = t.name(int(history.writer[t.element[m]]))
    return f"{_read(history, m)}, which {writer} wrote, which failed"


def _intermediate(history: RegisterHistory, m: int) -> str:
    t = history.transactions
    element = int(t.element[m])
    writer = int(history.writer[element])
    later = next(
        int(t.element[n])
        for n in range(int(history.write[element]) + 1, int(t.offsets[writer + 1]))
        if t.kind[n] == WRITE and t.key[n] == t.key[m]
    )
    overwrote = f"{t.name(writer)} itself overwrote with {shown(t.values[later])}"
    return f"{_read(history, m)}, which {overwrote}"


def _internal(history: RegisterHistory, m: int) -> str:
    t = history.transactions
    before = next(
        n for n in range(m - 1, int(t.offsets[t.owner(m)]) - 1, -1) if t.key[n] == t.key[m]
    )
    did = "wrote" if t.kind[before] == WRITE else "read"
    return f"{_read(history, m)} after it {did} {_value(history, before)}"
