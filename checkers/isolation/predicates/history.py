"""What a history of predicate reads says: who wrote, deleted and saw which item.

See `splitbrain.checkers.isolation.predicates.checker`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from splitbrain.checkers.history import FAIL, OK, Call
from splitbrain.checkers.isolation.dependencies import Builder, Dependencies
from splitbrain.checkers.isolation.kernels.codes import RW, RW_PREDICATE, WR, WW
from splitbrain.checkers.isolation.transactions import Transactions, shown_key
from splitbrain.checkers.models.model import ModelError, event_of, shown

_COMPARISONS: dict[str, Callable[[int, int], bool]] = {
    "=": int.__eq__,
    "<": int.__lt__,
    ">": int.__gt__,
}


@dataclass(frozen=True, slots=True)
class Read:
    """What a transaction saw: an item, or all items that match.

    Attributes:
        transaction: its number.
        predicate: whether it asked by a predicate.
        asked: that, or a key.
        found: values by key.
        own: what the transaction itself had written before, by key; None where it had deleted.
        later: what it was yet to write.
    """

    transaction: int
    predicate: bool
    asked: Any
    found: dict[Any, int | None]
    own: dict[Any, int | None]
    later: dict[Any, int | None]

    def disagrees(self) -> list[Any]:
        """Keys that the transaction had written itself, and of which it saw something else."""
        found = []
        for key, value in self.own.items():
            if self.predicate:
                expected = value if value is not None and matches(self.asked, value) else None
            elif key != self.asked:
                continue
            else:
                expected = value
            if self.found.get(key) != expected:
                found.append(key)
        return found

    def foresees(self) -> list[Any]:
        """Keys of which it saw what the transaction was yet to write."""
        return [
            key
            for key, value in self.later.items()
            if value is not None and self.found.get(key) == value and key not in self.own
        ]


@dataclass(slots=True)
class Facts:
    """What is known of transactions, which are numbered in the order of their invocations.

    Attributes:
        calls: they.
        writer: who wrote each key.
        value: what it wrote.
        deleter: who deleted it.
        reads: of ok transactions.
        alive: transactions that took effect.
    """

    calls: list[Call]
    writer: dict[Any, int] = field(default_factory=dict)
    value: dict[Any, int] = field(default_factory=dict)
    deleter: dict[Any, int] = field(default_factory=dict)
    reads: list[Read] = field(default_factory=list)
    alive: set[int] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Edge:
    """A dependency and why there is one.

    Attributes:
        source: a transaction.
        target: one that depends on it.
        kind: `WW`, `WR`, `RW`, or `RW_PREDICATE` if a predicate read brings it.
        key: of the item.
        because: a sentence.
        asked: the predicate, if one brings it.
    """

    source: int
    target: int
    kind: int
    key: Any
    because: str
    asked: Any = None


def matches(predicate: Any, value: int) -> bool:
    """Whether an item with a value matches a predicate.

    Raises:
        ValueError: it is no predicate.
    """
    if predicate == "all":
        return True
    if isinstance(predicate, list) and all(type(n) is int for n in predicate[1:]):
        if len(predicate) == 2 and predicate[0] in _COMPARISONS:
            return bool(_COMPARISONS[predicate[0]](value, predicate[1]))
        if len(predicate) == 3 and predicate[0] == "mod" and predicate[1] > 0:
            return bool(value % predicate[1] == predicate[2])
    raise ValueError(
        f'{shown(predicate)} is no predicate; there are "all", ["=", n], ["<", n], [">", n] and '
        '["mod", m, r]'
    )


def facts_of(calls: list[Call]) -> Facts:
    """Who wrote, deleted and saw what.

    Raises:
        ModelError: an operation is no transaction of this kind, or a key is written twice.
    """
    facts = Facts(calls)
    for number, call in enumerate(calls):
        own: dict[Any, int | None] = {}
        micros = _micro_operations(call)
        for at, (f, key, value) in enumerate(micros):
            if f == "w":
                owners = facts.deleter if value is None else facts.writer
                if key in owners:
                    raise ModelError(
                        call.invoke_index,
                        f"{shown_key(key)} is {'deleted' if value is None else 'written'} twice; "
                        "every key may be written once and deleted once in this workload",
                    )
                if value is not None or call.outcome != FAIL:
                    # Whoever failed to delete an item left it alone.
                    owners[key] = number
                if value is not None:
                    facts.value[key] = value
                own[key] = value
            elif call.outcome == OK:
                found = {key: value} if f == "r" else dict(map(tuple, value))
                later = {k: v for f, k, v in micros[at:] if f == "w"}
                facts.reads.append(Read(number, f == "rp", key, found, dict(own), later))
    facts.alive = {i for i, call in enumerate(calls) if call.outcome == OK}
    for read in facts.reads:
        for key, value in read.found.items():
            seen = facts.writer.get(key)
            if value is not None and seen is not None and calls[seen].outcome != FAIL:
                facts.alive.add(seen)
    return facts


def _micro_operations(call: Call) -> list[Any]:
    """A transaction's micro-operations, checked.

    Raises:
        ModelError: they are none.
    """
    value = call.result if call.outcome == OK else call.argument
    if not isinstance(value, list) or not all(isinstance(m, list) and len(m) == 3 for m in value):
        raise ModelError(event_of(call), f"its value is {shown(value)}; it must be a transaction")
    for f, key, seen in value:
        if f not in ("w", "r", "rp"):
            raise ModelError(event_of(call), f'{shown(f)} is none of "w", "r" and "rp"')
        if f == "rp":
            try:
                matches(key, 0)
            except ValueError as error:
                raise ModelError(event_of(call), str(error)) from None
            pairs = seen if call.outcome == OK else []
            if not isinstance(pairs, list) or not all(
                isinstance(p, list) and len(p) == 2 and type(p[1]) is int for p in pairs
            ):
                raise ModelError(
                    event_of(call), f"a predicate read returned {shown(seen)}; it must be [[k, v]]"
                )
        elif seen is not None and type(seen) is not int:
            raise ModelError(event_of(call), f"{shown(seen)} is no integer; values must be")
    return value


def dependencies_of(facts: Facts) -> Iterator[Edge]:
    """The dependencies between transactions that took effect, as `predicates` defines them."""
    for key, deleter in facts.deleter.items():
        writer = facts.writer.get(key)
        if writer is not None and writer != deleter and {writer, deleter} <= facts.alive:
            because = f"T{deleter + 1} deleted {shown_key(key)}, which T{writer + 1} had written"
            yield Edge(writer, deleter, WW, key, because)
    for read in facts.reads:
        for key in facts.writer if read.predicate else read.found:
            yield from _edges_of(facts, read, key)


def _edges_of(facts: Facts, read: Read, key: Any) -> Iterator[Edge]:
    """Dependencies by what a read saw, or did not see, of one key."""
    writer, deleter = facts.writer.get(key), facts.deleter.get(key)
    reader, name = read.transaction, shown_key(key)
    anti = RW_PREDICATE if read.predicate else RW
    how = f"all that match {shown(read.asked)}" if read.predicate else name
    if writer not in facts.alive:
        return
    if read.found.get(key) == facts.value[key]:
        if writer != reader:
            because = f"T{reader + 1} read {name}, which T{writer + 1} wrote"
            yield Edge(writer, reader, WR, key, because)
        if deleter in facts.alive and deleter != reader:
            because = f"T{reader + 1} read {how} and saw {name} before T{deleter + 1} deleted it"
            yield Edge(reader, deleter, anti, key, because, read.asked)
    elif key not in read.found or read.found[key] is None:
        asked = not read.predicate or matches(read.asked, facts.value[key])
        if asked and deleter is None and writer != reader:
            because = f"T{reader + 1} read {how} before T{writer + 1} wrote {name}"
            yield Edge(reader, writer, anti, key, because, read.asked)


def graph_of(t: Transactions, edges: list[Edge], *, process: bool, realtime: bool) -> Dependencies:
    """The graph of dependencies, with what sessions and real time say."""
    builder = Builder(t)
    columns = np.array([(e.source, e.target, e.kind) for e in edges], np.int64).reshape(-1, 3).T
    builder.add(
        columns[0].astype(np.int32), columns[1].astype(np.int32), columns[2].astype(np.uint8)
    )
    builder.add_time(process=process, realtime=realtime)
    return builder.build()
