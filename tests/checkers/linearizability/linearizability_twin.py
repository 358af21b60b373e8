"""The definition of linearizability as a program, and random histories to compare with.

Two deciders that share nothing with the checker but the model's ``step``: one tries all orders, the
other all sets of operations that may have happened so far. Both are hopeless for long histories.
"""

from __future__ import annotations

import os
import random
from dataclasses import replace
from itertools import combinations, permutations

from splitbrain.checkers.history import FAIL, INFO, INVOKE, OK, Call, History, Operation

WANTED = os.environ.get("SPLITBRAIN_TWIN_HISTORIES")
HISTORIES = int(WANTED or 2000)
"""How many random histories each comparison takes; more is better and slower."""


def histories(part: int) -> int:
    """How many to draw for one model: a part of `HISTORIES`, unless their number was asked for."""
    return HISTORIES if WANTED else HISTORIES // part


class Queue:
    """A first-in first-out queue: no pure operation, no overwriting one."""

    name, initial, per_key = "queue", (), False

    def step(self, state, call):
        if call.f == "enqueue":
            return True, (*state, call.argument)
        return bool(state) and (call.outcome != "ok" or state[0] == call.result), state[1:]

    def pure(self, f):
        return False

    def check(self, call):
        assert call.f in ("enqueue", "dequeue")

    def describe(self, call):
        return call.f


def precedes(first: Call, second: Call) -> bool:
    return first.completed is not None and first.completed < second.invoked


def linearizable_by_permutations(model, calls) -> bool:
    """Herlihy and Wing, literally: some order of the ok and of some of the info operations."""
    required = [call for call in calls if call.outcome == "ok"]
    optional = [call for call in calls if call.outcome == "info"]
    return any(
        _legal(model, order)
        for number in range(len(optional) + 1)
        for chosen in combinations(optional, number)
        for order in permutations([*required, *chosen])
    )


def _legal(model, order) -> bool:
    if any(precedes(later, earlier) for earlier, later in combinations(order, 2)):
        return False
    state = model.initial
    for call in order:
        fits, state = model.step(state, call)
        if not fits:
            return False
    return True


def linearizable_by_sets(model, calls) -> bool:
    """The same, by all reachable pairs of (operations done, state)."""
    calls = [call for call in calls if call.outcome != "fail"]
    required = sum(1 << i for i, call in enumerate(calls) if call.outcome == "ok")
    before = [
        sum(1 << j for j, other in enumerate(calls) if precedes(other, call)) for call in calls
    ]
    reached = {(0, model.initial)}
    unexplored = [(0, model.initial)]
    while unexplored:
        done, state = unexplored.pop()
        if done & required == required:
            return True
        for i, call in enumerate(calls):
            if done >> i & 1 or before[i] & ~done:
                continue
            fits, after = model.step(state, call)
            if fits and (done | 1 << i, after) not in reached:
                reached.add((done | 1 << i, after))
                unexplored.append((done | 1 << i, after))
    return False


def random_history(r: random.Random, draw, answer, *, most: int = 6) -> History:
    """A random history of up to `most` operations.

    ``draw(r)`` gives an operation's f and argument, ``answer(r, f, argument)`` the value of its ok
    completion: any, right or wrong.
    """
    number, clients = r.randint(1, most), r.randint(1, 4)
    eagerness, doubt = r.choice((0.3, 0.5, 0.8)), r.choice((0.0, 0.15, 0.4))
    processes = list(range(clients))
    idle, busy = list(range(clients)), []
    operations: list[Operation] = []

    def record(process, kind, f, value):
        at = len(operations)
        operations.append(Operation(at, at * 1_000_000, process, kind, f, value))

    while number or busy:
        if number and idle and (not busy or r.random() < eagerness):
            client = idle.pop(r.randrange(len(idle)))
            f, argument = draw(r)
            record(processes[client], INVOKE, f, argument)
            busy.append((client, f, argument))
            number -= 1
        else:
            client, f, argument = busy.pop(r.randrange(len(busy)))
            chance = r.random()
            if chance < doubt:
                if r.random() < 0.7:
                    record(processes[client], INFO, f, argument)
                processes[client] += clients
            elif chance < doubt + 0.1:
                record(processes[client], FAIL, f, argument)
            else:
                record(processes[client], OK, f, answer(r, f, argument))
            idle.append(client)
    return History.from_operations(operations)


