"""Certificates of valid verdicts on predicate reads: an order that can be run, or a schedule.

Dependencies alone do not make one: whoever missed an item that was written and deleted came either
before the one or after the other. Where an order has it in between, one of the two is asked for,
first by which was invoked first and then the other way round. This need not find an order where
there is one; the certificate then says that nothing is proved.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from splitbrain.checkers.history import INFO, OK
from splitbrain.checkers.isolation.consistency import forbidden, implied
from splitbrain.checkers.isolation.dependencies import Dependencies
from splitbrain.checkers.isolation.kernels.codes import RW, RW_PREDICATE, TIME, WR, WW
from splitbrain.checkers.isolation.predicates.history import (
    Edge,
    Facts,
    Read,
    dependencies_of,
    graph_of,
    matches,
)
from splitbrain.checkers.isolation.proofs import (
    forward_order,
    indices_of,
    no_proof,
    speaks_of_sessions,
)
from splitbrain.checkers.isolation.schedule import serial_schedule, snapshot_schedule
from splitbrain.checkers.isolation.transactions import Transactions

Array = npt.NDArray[Any]

ROUNDS = 64
"""How often reads are moved out of the lifetime of items that they missed."""

Missed = tuple[int, int, int]
"""A reader, and the writer and the deleter of an item that it missed."""


def predicate_proof(model: str, facts: Facts, t: Transactions) -> dict[str, Any]:
    """The certificate of a valid verdict.

    Args:
        model: its name.
        facts: who wrote, deleted and saw what.
        t: the transactions' columns.
    """
    process, realtime = "-process" in _suffixes(model), "-realtime" in _suffixes(model)

    def graph(edges: list[Edge]) -> Dependencies:
        return graph_of(t, edges, process=process or realtime, realtime=realtime)

    snapshot = "serializable" not in implied(model) and "snapshot-isolation" in implied(model)
    # Whoever deleted an item that others missed may have taken effect, though nobody can tell.
    deleters = {d for d in facts.deleter.values() if facts.calls[d].outcome == INFO}
    for alive in [facts.alive, *([facts.alive | deleters] if deleters - facts.alive else [])]:
        assumed = replace(facts, alive=alive)
        members = np.array([i in alive for i in range(len(t))], np.bool_)
        if not speaks_of_sessions(model) or process or realtime:
            order = _settled(assumed, lambda edges: _serial(graph(edges)))
            if order is not None:
                return {"order": indices_of(t, order[members[order // 2]][::2] // 2)}
        if snapshot:
            events = _settled(assumed, lambda edges: snapshot_schedule(graph(edges)))
            if events is not None:
                events = events[members[events // 2]]
                places = zip(indices_of(t, events // 2), events.tolist(), strict=True)
                return {"schedule": [[i, ("begin", "commit")[e % 2]] for i, e in places]}
    proof = no_proof(model)
    kinds = forbidden(model)
    if "G0" not in kinds or snapshot or "G2" in kinds:
        return proof
    edges = [e for e in dependencies_of(facts) if e.kind != RW_PREDICATE or "G2-item" not in kinds]
    mask = WW | TIME | (WR if "G1c" in kinds else 0)
    order = forward_order(graph(edges), mask | (RW if "G2-item" in kinds else 0))
    if order is None:
        return proof
    chosen = [i for i in order.tolist() if i in facts.alive]
    return {**proof, "dependencies": indices_of(t, np.array(chosen, np.int64))}


def _suffixes(model: str) -> set[str]:
    return {"-" + kind.rpartition("-")[2] for kind in forbidden(model)}


def _serial(graph: Dependencies) -> Array | None:
    """A serial order as begins and commits, each commit right behind its begin."""
    order = serial_schedule(graph)
    return None if order is None else np.repeat(2 * order, 2) + np.tile([0, 1], len(order))


def _settled(facts: Facts, schedule: Callable[[list[Edge]], Array | None]) -> Array | None:
    """Begins and commits in an order in which no read falls within what it missed."""
    edges = list(dependencies_of(facts))
    missed = []
    for case in _missed(facts):
        if case[2] in facts.alive:
            missed.append(case)
        else:
            edges.append(_moved(case, after=False))
    events = schedule(edges)
    for _ in range(ROUNDS):
        if events is None:
            return None
        place = np.empty(len(events), np.int64)
        place[events] = np.arange(len(events))
        within = [
            (reader, writer, deleter)
            for reader, writer, deleter in missed
            if place[2 * writer + 1] < place[2 * reader] < place[2 * deleter + 1]
        ]
        if not within:
            return events if _explains(facts, events.tolist()) else None
        first = [_moved(case, after=case[2] < case[0]) for case in within]
        other = [_moved(case, after=case[2] >= case[0]) for case in within]
        events = schedule([*edges, *first])
        edges += first if events is not None else other
        events = schedule(edges) if events is None else events
    return None


def _explains(facts: Facts, events: list[int]) -> bool:
    """Whether all reads return what they did; some depend on their transaction's own writes.

    As for dependencies, each predicate read looks at all keys; so does each begin of a schedule.
    """
    committed: dict[Any, int] = {}
    snapshots: dict[int, dict[Any, int]] = {}
    overlap = any(b != a + 1 for a, b in zip(events[::2], events[1::2], strict=True))
    for event in events:
        number, is_commit = divmod(event, 2)
        if number not in facts.alive:
            continue
        if not is_commit:
            snapshots[number] = dict(committed) if overlap else committed
            continue
        seen, own = snapshots.pop(number), dict[Any, Any]()
        call = facts.calls[number]
        for f, asked, value in call.result if call.outcome == OK else call.argument:
            if f == "w":
                own[asked] = value
            elif call.outcome == OK and f == "r":
                if own.get(asked, seen.get(asked)) != value:
                    return False
            elif call.outcome == OK:
                there = {k: v for k, v in {**seen, **own}.items() if v is not None}
                if {k: v for k, v in there.items() if matches(asked, v)} != dict(map(tuple, value)):
                    return False
        for key, left in own.items():
            if left is None:
                committed.pop(key, None)
            else:
                committed[key] = left
    return True


def _moved(missed: Missed, *, after: bool) -> Edge:
    """That a reader comes after the deletion of what it missed, or before it was written."""
    reader, writer, deleter = missed
    if after:
        return Edge(deleter, reader, WR, None, "")
    return Edge(reader, writer, RW, None, "")


def _missed(facts: Facts) -> Iterator[Missed]:
    for read in facts.reads:
        for key in facts.deleter if read.predicate else read.found:
            writer, deleter = facts.writer.get(key), facts.deleter.get(key)
            if writer is None or deleter is None or not _asked(facts, read, key):
                continue
            if writer in facts.alive and read.transaction not in (writer, deleter):
                yield read.transaction, writer, deleter


def _asked(facts: Facts, read: Read, key: Any) -> bool:
    """Whether a read asked for an item and did not see it."""
    if read.found.get(key) is not None:
        return False
    return not read.predicate or matches(read.asked, facts.value[key])
