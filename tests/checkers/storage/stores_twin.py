"""A brute force beside the checkers of stores: all orders of all writes, one after the other."""

from __future__ import annotations

from itertools import permutations, product
from random import Random

from splitbrain.checkers.history import History
from splitbrain.checkers.history.operation import Operation

KEYS = "ab"


def parts(f, value):
    """The keys that an operation writes, with their values."""
    return dict(value) if f == "batch" else {value[0]: value[1]}


def orders(history):
    """Every order in which the writes may have taken effect, with or without the doubtful ones."""
    writes = [
        c for c in history.calls() if c.f in ("put", "delete", "batch") and c.outcome != "fail"
    ]
    certain = [c for c in writes if c.outcome == "ok"]
    for size in range(len(certain), len(writes) + 1):
        for order in permutations(writes, size):
            if all(call in order for call in certain) and in_real_time(order):
                yield order


def in_real_time(order):
    return not any(
        later.outcome == "ok" and later.completed < earlier.invoked
        for at, earlier in enumerate(order)
        for later in order[at + 1 :]
    )


def explained(history, read, *, real_time=True, prefix=True):
    """Whether some order has a moment at which the read sees what it saw.

    With `real_time`, a moment within the read; without `prefix`, the read may see any subset of the
    writes, each whole.
    """
    scan = read.f == "scan"
    seen = dict(read.result) if scan else {read.result[0]: read.result[1]}
    keys = KEYS if scan else list(seen)
    return any(
        all(state.get(key) == seen.get(key) for key in keys)
        for order in orders(history)
        for state in moments(order, read, real_time, prefix)
    )


def explained_together(history, reads):
    """Whether some order has a moment for each read at which it sees what it saw, and a later read
    sees no less of the order than one that had ended before."""
    return any(
        all(a <= b for (one, a), (two, b) in pairs if one.completed < two.invoked)
        for order in orders(history)
        for places in product(*(list(places_of(order, read)) for read in reads))
        for pairs in [list(permutations(zip(reads, places, strict=True), 2))]
    )


def places_of(order, read):
    """After how many writes of an order a read may have seen what it saw."""
    keys = KEYS if read.f == "scan" else [read.result[0]]
    seen = dict(read.result) if read.f == "scan" else {read.result[0]: read.result[1]}
    for length in range(len(order) + 1):
        state = {}
        for call in order[:length]:
            state.update(parts(call.f, call.argument))
        too_soon = any(c.outcome == "ok" and c.completed < read.invoked for c in order[length:])
        too_late = any(call.invoked > read.completed for call in order[:length])
        if not too_soon and not too_late and all(state.get(k) == seen.get(k) for k in keys):
            yield length


def moments(order, read, real_time, prefix):
    for length in range(len(order) + 1):
        before, after = order[:length], order[length:]
        if any(call.invoked > read.completed for call in before):
            continue
        if real_time and any(c.outcome == "ok" and c.completed < read.invoked for c in after):
            continue
        subsets = [before] if prefix else subsequences(before)
        for chosen in subsets:
            state = {}
            for call in chosen:
                state.update(parts(call.f, call.argument))
            yield state


def subsequences(order):
    for mask in range(2 ** len(order)):
        yield [call for at, call in enumerate(order) if mask >> at & 1]


class Store:
    """A store in memory; what it is asked takes effect at some moment before it answers."""

    def __init__(self):
        self.state = {}

    def do(self, f, value):
        if f in ("put", "delete", "batch"):
            self.state.update(parts(f, value))
            return value
        if f == "get":
            return [value[0], self.state.get(value[0])]
        return [[k, v] for k, v in sorted(self.state.items()) if v is not None]


def drawn(
    random: Random, *, sequential=False, scan_last=False, doubts=True, deletes=True, reads=(1, 2)
) -> list:
    """Events (process, type, f, value) of a right store: a few writes, and so many reads."""
    store, events, numbers = Store(), [], iter(range(1, 100))
    kinds = ("put", "put", "batch", "delete")[: None if deletes else 3]
    wanted = [random.choice(kinds) for _ in range(random.randint(1, 5 if sequential else 4))]
    wanted += [random.choice(("get", "scan", "scan")) for _ in range(random.randint(*reads))]
    random.shuffle(wanted)
    if scan_last:
        wanted = ["scan", *(f for f in wanted if f not in ("get", "scan"))]
    running = []  # [process, f, value, result or None]
    process = 0
    while wanted or running:
        may_start = wanted and (not running or not sequential) and len(running) < 3
        if may_start and random.random() < 0.5:
            f = wanted.pop()
            value = argument(f, random, numbers, deletes)
            running.append([process, f, value, None])
            events.append((process, "invoke", f, value))
            process += 1
        elif running:
            position = 0 if sequential else random.randrange(len(running))
            one = running[position]
            if one[3] is None and (not doubts or random.random() < 0.7):
                one[3] = store.do(one[1], one[2])
                continue
            running.pop(position)
            write = one[1] in ("put", "delete", "batch")
            doubtful = one[3] is None or (write and doubts and random.random() < 0.15)
            kind = ("info" if write else "fail") if doubtful else "ok"
            events.append((one[0], kind, one[1], one[2] if doubtful else one[3]))
    return events


def argument(f, random, numbers, deletes):
    if f == "put":
        return [random.choice(KEYS), next(numbers)]
    if f in ("delete", "get"):
        return [random.choice(KEYS), None]
    if f == "batch":
        return [[key, None if deletes and random.random() < 0.3 else next(numbers)] for key in KEYS]
    return None


def mutated(events, random: Random) -> list:
    """The same, with another observation in one read."""
    reads = [i for i, e in enumerate(events) if e[1] == "ok" and e[2] in ("get", "scan")]
    if not reads:
        return events
    position = random.choice(reads)
    process, kind, f, value = events[position]
    values = [v for e in events if e[1] == "invoke" for v in written(e)] * 3 + [None, 77]
    if f == "get":
        value = [value[0], random.choice(values)]
    else:
        key = random.choice(KEYS)
        own = [parts(*e[2:])[key] for e in events if written(e) and key in parts(*e[2:])]
        state = {**dict(value), key: random.choice(own * 3 + values)}
        value = [[k, v] for k, v in sorted(state.items()) if v is not None]
    return [*events[:position], (process, kind, f, value), *events[position + 1 :]]


def written(event):
    return parts(event[2], event[3]).values() if event[2] in ("put", "batch") else ()


def history_of(events) -> History:
    return History.from_operations(Operation(i, i, *event) for i, event in enumerate(events))
