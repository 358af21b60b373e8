"""Why one transaction depends on another in a list-append history, as data and as a sentence.

Each step of a cycle quotes what the history says:

    T7 appended 3 to x just after T4's 2, because T9 read [1 2 3]

The data name transactions by the index of their invocation, so that other code can look the quotes
up (`splitbrain.checkers.isolation.recheck.verdicts` does).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from splitbrain.checkers.isolation.cycles import Cycle, Step
from splitbrain.checkers.isolation.kernels.codes import FAIL, INCOMPATIBLE, NONE, READ, WRITE
from splitbrain.checkers.isolation.lists.inference import AppendHistory
from splitbrain.checkers.isolation.transactions import Transactions, shown_key, shown_list
from splitbrain.checkers.models.model import shown
from splitbrain.checkers.verdict import Anomaly, Shape


def cycle_anomaly(history: AppendHistory, cycle: Cycle) -> Anomaly:
    """A cycle as an anomaly, with the evidence for each of its steps."""
    t = history.transactions
    steps = [explain(history, step) for step in cycle.steps]
    return anomaly_of_cycle(t, cycle, steps)


def anomaly_of_cycle(t: Transactions, cycle: Cycle, steps: list[dict[str, Any]]) -> Anomaly:
    """An anomaly from a cycle and the evidence for its steps."""
    members = [step.source for step in cycle.steps]
    ring = " < ".join(t.name(m) for m in [*members, members[0]])
    because = "; ".join(step["because"] for step in steps)
    return Anomaly(
        cycle.kind,
        f"{ring}: {because}",
        tuple(t.index_of(m) for m in members),
        {
            "cycle": steps,
            "transactions": [
                {"name": t.name(m), "operation": t.index_of(m), "micro-operations": t.written(m)}
                for m in members
            ],
        },
        Shape.CYCLE,
    )


def explain(history: AppendHistory, step: Step) -> dict[str, Any]:
    """The evidence for a step: what it quotes, and ``because``, a sentence."""
    t = history.transactions
    if step.kind in ("process", "realtime", "per-key"):
        return time_evidence(t, step)
    found = {"ww": _write, "wr": _read, "rw": _anti}[step.kind](history, step)
    return {**ends(t, step), **found}


def ends(t: Transactions, step: Step) -> dict[str, Any]:
    """What all evidence has: the two transactions and the kind of dependency."""
    return {
        "type": step.kind,
        "from": t.name(step.source),
        "to": t.name(step.target),
        "from operation": int(t.indices[t.invoked[step.source]]),
        "to operation": int(t.indices[t.invoked[step.target]]),
    }


def time_evidence(t: Transactions, step: Step) -> dict[str, Any]:
    """Evidence for a process or real-time edge, the latter perhaps of a key."""
    before, after = t.name(step.source), t.name(step.target)
    if step.kind == "process":
        because = f"{after} followed {before} in process {int(t.process[step.source])}"
    else:
        completed = int(t.indices[t.completed[step.source]])
        invoked = int(t.indices[t.invoked[step.target]])
        because = (
            f"{before} had completed (operation {completed}) "
            f"when {after} was invoked (operation {invoked})"
        )
    quoted = {}
    if step.kind == "per-key":
        one, other = (t.key[t.offsets[m] : t.offsets[m + 1]] for m in (step.source, step.target))
        quoted["key"] = t.keys[int(np.intersect1d(one, other)[0])]
        because = f"{because}, and both touch {shown_key(quoted['key'])}"
    return {**ends(t, step), **quoted, "because": because}


def _operations(t: Transactions, transaction: int, kind: int) -> list[int]:
    operations = range(int(t.offsets[transaction]), int(t.offsets[transaction + 1]))
    return [m for m in operations if t.kind[m] == kind]


def _write(history: AppendHistory, step: Step) -> Mapping[str, Any]:
    """ww: the target appended right behind what the source did, or behind all that was seen."""
    t = history.transactions
    for m in _operations(t, step.target, WRITE):
        element, key = int(t.element[m]), int(t.key[m])
        place = _place(history, element)
        before = _live_before(history, key, place)
        if before == NONE or int(history.writer[before]) != step.source:
            continue
        if place == NONE and (history.longest[key] == NONE or history.seen[element]):
            continue
        reader = int(history.longest[key])
        quoted = _quoted(t, key, reader)
        name, earlier = shown_key(t.keys[key]), shown(t.values[before])
        who, what = t.name(step.target), shown(t.values[element])
        if place == NONE:
            because = (
                f"{who} appended {what} to {name} after {t.name(step.source)}'s {earlier}, "
                f"because no read saw {what} and {quoted['reader']} read {_list(t, reader)}"
            )
        else:
            adjacent = int(history.order[place - 1]) == before
            because = (
                f"{who} appended {what} to {name} {'just ' if adjacent else ''}after "
                f"{t.name(step.source)}'s {earlier}, because {quoted['reader']} read "
                f"{_list(t, reader, int(history.position[element]))}"
            )
        return {
            **quoted,
            "value": t.values[before],
            "next": t.values[element],
            "unobserved": place == NONE,
            "because": because,
        }
    raise AssertionError(f"no evidence for {step}")


def _read(history: AppendHistory, step: Step) -> Mapping[str, Any]:
    """wr: the target's read ends with what the source appended."""
    t = history.transactions
    for m in _operations(t, step.target, READ):
        if not t.length[m]:
            continue
        element = int(t.read_elements(m)[-1])
        if int(history.writer[element]) != step.source:
            continue
        key = int(t.key[m])
        because = (
            f"{t.name(step.target)} read {_list(t, m)} of {shown_key(t.keys[key])}, "
            f"whose {shown(t.values[element])} {t.name(step.source)} appended"
        )
        return {**_quoted(t, key, m), "value": t.values[element], "because": because}
    raise AssertionError(f"no evidence for {step}")


