"""Histories for the linearizability benchmark: what clients of a correct object would record.

Each of `clients` clients invokes, waits for an exponential time, completes, rests for another such
time, and so on; every operation takes effect at a uniform moment in between. A share of the
operations is indeterminate (half of them took effect). ``stale`` makes the history invalid in one
place: a read in its last tenth gives a value that was written once, first of all, and overwritten.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from splitbrain.checkers.history import History
from splitbrain.checkers.history.columns import FILES, INFO_CODE, INVOKE_CODE, Columns
from splitbrain.checkers.history.packing import ATOM, NESTED, NULL, PAIR, WORDS, PackedValues
from splitbrain.checkers.history.words import Words

READ, WRITE, CAS = 0, 1, 2
OK_CODE, FAIL_CODE = 1, 2
STALE = 1_000_000_007


@dataclass(frozen=True)
class Shape:
    """Parameters of a generated history; values 0 means that all writes are distinct."""

    operations: int
    clients: int
    cas: float = 0.2
    info: float = 0.0
    values: int = 5
    keys: int = 1
    stale: bool = False
    kv: bool = False
    seed: int = 0

    @property
    def name(self) -> str:
        parts = [f"{self.operations:,} operations", f"{self.clients} clients"]
        parts += [f"{self.keys:,} keys"] if self.keys > 1 else []
        parts += ["kv"] if self.kv else ["cas"] if self.cas else []
        parts += ["distinct values"] if not self.values else []
        parts += [f"{self.info:.0%} info"] if self.info else []
        return ", ".join(parts) + (", one stale read" if self.stale else "")


@dataclass(frozen=True)
class Drawn:
    """Operations in columns: what was asked, what came back, and when (ranks of events)."""

    f: np.ndarray
    key: np.ndarray
    a: np.ndarray
    b: np.ndarray
    outcome: np.ndarray
    call: np.ndarray
    end: np.ndarray
    client: np.ndarray


def drawn(shape: Shape) -> Drawn:
    """A history of registers."""
    r = np.random.default_rng(shape.seed)
    n, c = shape.operations, shape.clients
    each = -(-n // c)
    rest, length = r.exponential(1.0, (c, each)), r.exponential(1.0, (c, each))
    end = np.cumsum(rest + length, axis=1)
    call = (end - length).ravel()[:n]
    end = end.ravel()[:n]
    client = np.repeat(np.arange(c), each)[:n]
    point = call + r.random(n) * (end - call)
    draw = r.random(n)
    f = np.where(draw < 0.4, WRITE, np.where(draw < 0.4 + shape.cas, CAS, READ))
    key = r.integers(0, shape.keys, n)
    a = np.arange(n) + 1 if not shape.values else r.integers(1, shape.values + 1, n)
    b = a + n if not shape.values else r.integers(1, shape.values + 1, n)
    outcome = np.where(r.random(n) < shape.info, INFO_CODE, OK_CODE)
    takes = (outcome == OK_CODE) | (r.random(n) < 0.5)
    _take_effect(np.argsort(point), f, key, a, b, outcome, takes, r.random(n), shape)
    if shape.stale:
        _make_stale(call, end, f, key, a, outcome)
    rank = np.empty(2 * n, dtype=np.int64)
    rank[np.argsort(np.concatenate((call, end)), kind="stable")] = np.arange(2 * n)
    return Drawn(f, key, a, b, outcome, rank[:n], rank[n:], client)


def _take_effect(order, f, key, a, b, outcome, takes, aim, shape) -> None:
    """Let the operations happen in order, and note what they found."""
    state = [0] * shape.keys
    fs, keys, old, new = f.tolist(), key.tolist(), a.tolist(), b.tolist()
    ends, happens, aims = outcome.tolist(), takes.tolist(), aim.tolist()
    for o in order.tolist():
        k = keys[o]
        if fs[o] == READ:
            old[o] = state[k]
        elif fs[o] == WRITE:
            if happens[o]:
                state[k] = old[o]
        else:
            if aims[o] < 0.5 or not shape.values:
                old[o] = state[k]  # half of the cas aim at the present value
            if old[o] == state[k]:
                if happens[o]:
                    state[k] = new[o]
            elif ends[o] == OK_CODE:
                ends[o] = FAIL_CODE
    a[:], outcome[:] = old, ends


def _make_stale(call, end, f, key, a, outcome) -> None:
    """Let a read near the end give a value of its own that the key's first write wrote.

    Whoever saw what that write wrote would tell it from others of the same value, so the write is
    one whose value nobody can have seen: another write of its key follows it at once.
    """
    order = np.argsort(call)
    ok = outcome == OK_CODE
    late = order[int(len(order) * 0.9) :]
    for o in late[(f[late] == READ) & ok[late]][:50].tolist():
        same = order[(key[order] == key[o]) & ok[order] & (end[order] < call[o])]
        for at in np.flatnonzero(f[same] == WRITE)[:-1].tolist():
            w = same[at]
            after = same[(call[same] > end[w]) & (f[same] == WRITE)]
            overlapping = (key == key[o]) & (a == a[w]) & (f != WRITE) & (end > call[w])
            if not len(after) or (overlapping & (call < end[after[0]])).any():
                continue
            a[w] = a[o] = STALE
            return
    raise ValueError("no read can be made stale: give more operations")


def history(d: Drawn, *, keyed: bool) -> History:
    """The history as our checker takes it, without an object for each operation."""
    n = len(d.f)
    order = np.empty(2 * n, dtype=np.int64)
    order[d.call], order[d.end] = np.arange(n), np.arange(n) + n
    operation, completes = order % n, order >= n
    f = d.f[operation]
    kind = np.where(completes, d.outcome[operation], INVOKE_CODE).astype(np.int8)
    first = np.where((f == READ) & ~((kind == OK_CODE) & completes), NULL, d.a[operation])
    first = np.where(first == 0, NULL, first)  # the initial value
    second = np.where(d.b[operation] == 0, NULL, d.b[operation])
    zeros = np.zeros(2 * n, dtype=np.int64)
    if keyed:
        codes = np.stack((d.key[operation], first, np.where(f == CAS, second, zeros)))
    else:
        codes = np.stack((first, np.where(f == CAS, second, zeros), zeros))
    shapes = (PAIR, PAIR, NESTED) if keyed else (ATOM, ATOM, PAIR)
    shape = np.array([shapes[READ], shapes[WRITE], shapes[CAS]], dtype=np.int8)[f]
    return _history(d, PackedValues(shape, codes, Words.of([]), {}), ("read", "write", "cas"))


def _history(d: Drawn, values: PackedValues, functions: tuple[str, ...]) -> History:
    n = len(d.f)
    order = np.empty(2 * n, dtype=np.int64)
    order[d.call], order[d.end] = np.arange(n), np.arange(n) + n
    operation, completes = order % n, order >= n
    kind = np.where(completes, d.outcome[operation], INVOKE_CODE).astype(np.int8)
    process, retired = d.client[operation], kind == INFO_CODE
    # A process that ends as info is retired; its client goes on as another.
    number = np.zeros(2 * n, dtype=np.int64)
    by_client = np.argsort(process, kind="stable")
    number[by_client] = np.cumsum(retired[by_client]) - retired[by_client]
    columns = Columns(
        index=np.arange(2 * n),
        time=np.arange(2 * n) * 1000,
        type=kind,
        process=process + (number * (int(d.client.max()) + 1)),
        f=d.f[operation].astype(np.int32),
        values=values,
        errors=[None] * (2 * n),
        names=(),
        functions=functions,
    )
    return History(columns, dialect=FILES)


GET, PUT, APPEND = 0, 1, 2


def kv_drawn(shape: Shape) -> tuple[Drawn, list[str]]:
    """A history of a key-value store: gets, puts and appends of short strings, all distinct.

    ``a`` of an operation is the number of its string in the list, 0 for null.
    """
    r = np.random.default_rng(shape.seed)
    n, c = shape.operations, shape.clients
    each = -(-n // c)
    rest, length = r.exponential(1.0, (c, each)), r.exponential(1.0, (c, each))
    end = np.cumsum(rest + length, axis=1)
    call, end = (end - length).ravel()[:n], end.ravel()[:n]
    client = np.repeat(np.arange(c), each)[:n]
    point = call + r.random(n) * (end - call)
    f, key = r.choice(3, n, p=(0.5, 0.2, 0.3)), r.integers(0, shape.keys, n)
    outcome = np.where(r.random(n) < shape.info, INFO_CODE, OK_CODE)
    takes = (outcome == OK_CODE) | (r.random(n) < 0.5)
    strings = ["", *(f"{o}." for o in range(n))]
    numbers: dict[str, int] = {string: i for i, string in enumerate(strings)}
    state: dict[int, str] = {}
    a = np.zeros(n, dtype=np.int64)
    for o in np.argsort(point).tolist():
        k = int(key[o])
        old = state.get(k)
        if f[o] == GET:
            a[o] = 0 if old is None else numbers[old]
            continue
        a[o] = o + 1
        if takes[o]:
            new = f"{o}." if f[o] == PUT else f"{old or ''}{o}."
            state[k] = new
            if new not in numbers:
                numbers[new] = len(strings)
                strings.append(new)
    if shape.stale:
        _make_get_stale(call, end, f, key, a, outcome)
    rank = np.empty(2 * n, dtype=np.int64)
    rank[np.argsort(np.concatenate((call, end)), kind="stable")] = np.arange(2 * n)
    zeros = np.zeros(n, dtype=np.int64)
    return Drawn(f, key, a, zeros, outcome, rank[:n], rank[n:], client), strings


def _make_get_stale(call, end, f, key, a, outcome) -> None:
    """Let a get near the end give what one before gave, with a write of its key in between."""
    order, ok = np.argsort(call), outcome == OK_CODE
    for o in order[int(len(order) * 0.9) :].tolist():
        if f[o] != GET or not ok[o]:
            continue
        same = order[(key[order] == key[o]) & ok[order] & (end[order] < call[o])]
        for before in same[(f[same] == GET) & (a[same] > 0)].tolist():
            if ((f[same] != GET) & (call[same] > end[before])).any() and a[before] != a[o]:
                a[o] = a[before]
                return
    raise ValueError("no get can be made stale: give more operations")


def kv_history(shape: Shape) -> History:
    """The history as our checker takes it, without an object for each operation."""
    d, strings = kv_drawn(shape)
    codes = np.where(d.a > 0, WORDS + d.a, NULL)
    n = len(d.f)
    order = np.empty(2 * n, dtype=np.int64)
    order[d.call], order[d.end] = np.arange(n), np.arange(n) + n
    operation, completes = order % n, order >= n
    answered = completes & (d.outcome[operation] == OK_CODE)
    value = np.where((d.f[operation] == GET) & ~answered, NULL, codes[operation])
    packed = np.stack((d.key[operation], value, np.zeros(2 * n, dtype=np.int64)))
    shapes = np.full(2 * n, PAIR, dtype=np.int8)
    return _history(
        d, PackedValues(shapes, packed, Words.of(strings), {}), ("get", "put", "append")
    )
