"""Consistency by definition, and random histories to compare with."""

from __future__ import annotations

import os
import random
from itertools import permutations

from splitbrain.checkers.history import FAIL, INFO, INVOKE, OK, Call, History, Operation

HISTORIES = int(os.environ.get("SPLITBRAIN_TWIN_HISTORIES", "4000"))
"""How many random histories each comparison takes; more is better and slower."""


def sequential_by_definition(model, keyed_calls) -> bool:
    """Whether some order of the operations keeps each process's order and suits the model.

    ``keyed_calls`` are (key, call) with keys 0, 1, ...; an info operation follows the ok ones of
    its process, happens or not, and nothing follows it.
    """
    calls = [(key, call) for key, call in keyed_calls if call.outcome != "fail"]
    required = sum(1 << i for i, (_, call) in enumerate(calls) if call.outcome == "ok")
    before = [
        sum(
            1 << j
            for j, (_, other) in enumerate(calls)
            if other.process == call.process
            and other.outcome == "ok"
            and other.invoked < call.invoked
        )
        for _, call in calls
    ]
    start = (0, (model.initial,) * (1 + max((key for key, _ in calls), default=0)))
    reached, unexplored = {start}, [start]
    while unexplored:
        done, states = unexplored.pop()
        if done & required == required:
            return True
        for i, (key, call) in enumerate(calls):
            if done >> i & 1 or before[i] & ~done:
                continue
            fits, after = model.step(states[key], call)
            found = (done | 1 << i, (*states[:key], after, *states[key + 1 :]))
            if fits and found not in reached:
                reached.add(found)
                unexplored.append(found)
    return False


def precedes(one: Call, other: Call) -> bool:
    return one.completed is not None and one.completed < other.invoked


def fewest_missed(calls, read: Call, initial=None, *, slack: float = 0) -> int | None:
    """How many writes come between the read and the last write of its value, at the least.

    Over all orders of all writes and the read that respect real time, the read being allowed to
    begin `slack` ns earlier. None if no write of the value can precede it.
    """
    certain = [call for call in calls if call.f == "write" and call.outcome == "ok"]
    possible = [call for call in calls if call.f == "write" and call.outcome == "info"]
    best: int | None = None
    subsets = [[c for i, c in enumerate(possible) if n >> i & 1] for n in range(1 << len(possible))]
    for order in (o for chosen in subsets for o in permutations([*certain, *chosen])):
        if any(precedes(b, a) for i, a in enumerate(order) for b in order[i + 1 :]):
            continue
        for place in range(len(order) + 1):
            early = any(precedes(read, call) for call in order[:place])
            late = any(
                call.completed is not None
                and call.completed < read.invoked
                and call.end < read.start - slack
                for call in order[place:]
            )
            if early or late:
                continue
            missed = 0
            for call in reversed(order[:place]):
                if call.argument == read.result:
                    break
                missed += 1
            else:
                if read.result != initial:
                    continue
            best = missed if best is None else min(best, missed)
    return best


def random_history(
    r: random.Random,
    *,
    most: int,
    keys: int | None = None,
    doubt: float = 0.1,
    cas: float = 0.0,
    values: int = 2,
) -> History:
    """Reads, writes and cas of a register (or of one for each key) in any overlap."""
    clients = r.randint(1, 4)
    processes, idle, busy = list(range(clients)), list(range(clients)), []
    operations: list[Operation] = []
    number, time = r.randint(1, most), 0

    def record(client: int, kind: str, f: str, value) -> None:
        operations.append(Operation(len(operations), time, processes[client], kind, f, value))

    while number or busy:
        time += r.randint(1, 3) * 1_000_000_000
        if number and idle and (not busy or r.random() < 0.5):
            client = idle.pop(r.randrange(len(idle)))
            f = r.choice(("read", "write"))
            value = None if f == "read" else r.randint(1, values)
            if r.random() < cas:
                f, value = "cas", [r.choice((None, *range(1, values + 1))), r.randint(1, values)]
            key = None if keys is None else r.randrange(keys)
            record(client, INVOKE, f, value if key is None else [key, value])
            busy.append((client, f, key, value))
            number -= 1
            continue
        client, f, key, value = busy.pop(r.randrange(len(busy)))
        kind = r.choices((OK, INFO, FAIL), (1 - doubt, doubt * 0.7, doubt * 0.3))[0]
        if kind == OK and f == "read":
            value = r.choice((None, *range(1, values + 1)))
        record(client, kind, f, value if key is None else [key, value])
        if kind == INFO:
            processes[client] += clients
        idle.append(client)
    return History.from_operations(operations)