def _anti(history: AppendHistory, step: Step) -> Mapping[str, Any]:
    """rw: the source's read lacks what the target appended next, or that no read saw."""
    t = history.transactions
    for m in _operations(t, step.source, READ):
        if history.flags[m] & INCOMPATIBLE:
            continue
        key, length = int(t.key[m]), int(t.length[m])
        base, end = int(history.order_offsets[key]), int(history.order_offsets[key + 1])
        reader = int(history.longest[key])
        element, place = NONE, NONE
        if base + length < end:
            place = int(history.following[base + length])
            if place != NONE and int(history.writer[history.order[place]]) == step.target:
                element = int(history.order[place])
        elif base + length == end:
            element = _unobserved_of(history, step.target, key)
            place = NONE
        if element == NONE:
            continue
        name, what = shown_key(t.keys[key]), shown(t.values[element])
        who, other = t.name(step.source), t.name(step.target)
        quoted = _quoted(t, key, reader)
        if place == NONE:
            because = (
                f"{who} read {_list(t, m)} of {name} before {other} appended {what}, which no "
                "read saw"
            )
        else:
            because = (
                f"{who} read {_list(t, m)} of {name} before {other} appended {what}, because "
                f"{quoted['reader']} read {_list(t, reader, int(history.position[element]))}"
            )
        return {
            **quoted,
            "saw": _list(t, m),
            "next": t.values[element],
            "unobserved": place == NONE,
            "because": because,
        }
    raise AssertionError(f"no evidence for {step}")


def _quoted(t: Transactions, key: int, m: int) -> dict[str, Any]:
    """A read that evidence rests on."""
    reader = t.owner(m)
    return {
        "key": t.keys[key],
        "reader": t.name(reader),
        "reader operation": int(t.indices[t.invoked[reader]]),
        "read": _list(t, m),
    }


def _list(t: Transactions, m: int, around: int | None = None) -> str:
    return shown_list(t.list_read(m), around)


def _place(history: AppendHistory, element: int) -> int:
    """The place of an element in ``history.order``, or -1."""
    position = int(history.position[element])
    if position == NONE:
        return NONE
    return int(history.order_offsets[history.transactions.key_of[element]]) + position


def _live_before(history: AppendHistory, key: int, place: int) -> int:
    """The element before a place (or before the end) whose writer did not fail, or -1."""
    base, end = int(history.order_offsets[key]), int(history.order_offsets[key + 1])
    at = (end if place == NONE else place) - 1
    while at >= base:
        # The end is looked for among all elements, a place among first occurrences.
        element = int(history.order[at])
        writer = int(history.writer[element])
        alive = writer != NONE and int(history.transactions.status[writer]) != FAIL
        if alive and (place == NONE or int(history.following[at]) == at):
            return element
        at -= 1
    return NONE


def _unobserved_of(history: AppendHistory, transaction: int, key: int) -> int:
    """An element that a transaction appended to a key and no read saw, or -1."""
    t = history.transactions
    for m in _operations(t, transaction, WRITE):
        element = int(t.element[m])
        unseen = history.position[element] == NONE and not history.seen[element]
        if int(t.key[m]) == key and unseen:
            return element
    return NONE
