"""Anomalies of list-append histories that single reads or versions show, in words.

Definitions: internal consistency as in Cerone, Bernardi and Gotsman (CONCUR 2015, axiom INT);
aborted (G1a) and intermediate reads (G1b) as in Adya (1999, section 4.2.1); the others as in
Kingsbury and Alvaro ("Elle", VLDB 2020, section 4).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from splitbrain.checkers.isolation.judgment import Findings
from splitbrain.checkers.isolation.kernels import codes as bits
from splitbrain.checkers.isolation.kernels.codes import FAIL, NONE, WRITE
from splitbrain.checkers.isolation.lists.inference import (
    AppendHistory,
    last_elements,
    lost_updates,
)
from splitbrain.checkers.isolation.transactions import Transactions, shown_key, shown_list
from splitbrain.checkers.models.model import shown
from splitbrain.checkers.verdict import Anomaly


def add_read_anomalies(findings: Findings, history: AppendHistory, limit: int) -> None:
    """Add what is wrong with reads by themselves, up to a limit of each kind."""
    kinds: tuple[tuple[str, int, Callable[[AppendHistory, int], str]], ...] = (
        ("garbage", bits.GARBAGE, _garbage),
        ("future-read", bits.FUTURE, _future),
        ("duplicate-elements", bits.REPEATED, _duplicate),
        ("incompatible-order", bits.INCOMPATIBLE, _incompatible),
        ("append-order", bits.REORDERED, _reordered),
        ("G1a", bits.ABORTED, _aborted),
        ("G1b", bits.INTERMEDIATE, _intermediate),
        ("internal", bits.INTERNAL, _internal),
    )
    if not history.flags.any():
        return
    for kind, bit, describe in kinds:
        wrong = np.flatnonzero(history.flags & bit)
        witnesses = [
            _anomaly(kind, history, m, describe(history, m), _OTHER.get(kind))
            for m in wrong[:limit].tolist()
        ]
        findings.add(witnesses, len(wrong))


def add_dirty_updates(findings: Findings, history: AppendHistory, limit: int) -> None:
    """Add committed writes on top of aborted ones."""
    t = history.transactions
    witnesses = []
    for before, after in history.dirty[:limit].tolist():
        aborted, committed = int(history.order[before]), int(history.order[after])
        first, second = int(history.writer[aborted]), int(history.writer[committed])
        key = shown_key(t.keys[int(t.key_of[aborted])])
        reader = int(history.longest[t.key_of[aborted]])
        message = (
            f"{t.name(second)} appended {shown(t.values[committed])} to {key} after "
            f"{shown(t.values[aborted])} of {t.name(first)}, which failed; "
            f"{t.name(t.owner(reader))} read {shown_list(t.list_read(reader))}"
        )
        operations = (t.index_of(first), t.index_of(second), t.index_of(t.owner(reader)))
        witnesses.append(Anomaly("dirty-update", message, operations, {"key": _key(t, reader)}))
    findings.add(witnesses, len(history.dirty))


def add_lost_updates(findings: Findings, history: AppendHistory, limit: int) -> None:
    """Add transactions that read the same version of a key and both wrote the key."""
    t = history.transactions
    # Lists that end alike are the same version only if they are prefixes of the same order, in
    # which the element stands once.
    compatible = (history.flags & (bits.INCOMPATIBLE | bits.REPEATED)) == 0
    groups = [
        group
        for everyone in lost_updates(t, last_elements(t))
        if len(group := [(member, m) for member, m in everyone if compatible[m]]) > 1
    ]
    witnesses = []
    for group in groups[:limit]:
        members = [t.name(transaction) for transaction, _ in group]
        m = group[0][1]
        key, saw = shown_key(_key(t, m)), shown_list(t.list_read(m))
        message = (
            f"{', '.join(members[:-1])} and {members[-1]} all read {saw} of {key} and then "
            f"appended to it; only one of them can have come first"
        )
        if len(members) == 2:
            message = message.replace(" all read ", " both read ")
        operations = tuple(t.index_of(transaction) for transaction, _ in group)
        witnesses.append(Anomaly("lost-update", message, operations, {"key": _key(t, m)}))
    findings.add(witnesses, len(groups))


def _anomaly(
    kind: str,
    history: AppendHistory,
    m: int,
    message: str,
    other: Callable[[AppendHistory, int], int] | None,
) -> Anomaly:
    """An anomaly of a read: it names the reader first, then the other transaction, if any."""
    t = history.transactions
    named = [t.owner(m)] if other is None else [t.owner(m), other(history, m)]
    details = {
        "key": _key(t, m),
        "transactions": [
            {
                "name": t.name(each),
                "operation": t.index_of(each),
                "micro-operations": t.written(each),
            }
            for each in named
        ],
    }
    return Anomaly(kind, message, tuple(map(t.index_of, named)), details)


def _key(t: Transactions, m: int) -> object:
    return t.keys[int(t.key[m])]


def _read(history: AppendHistory, m: int) -> str:
    t = history.transactions
    return f"{t.name(t.owner(m))} read {shown_list(t.list_read(m))} of {shown_key(_key(t, m))}"


def _elements(history: AppendHistory, m: int) -> list[int]:
    t = history.transactions
    found: list[int] = t.read_elements(m).tolist()
    return found


def _garbage(history: AppendHistory, m: int) -> str:
    unwritten = next(e for e in _elements(history, m) if history.writer[e] == NONE)
    what = shown(history.transactions.values[unwritten])
    return f"{_read(history, m)}, but nothing ever appended {what}"


def _future(history: AppendHistory, m: int) -> str:
    t = history.transactions
    reader = t.owner(m)
    later = (e for e in _elements(history, m) if history.write_of(e) > m)
    own = next(e for e in later if history.writer[e] == reader)
    return f"{_read(history, m)}, whose {shown(t.values[own])} it appended itself, but only later"


def _duplicate(history: AppendHistory, m: int) -> str:
    elements = _elements(history, m)
    twice = next(e for i, e in enumerate(elements) if e in elements[:i])
    what = shown(history.transactions.values[twice])
    return f"{_read(history, m)}, with {what} twice, which was appended once"


def _longest(history: AppendHistory, m: int) -> int:
    return int(history.longest[history.transactions.key[m]])


def _incompatible(history: AppendHistory, m: int) -> str:
    t = history.transactions
    longest = _longest(history, m)
    return (
        f"{_read(history, m)}, but {t.name(t.owner(longest))} read "
        f"{shown_list(t.list_read(longest))}; neither is a prefix of the other"
    )


def _reordered(history: AppendHistory, m: int) -> str:
    t = history.transactions
    elements = _elements(history, m)
    place = {element: at for at, element in reversed(list(enumerate(elements)))}

    def behind(at: int, element: int) -> bool:
        earlier = int(history.earlier[element])
        return earlier != NONE and place.get(earlier, len(elements)) > at

    element = next(e for at, e in enumerate(elements) if behind(at, e))
    earlier = int(history.earlier[element])
    writer = t.name(int(history.writer[element]))
    what, before = shown(t.values[element]), shown(t.values[earlier])
    how = f"before its {before}" if earlier in place else f"without its {before}"
    return f"{_read(history, m)}, with {writer}'s {what} {how}, which it had appended first"


def _aborted_element(history: AppendHistory, m: int) -> int:
    status = history.transactions.status
    return next(
        e
        for e in _elements(history, m)
        if history.writer[e] != NONE and status[history.writer[e]] == FAIL
    )


def _aborted(history: AppendHistory, m: int) -> str:
    t = history.transactions
    element = _aborted_element(history, m)
    writer = t.name(int(history.writer[element]))
    return f"{_read(history, m)}, whose {shown(t.values[element])} {writer} appended, which failed"


def _intermediate(history: AppendHistory, m: int) -> str:
    t = history.transactions
    last = _elements(history, m)[-1]
    writer = int(history.writer[last])
    later = next(
        int(t.element[n])
        for n in range(history.write_of(last) + 1, int(t.offsets[writer + 1]))
        if t.kind[n] == WRITE and t.key[n] == t.key[m]
    )
    return (
        f"{_read(history, m)}, between {t.name(writer)}'s {shown(t.values[last])} and its "
        f"{shown(t.values[later])}"
    )


def _internal(history: AppendHistory, m: int) -> str:
    t = history.transactions
    before = []
    for n in range(int(t.offsets[t.owner(m)]), m):
        if t.key[n] != t.key[m]:
            continue
        if t.kind[n] == WRITE:
            before.append(f"appended {shown(t.values[int(t.element[n])])}")
        else:
            before.append(f"read {shown_list(t.list_read(n))}")
    return f"{_read(history, m)} after it had {', '.join(before)}"


_OTHER: Mapping[str, Callable[[AppendHistory, int], int]] = {
    "incompatible-order": lambda history, m: history.transactions.owner(_longest(history, m)),
    "G1a": lambda history, m: int(history.writer[_aborted_element(history, m)]),
    "G1b": lambda history, m: int(history.writer[_elements(history, m)[-1]]),
}
"""The other transaction that an anomaly of a read is about, by kind."""
