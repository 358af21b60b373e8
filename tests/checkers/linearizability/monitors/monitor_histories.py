"""Random histories for monitors: any, or linearizable by construction, or nearly so."""

from __future__ import annotations

import os
import random
from itertools import permutations

from splitbrain.checkers import models
from splitbrain.checkers.history import FAIL, INFO, INVOKE, OK, Call, History, Operation
from splitbrain.checkers.linearizability.monitors import choose

HISTORIES = int(os.environ.get("SPLITBRAIN_TWIN_HISTORIES", "1500"))
"""How many random histories each comparison takes; more is better and slower."""


def by_definition(model, calls) -> bool:
    """Whether some order of the operations respects real time and the model.

    All reachable pairs of (operations done, state); shares nothing with checkers but `step`.
    """
    calls = [call for call in calls if call.outcome != "fail"]
    required = sum(1 << i for i, call in enumerate(calls) if call.outcome == "ok")
    before = [
        sum(
            1 << j
            for j, other in enumerate(calls)
            if other.completed is not None and other.completed < call.invoked
        )
        for call in calls
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


def by_permutations(model, calls) -> bool:
    """The same for histories of ok operations only, by trying all orders."""

    def legal(order: tuple[Call, ...]) -> bool:
        state, latest = model.initial, -1
        for call in order:
            fits, state = model.step(state, call)
            if not fits or call.completed < latest:
                return False
            latest = max(latest, call.invoked)
        return True

    return any(legal(order) for order in permutations(calls))


class Recorder:
    """Operations of clients that come and go; a client whose operation is unclear is replaced."""

    def __init__(self, clients: int) -> None:
        self.processes = list(range(clients))
        self.idle = list(range(clients))
        self.operations: list[Operation] = []

    def record(self, client: int, kind: str, f: str, value) -> None:
        at = len(self.operations)
        self.operations.append(
            Operation(at, at * 1_000_000, self.processes[client], kind, f, value)
        )

    def invoke(self, r: random.Random, f: str, argument) -> int:
        client = self.idle.pop(r.randrange(len(self.idle)))
        self.record(client, INVOKE, f, argument)
        return client

    def complete(self, client: int, kind: str, f: str, value) -> None:
        if kind == INFO:
            self.record(client, kind, f, value)
            self.processes[client] += len(self.processes)
        else:
            self.record(client, kind, f, value)
        self.idle.append(client)

    def history(self) -> History:
        return History.from_operations(self.operations)


def random_calls(r: random.Random, plan, answer, *, clients: int, doubt: float) -> list[Call]:
    """These operations in any overlap; ``answer(f, argument)`` is what an ok one gives."""
    recorder, busy, waiting = Recorder(clients), [], list(plan)
    eagerness = r.choice((0.3, 0.5, 0.8))
    while waiting or busy:
        if waiting and recorder.idle and (not busy or r.random() < eagerness):
            f, argument = waiting.pop(0)
            busy.append((recorder.invoke(r, f, argument), f, argument))
            continue
        client, f, argument = busy.pop(r.randrange(len(busy)))
        chance = r.random()
        if chance < doubt:
            recorder.complete(client, INFO, f, argument)
        elif chance < doubt + 0.06:
            recorder.complete(client, FAIL, f, argument)
        else:
            recorder.complete(client, OK, f, answer(f, argument))
    return recorder.history().calls()


def linearizable_calls(
    r: random.Random, model, draw, *, number: int, clients: int, doubt: float = 0.0
) -> list[Call]:
    """A linearizable history: each operation takes effect at a moment between its events.

    ``draw(r)`` gives f and argument. What it answers is what the object, kept here in the simplest
    possible way, says at that moment.
    """
    recorder, busy, state = Recorder(clients), [], Simple(model)
    while number or busy:
        if number and recorder.idle and (not busy or r.random() < 0.4):
            f, argument = draw(r)
            busy.append([recorder.invoke(r, f, argument), f, argument, None])
            number -= 1
            continue
        entry = busy[r.randrange(len(busy))]
        client, f, argument, answer = entry
        if answer is None:
            if r.random() < doubt:
                busy.remove(entry)
                if r.random() < 0.5:
                    state.apply(f, argument)
                recorder.complete(client, INFO, f, argument)
            else:
                entry[3] = state.apply(f, argument)
            continue
        busy.remove(entry)
        recorder.complete(client, OK if answer[0] else FAIL, f, answer[1])
    return recorder.history().calls()


class Simple:
    """An object that does one operation after another: what it is and answers, in plain Python."""

    def __init__(self, model) -> None:
        self.kind, self.items = model.name, []
        self.value = None if "register" in model.name else 0

    def apply(self, f: str, argument):
        """Whether it succeeds, and the value of its completion."""
        if f in ("enqueue", "push", "insert"):
            self.items.append(argument)
        elif f in ("dequeue", "pop", "delete-min"):
            if not self.items:
                return True, None
            at = {"dequeue": 0, "pop": -1}.get(f)
            if at is None:
                at = self.items.index(min(self.items))
            return True, self.items.pop(at)
        elif f == "write":
            self.value = argument
        elif f == "cas":
            if self.value != argument[0]:
                return False, argument
            self.value = argument[1]
        elif f == "add" and self.kind == "counter":
            self.value += argument
        elif f == "add":
            self.items = [*self.items, argument] if argument not in self.items else self.items
        elif f == "remove":
            self.items = [item for item in self.items if item != argument]
        elif f == "contains":
            return True, argument in self.items
        elif f == "read":
            return True, self.value if self.kind != "set" else list(self.items)
        return True, argument


def container_draw(model, share: float = 0.5):
    """Draws insertions of new elements, in no order of size, and removals."""
    count = iter(range(10**9))

    def draw(r: random.Random):
        if r.random() < share:
            return model.insertion, next(count) ^ 5
        return model.removal, None

    return draw


def register_draw(cas: float = 0.0):
    """Draws reads, writes of new values, and cas from a recent value to a new one."""
    count = iter(range(10**9))

    def draw(r: random.Random):
        if r.random() < 0.5:
            return "read", None
        value = next(count)
        if r.random() < cas:
            return "cas", [r.choice((None, max(value - r.randint(1, 3), 0) or None)), value]
        return "write", value

    return draw


CONTAINERS = (models.queue(), models.stack(), models.priority_queue())


def calls_of(*operations):
    """Calls from (start, end, f, argument, result); an end of None is info, of "fail" a failure."""
    events = []
    for process, (start, end, f, argument, *result) in enumerate(operations):
        events.append((start, process, INVOKE, f, argument))
        kind = {None: INFO, "fail": FAIL}.get(end, OK)
        value = result[0] if result else argument
        events.append((end if kind == OK else start + 0.5, process, kind, f, value))
    events.sort(key=lambda event: event[0])
    return History.from_operations(
        Operation(at, int(time * 1_000_000_000), process, kind, f, value)
        for at, (time, process, kind, f, value) in enumerate(events)
    ).calls()


def check(model, *operations):
    chosen = choose(model, calls_of(*operations))
    assert chosen is not None
    return chosen.check()
