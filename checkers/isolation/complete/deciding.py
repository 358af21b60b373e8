"""Deciding serializability and snapshot isolation of rw-register histories, by a bounded search.

Both are NP-hard here (Papadimitriou, JACM 1979; Biswas and Enea, "On the Complexity of Checking
Transactional Consistency", OOPSLA 2019). What is open is, for each two writers of a key, which
comes first; with it come the dependencies of those who read either. What is certain is found first
(`pruning`), and a SAT solver is asked about the rest (`ordering`), as Viper (EuroSys 2023) and
PolySI (VLDB 2023) do.

Most databases take effect in an order that agrees with real time, even if they don't promise it.
So the order in which they ended is tried at first (`guessing`), then a stronger model: with real
time most orders are certain. An order that is found so proves the weaker model too; that there is
none says nothing.

An indeterminate transaction of which nobody saw anything may as well not have happened. Keys start
as null.

Needs python-sat; without it, or beyond the limits of cycles, time and memory, the answer is that
nobody knows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from splitbrain.checkers.isolation.complete.deadline import NO_DEADLINE, Deadline
from splitbrain.checkers.isolation.complete.guessing import guessed
from splitbrain.checkers.isolation.complete.ordering import Ordering
from splitbrain.checkers.isolation.complete.pruning import Pruning
from splitbrain.checkers.isolation.complete.refuting import Excluded, Pair, refutation
from splitbrain.checkers.isolation.complete.writers import Writers
from splitbrain.checkers.isolation.consistency import PER_KEY_MODELS, implied
from splitbrain.checkers.isolation.dependencies import Dependencies
from splitbrain.checkers.isolation.registers.inference import RegisterHistory, register_dependencies
from splitbrain.checkers.isolation.schedule import serial_schedule, snapshot_schedule

PAIRS_LIMIT = 10_000_000
"""Pairs of writers beyond which the search does not begin: they take 20 bytes each."""

TRIED_PART = 0.3
"""Which part of the time and the cycles a stronger model may take that is tried first."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What the search found.

    Attributes:
        kind: the anomaly that it looked for.
        refuted: there is no order.
        reason: why there is none, or why nobody knows.
        order: invocation indices of transactions in an order that explains the history; under
            snapshot isolation, the order in which they commit.
        snapshots: under snapshot isolation, ``schedule``: see
            `splitbrain.checkers.isolation.recheck.verdicts`.
        refutation: if refuted, what proves it: see
            `splitbrain.checkers.isolation.complete.refuting`.
        operations: indices of transactions of the cycles that leave no order.
        cost: what it took.
    """

    kind: str
    refuted: bool = False
    reason: str = ""
    order: list[int] | None = None
    snapshots: dict[str, Any] = field(default_factory=dict)
    refutation: dict[str, Any] = field(default_factory=dict)
    operations: tuple[int, ...] = ()
    cost: dict[str, Any] = field(default_factory=dict)


def decide(
    history: RegisterHistory, model: str, limit: int, deadline: Deadline = NO_DEADLINE
) -> Decision:
    """Whether the history satisfies a model.

    Args:
        history: without anomalies so far, and with ``initial`` assumed.
        model: serializable, snapshot-isolation, their strong-session or strong form, or with
            linearizable keys.
        limit: cycles excluded before the search gives up.
        deadline: when it gives up in any case.
    """
    snapshot = "serializable" not in implied(model)
    suffix = ""
    if model.startswith("strong-"):
        suffix = "-process" if model.startswith("strong-session-") else "-realtime"
    if model in PER_KEY_MODELS:
        suffix = "-per-key"
    kind = ("not-snapshot-isolated" if snapshot else "not-serializable") + suffix
    writers = Writers.of(history)
    count = writers.pair_count()
    cost: dict[str, Any] = {"pairs of writers": count}
    likely = guessed(history, writers)
    if likely is not None:
        return _found(history, kind, likely, False, {**cost, "order": "by time, at first try"})
    if count > PAIRS_LIMIT:
        reason = f"there are {count} pairs of writers, more than {PAIRS_LIMIT}"
        return Decision(kind, reason=reason, cost=cost)
    asked = (snapshot, suffix)
    for tried in dict.fromkeys([(False, "-realtime"), (snapshot, "-realtime"), asked]):
        final = tried == asked
        part = 1.0 if final else TRIED_PART
        ordering = _ordering(history, writers, tried, int(limit * part), deadline.part(part))
        graph = ordering.run()
        if graph is not None:
            return _found(history, kind, graph, tried[0], {**cost, **ordering.cost})
        if final:
            break
    cost |= ordering.cost
    if ordering.gave_up:
        return Decision(kind, reason=ordering.gave_up, cost=cost)
    return _refuted(history, kind, ordering, cost)


def _ordering(
    history: RegisterHistory,
    writers: Writers,
    asked: tuple[bool, str],
    limit: int,
    deadline: Deadline,
) -> Ordering:
    """The search for an order, that of a model and a suffix."""
    snapshot, suffix = asked
    # What is certain beyond that, pruning finds again, and can say why.
    known = register_dependencies(
        history,
        process=suffix in ("-process", "-realtime"),
        realtime=suffix == "-realtime",
        per_key=suffix == "-per-key",
        certain=False,
    )
    pruning = Pruning(known, writers, snapshot=snapshot, late=deadline.passed)
    t = history.transactions
    ended = np.where(t.completed < 0, t.events, t.completed)
    return Ordering(pruning, ended, limit, deadline)


def _refuted(
    history: RegisterHistory, kind: str, ordering: Ordering, cost: dict[str, Any]
) -> Decision:
    """The certificate of a refutation, and a sentence."""
    t = history.transactions
    excluded = ordering.refuting()
    certificate, needed = refutation(history, *_numbered(ordering.pruning, excluded))
    members = sorted({step.source for cycle in needed for step in cycle.steps})[:50]
    names = ", ".join(t.name(m) for m in members[:12]) + (" ..." if len(members) > 12 else "")
    what = "begins and commits" if ordering.pruning.snapshot else "transactions"
    return Decision(
        kind,
        refuted=True,
        reason=(
            f"no order of {what} explains every read: each order of the writes leads to a cycle, "
            f"among {names} ({len(excluded)} cycles were excluded; "
            f"{len(needed)} leave no order)"
        ),
        refutation=certificate,
        operations=tuple(t.index_of(m) for m in members),
        cost=cost,
    )


def _numbered(pruning: Pruning, excluded: Sequence[Excluded]) -> tuple[list[Pair], list[Excluded]]:
    """The pairs that cycles speak of, and the cycles with numbers of these alone."""
    used = sorted({abs(literal) for cycle in excluded for literal in cycle.literals} - {0})
    number = {old: new for new, old in enumerate(used, 1)} | {0: 0}
    renamed = [
        Excluded(cycle.steps, tuple(number[abs(x)] * (1 if x > 0 else -1) for x in cycle.literals))
        for cycle in excluded
    ]
    one, other = pruning.one, pruning.other
    pairs = [pruning.writers.pair(int(one[old - 1]), int(other[old - 1])) for old in used]
    return pairs, renamed


def _found(
    history: RegisterHistory, kind: str, graph: Dependencies, snapshot: bool, cost: dict[str, Any]
) -> Decision:
    """The certificate: an order, or a schedule of begins and commits."""
    t = history.transactions
    invoked = t.indices[t.invoked]
    if not snapshot:
        order = serial_schedule(graph)
        assert order is not None
        chosen = order[history.alive[order]]
        return Decision(kind, order=invoked[chosen].tolist(), cost=cost)
    events = snapshot_schedule(graph)
    assert events is not None
    events = events[history.alive[events // 2]]
    schedule = [[int(invoked[e // 2]), "commit" if e % 2 else "begin"] for e in events.tolist()]
    commits = invoked[events[events % 2 == 1] // 2].tolist()
    return Decision(kind, order=commits, snapshots={"schedule": schedule}, cost=cost)