def merged(histories) -> History:
    """One history whose key i is the i-th, with events of all keys interleaved by time."""
    events = []
    for key, history in enumerate(histories):
        for o in history:
            events.append((o.index, key, o))
    events.sort(key=lambda event: event[:2])
    operations = [
        replace(
            o, index=at, time=at, process=o.process * len(histories) + key, value=[key, o.value]
        )
        for at, (_, key, o) in enumerate(events)
    ]
    return History.from_operations(operations)


def weakened(window, calls, pure: str):
    """What a window claims to have no linearization: each history that may be behind it.

    Operations open where the history was cut have happened already, or happen until they complete;
    all others but the window's may happen or not.
    """
    start = window.start or 0
    needed = {call.invoke_index for call in window.calls}
    kept = [
        call
        for call in calls
        if call.outcome != "fail"
        and call.invoked < window.end
        and (call.completed or start) >= start
    ]
    is_open = [c for c in kept if c.invoked < start and c.completed and c.completed <= window.end]
    for happening in range(1 << len(is_open)):
        later = {c.invoke_index for i, c in enumerate(is_open) if happening >> i & 1}
        gone = {c.invoke_index for c in is_open} - later
        yield [
            call
            if call.invoke_index in needed | later
            else replace(call, outcome="info", completed=None, end=None)
            for call in kept
            if call.invoke_index not in gone
            and (call.invoke_index in needed | later or call.f != pure)
        ]


def draw_register(values: int):
    """Draws reads, writes and cas of few values (the fewer, the more often histories are valid)."""

    def draw(r: random.Random):
        f = r.choice(("read", "read", "write", "write", "cas"))
        if f == "cas":
            return f, [r.choice((None, *range(values))), r.randrange(values)]
        return f, None if f == "read" else r.randrange(values)

    def answer(r: random.Random, f, argument):
        return r.choice((None, *range(values))) if f == "read" else argument

    return draw, answer


def draw_kv(strings=("a", "b")):
    """Draws operations of a one-key store."""

    def draw(r: random.Random):
        f = r.choice(("get", "get", "get", "put", "append", "cas", "delete"))
        if f == "cas":
            return f, [r.choice((None, *strings)), r.choice((None, *strings))]
        return f, None if f in ("get", "delete") else r.choice(strings)

    def answer(r: random.Random, f, argument):
        return r.choice((None, None, *strings, "ab", "ba", "aa")) if f == "get" else argument

    return draw, answer


def simulated_history(
    r: random.Random, model, draw, result, *, number: int, clients: int, doubt: float = 0.0
) -> History:
    """A history that is linearizable because every operation takes effect at one moment.

    ``result(state, f, argument)`` is what the operation answers, or None if it is refused.
    """
    processes, idle, busy = list(range(clients)), list(range(clients)), []
    operations: list[Operation] = []
    state, remaining = model.initial, number

    def record(process, kind, f, value):
        at = len(operations)
        operations.append(Operation(at, at * 1_000_000, process, kind, f, value))

    while remaining or busy:
        action = r.random()
        if remaining and idle and (not busy or action < 0.4):
            client = idle.pop(r.randrange(len(idle)))
            f, argument = draw(r)
            record(processes[client], INVOKE, f, argument)
            busy.append([client, f, argument, None])
            remaining -= 1
            continue
        entry = busy[r.randrange(len(busy))]
        client, f, argument, answer = entry
        if answer is None:
            fate = r.random()
            if fate < doubt:
                busy.remove(entry)
                idle.append(client)
                processes[client] += clients
                if fate < doubt / 2:
                    continue
            applied, after, answer = result(state, f, argument)
            state = after
            entry[3] = (applied, answer)
            continue
        busy.remove(entry)
        idle.append(client)
        record(processes[client], OK if answer[0] else FAIL, f, answer[1])
    return History.from_operations(operations)


def register_result(state, f, argument):
    """What a register does: whether it succeeds, the state afterwards, the answer."""
    if f == "read":
        return True, state, state
    if f == "write":
        return True, argument, argument
    matches = state == argument[0]
    return matches, argument[1] if matches else state, argument


def mutated(r: random.Random, history: History, values: int) -> History:
    """The same history with one read's result changed."""
    operations = list(history)
    reads = [o for o in operations if o.type == OK and o.f == "read"]
    if reads:
        victim = r.choice(reads)
        victim.value = r.choice((None, *range(values)))
    return History.from_operations(operations)
