"""What a cache gives was current a while ago: examples, a twin by the definition, mutants."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest
from witnesses import shown_alone

from splitbrain.checkers import INVALID, UNKNOWN, VALID
from splitbrain.checkers.caching import cache_coherent
from splitbrain.checkers.history import History
from splitbrain.checkers.history.operation import Operation
from splitbrain.checkers.models import ModelError

SECOND = 1_000_000_000


def history(*events):
    """Events ``(seconds, process, type, f, value)``, in this order."""
    return History.from_operations(
        Operation(i, round(at * SECOND), *event) for i, (at, *event) in enumerate(events)
    )


def write(value, start, end, key="x", kind="ok"):
    process = 10 + value
    return [(start, process, "invoke", "write", [key, value]),
            (end, process, kind, "write", [key, value])]  # fmt: skip


def read(value, start, end, key="x"):
    return [(start, 1, "invoke", "read", [key, None]), (end, 1, "ok", "read", [key, value])]


def whole(*parts):
    return history(*sorted((event for part in parts for event in part), key=lambda each: each[0]))


W1, W2 = write(1, 0.0, 0.1), write(2, 1.0, 1.1)


@pytest.mark.parametrize(
    ("parts", "validity", "kinds"),
    [
        ([W1, W2, read(2, 5, 6)], VALID, []),
        ([W1, W2, read(1, 2.0, 2.1)], VALID, []),  # 0.9 s after
        ([W1, W2, read(1, 2.2, 2.3)], INVALID, ["stale"]),  # 1.1 s after
        ([W1, W2, read(None, 0.5, 0.6)], VALID, []),
        ([W1, W2, read(None, 1.2, 1.3)], INVALID, ["stale"]),
        ([W1, W2, read(3, 5, 6)], INVALID, ["unwritten"]),
        ([W1, write(2, 7, 8), read(2, 5, 6)], INVALID, ["unwritten"]),
        # Writes that overlap: either may have been the last.
        ([write(1, 0.0, 1.05), W2, read(1, 5, 6)], VALID, []),
        # One of unknown outcome may have come at any time.
        ([W2, write(3, 3, 3.1), write(1, 0, 0.1, kind="info"), read(1, 5, 6)], VALID, []),
        ([W1, read(1, 5, 6)], UNKNOWN, []),
        ([], UNKNOWN, []),
    ],
)
def test_cache_coherent(parts, validity, kinds):
    verdict = cache_coherent(bound=1.0).check(whole(*parts))

    assert (verdict.validity, [a.kind for a in verdict.anomalies]) == (validity, kinds), verdict


@pytest.mark.parametrize(
    "parts",
    [
        [W1, write(1, 0.2, 0.3)],
        [[(0, 1, "invoke", "jump", 1)]],
        [[(0, 1, "invoke", "read", ["x", None]), (1, 1, "ok", "read", 7)]],
    ],
)
def test_what_is_no_such_operation_is_refused(parts):
    with pytest.raises(ModelError):
        cache_coherent().check(history(*(event for part in parts for event in part)))


def test_a_bound_is_not_negative():
    with pytest.raises(ValueError, match="0 or more"):
        cache_coherent(bound=-1)


def simulated(random: Random) -> list[Operation]:
    """A right cache: writes take effect between their ends, reads look back half a second."""
    calls, effects = [], []
    for process in range(random.randrange(3, 10)):
        key, start = random.choice("xy"), random.random() * 4
        end = start + random.random()
        if random.random() < 0.5:
            at = random.uniform(start, end)
            effects.append((at, key, process))
            kind = "ok" if random.random() < 0.8 else "info"
            calls.append((process, "write", key, process, start, end, kind))
        else:
            calls.append((process, "read", key, random.uniform(start - 0.5, end), start, end, "ok"))
    events = []
    for process, f, key, what, start, end, kind in calls:
        value = what
        if f == "read":
            before = [e for e in effects if e[1] == key and e[0] <= what]
            value = max(before)[2] if before else None
        asked = [key, None] if f == "read" else [key, value]
        events += [(start, process, "invoke", f, asked), (end, process, kind, f, [key, value])]
    events.sort(key=lambda event: event[0])
    return [Operation(i, round(at * SECOND), *event) for i, (at, *event) in enumerate(events)]


def mutated(operations: list[Operation], random: Random) -> list[Operation]:
    """The same with another value in one read."""
    reads = [n for n, o in enumerate(operations) if o.f == "read" and o.type == "ok"]
    if not reads:
        return operations
    at = random.choice(reads)
    value = [operations[at].value[0], random.choice([None, *range(10)])]
    return [replace(o, value=value) if n == at else o for n, o in enumerate(operations)]


def twin(operations: list[Operation], bound: float) -> list[str]:
    """Anomalies of the reads, by what the definition says of each write of the key."""
    ends = {o.process: o for o in operations if o.type == "ok"}
    kinds = []
    for asked in operations:
        done = ends.get(asked.process)
        if asked.type != "invoke" or asked.f != "read" or done is None:
            continue
        key, value = done.value
        writes = [o for o in operations if o.type == "invoke" and o.f == "write"]
        writes = [o for o in writes if o.value[0] == key]
        own = [o for o in writes if o.value[1] == value and o.index < done.index]
        if value is not None and not own:
            kinds.append("unwritten")
            continue
        own_end = ends.get(own[0].process) if own else None
        if own and own_end is None:
            continue
        for other in writes:
            end = ends.get(other.process)
            after = not own or other.index > own_end.index
            if end and after and end.time < asked.time - round(bound * SECOND):
                kinds.append("stale")
                break
    return sorted(kinds)


@pytest.mark.parametrize("seed", range(4))
def test_the_checker_agrees_with_its_twin(seed):
    random = Random(seed)
    for _ in range(250):
        operations = simulated(random)
        assert not cache_coherent(0.5).check(History.from_operations(operations)).anomalies
        for events in (operations, mutated(operations, random)):
            for bound in (0.0, 0.5, 1.5):
                history = History.from_operations(events)
                verdict = cache_coherent(bound).check(history)
                shown_alone(cache_coherent(bound), history, verdict)
                assert sorted(a.kind for a in verdict.anomalies) == twin(events, bound), events
