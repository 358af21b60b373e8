"""Predicate reads by definition: all orders of commits are tried, with whatever was read."""

import copy
import json
import random
from itertools import combinations, permutations

import pytest
from isolation_twin import HISTORIES, Txn, _schedule

from splitbrain.checkers.history import FAIL, INFO, OK, History
from splitbrain.checkers.isolation import predicate_reads, verify
from splitbrain.checkers.verdict import INVALID, UNKNOWN, VALID, Verdict

pytestmark = pytest.mark.slow

PREDICATES = ("all", ["=", 1], ["<", 2], [">", 1], ["mod", 2, 1])
MATCHES = {
    "all": lambda v: True,
    "=": lambda v: v == 1,
    "<": lambda v: v < 2,
    ">": lambda v: v > 1,
    "mod": lambda v: v % 2 == 1,
}
FORMS = {"": "", "session": "strong-session-", "real": "strong-"}


def matching(asked, state):
    fits = MATCHES[asked if isinstance(asked, str) else asked[0]]
    return sorted([key, value] for key, value in state.items() if fits(value))


def seen(micro, state):
    """What a read returns in a state."""
    return state.get(micro[1]) if micro[0] == "r" else matching(micro[1], state)


def micros(call):
    return call.result if call.outcome == OK else call.argument


def explained(call, state):
    """Whether a state, with the transaction's own writes, gives all that it read."""
    state = dict(state)
    for f, key, value in micros(call):
        if f == "w":
            state[key] = value
            if value is None:
                del state[key]
        elif call.outcome == OK:
            found = sorted(value) if f == "rp" else value
            if found != seen([f, key], state):
                return False
    return True


def before(first, second, time):
    if not time or first.completed is None or first.completed > second.invoked:
        return False
    return time == "real" or first.process == second.process


def holds(calls, snapshot, time):
    """Whether an order of commits, and under snapshot isolation a begin for each, explains all."""
    certain = [call for call in calls if call.outcome == OK]
    unclear = [call for call in calls if call.outcome not in (OK, FAIL)]
    return any(
        fits([*order], snapshot, time)
        for size in range(len(unclear) + 1)
        for extra in combinations(unclear, size)
        for order in permutations([*certain, *extra])
    )


def fits(order, snapshot, time):
    states, wrote = [{}], []
    deleted = set()
    for call in order:
        written = {key: value for f, key, value in micros(call) if f == "w"}
        for f, key, value in micros(call):
            if f == "w" and value is None:
                deleted.add(key)
            elif f == "w" and key in deleted:
                return False  # each key is absent, then there, then deleted
        state = {**states[-1], **written}
        states.append({key: value for key, value in state.items() if value is not None})
        wrote.append(set(written))
    for at, call in enumerate(order):
        if any(before(call, order[earlier], time) for earlier in range(at)):
            return False
        first = max((i + 1 for i in range(at) if before(order[i], call, time)), default=0)
        begins = range(first if snapshot else at, at + 1)
        if not any(
            explained(call, states[begin])
            and not wrote[at].intersection(*[set().union(*wrote[begin:at])])
            for begin in begins
        ):
            return False
    return True


def random_history(rng):
    """Transactions over keys that are written once and perhaps deleted, under old snapshots."""
    states, inserted, deleted = [{}], [], set()
    sessions = rng.randint(2, 5)
    txns = []
    for _ in range(rng.randint(2, 5)):
        outcome = rng.choices([OK, FAIL, INFO], [9, 1, 1])[0]
        begin = rng.randint(max(0, len(states) - 3), len(states) - 1)
        own = dict(states[begin])
        body, written = [], {}
        for _ in range(rng.randint(1, 3)):
            drawn = rng.random()
            old = [k for k in inserted if k in own and k not in deleted]
            if drawn < 0.3:
                key = f"k{len(inserted)}"
                inserted.append(key)
                own[key] = written[key] = rng.randint(0, 3)
                body.append(["w", key, own[key]])
            elif drawn < 0.45 and old:
                key = rng.choice(old)
                deleted.add(key)
                del own[key]
                written[key] = None
                body.append(["w", key, None])
            elif drawn < 0.6 and inserted:
                body.append(["r", key := rng.choice(inserted), own.get(key)])
            else:
                asked = rng.choice(PREDICATES)
                body.append(["rp", asked, matching(asked, own)])
        if outcome != OK:
            body = [[f, k, v if f == "w" else None] for f, k, v in body]
        txns.append(Txn(rng.randrange(sessions), body, outcome))
        if outcome == OK or (outcome == INFO and rng.random() < 0.6):
            state = {**states[-1], **written}
            states.append({key: value for key, value in state.items() if value is not None})
    if rng.random() < 0.4:
        rng.shuffle(txns)
    _mutate(rng, txns)
    operations = _schedule(rng, txns, sessions)
    # Invocations say nothing of what is read.
    return History.from_operations(
        operation if operation.type == OK else _unread(operation) for operation in operations
    )


def _unread(operation):
    value = [[f, k, v if f == "w" else None] for f, k, v in operation.value]
    operation = copy.copy(operation)
    object.__setattr__(operation, "value", value)
    return operation


def _mutate(rng, txns):
    reads = [m for t in txns if t.outcome == OK for m in t.micros if m[0] != "w"]
    items = [[k, v] for t in txns for f, k, v in t.micros if f == "w" and v is not None]
    for _ in range(rng.choice((0, 0, 1, 1, 2)) if reads else 0):
        micro = rng.choice(reads)
        if micro[0] == "r":
            micro[2] = rng.choice([None, *(v for k, v in items if k == micro[1])])
        elif micro[2] and rng.random() < 0.5:
            micro[2] = [item for item in micro[2] if item is not rng.choice(micro[2])]
        elif items:
            extra = rng.choice(items)
            if extra not in micro[2] and (rng.random() < 0.1 or matching(micro[1], dict([extra]))):
                micro[2] = sorted([*micro[2], extra])


@pytest.mark.parametrize("time", FORMS)
@pytest.mark.parametrize("level", ["serializable", "snapshot-isolation"])
def test_verdicts_are_those_of_the_definition(level, time):
    rng = random.Random(f"predicates {level} {time}")
    checker = predicate_reads(FORMS[time] + level)
    outcomes = {True: 0, False: 0}
    for _ in range(HISTORIES // 10):
        history = random_history(rng)
        verdict = checker.check(history)
        if verdict.validity is UNKNOWN:
            assert "nothing was exercised" in verdict.reason or "no order" in verdict.reason
            continue
        expected = holds(history.calls(), level != "serializable", time)
        outcomes[expected] += 1
        assert (verdict.validity is VALID) <= expected, (list(history), verdict)
        assert (verdict.validity is INVALID) <= (not expected), (list(history), verdict)
        verify(history, Verdict.from_json(json.loads(json.dumps(verdict.to_json()))))
    assert min(outcomes.values()) > HISTORIES / 100
