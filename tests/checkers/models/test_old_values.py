"""Operations that give the value before (or after) them: swaps of registers, sums of counters.

The definition here is one of its own: all orders of a small history are tried on an object that
knows nothing of models.
"""

import random
from itertools import permutations

import pytest

from splitbrain.checkers import INVALID, UNKNOWN, VALID, checker_for_model, kernels, load
from splitbrain.checkers.history import INFO, INVOKE, OK, History, HistoryError, Operation
from splitbrain.checkers.models import ModelError

HISTORIES = 250


@pytest.fixture(params=["interpreted", "compiled"], autouse=True)
def kernel(request, monkeypatch):
    """Both ways to read a history: by calls, and by columns, which leave these to the calls."""
    if request.param == "compiled" and not kernels.numba_installed():
        pytest.skip("numba is not installed")
    monkeypatch.setenv(kernels.SWITCH, request.param)


def register_does(state, f, given):
    return {"swap": (given, state), "write": (given, given), "read": (state, state)}[f]


def store_does(state, f, given):
    return {
        "swap": (given, state),
        "put": (given, given),
        "get": (state, state),
        "append": ((state or "") + (given or ""), given),
        "delete": (None, None),
    }[f]


def counter_does(state, f, given):
    after = state + (given or 0)
    return {
        "fetch-add": (after, state),
        "add-fetch": (after, after),
        "add": (after, given),
        "read": (state, state),
    }[f]


OBJECTS = {
    "register": (register_does, None, ("swap", "swap", "write", "read"), (1, 2)),
    "kv": (store_does, None, ("swap", "swap", "put", "get", "append", "delete"), ("a", "b")),
    "counter": (counter_does, 0, ("fetch-add", "add-fetch", "add", "read"), (1, 1, 2, -1)),
}
GIVEN_NOTHING = ("read", "get", "delete")


def a_run(r, name, clients=3, number=5):
    """Operations of an object that works: each takes effect between its two events, or never."""
    does, state, fs, values = OBJECTS[name]
    events, busy, process = [], {}, dict.fromkeys(range(clients))

    def record(who, kind, f, value):
        events.append(Operation(len(events), len(events), who, kind, f, value))

    names = list(process)
    while number or busy:
        free = [at for at in range(clients) if at not in busy]
        if number and free and r.random() < 0.5:
            at, f, number = r.choice(free), r.choice(fs), number - 1
            given = None if f in GIVEN_NOTHING else r.choice(values)
            busy[at] = [f, given, False, None]
            record(names[at], INVOKE, f, given)
        elif busy:
            at = r.choice(list(busy))
            f, given, done, told = busy[at]
            if not done:
                if r.random() < 0.8:
                    state, told = does(state, f, given)
                    busy[at] = [f, given, True, told]
                    continue
                told = None
            del busy[at]
            lost = not done or r.random() < 0.1
            record(names[at], INFO if lost else OK, f, given if lost else told)
            if lost:
                names[at] += clients
    return events


def mutated(r, name, events):
    """What one operation was told is another's, or any."""
    values = (*OBJECTS[name][3], 0, 3) if name == "counter" else (*OBJECTS[name][3], None)
    told = [e for e in events if e.type == OK and e.f in (*GIVEN_NOTHING, *TELLING)]
    told = [e for e in told if e.f != "delete"]
    if told:
        r.choice(told).value = r.choice([r.choice(told).value, r.choice(values)])
    return events


TELLING = ("swap", "fetch-add", "add-fetch")


def by_definition(name, events):
    """Whether some order of the operations gives each what it was told."""
    does, initial, _, _ = OBJECTS[name]
    calls = History.from_operations(events).calls()
    sure = [c for c in calls if c.outcome == OK]
    unsure = [c for c in calls if c.outcome == INFO]
    for chosen in range(1 << len(unsure)):
        some = sure + [c for at, c in enumerate(unsure) if chosen >> at & 1]
        for order in permutations(some):
            if _allowed(does, initial, order):
                return True
    return False


def _allowed(does, state, order):
    latest = -1
    for call in order:
        if call.completed is not None and call.completed < latest:
            return False
        latest = max(latest, call.invoked)
        state, told = does(state, call.f, call.argument)
        tells = call.f in (*TELLING, "read", "get")
        if call.outcome == OK and tells and told != call.result:
            return False
    return True


@pytest.mark.parametrize("name", OBJECTS)
def test_against_the_definition(name):
    r, counts = random.Random(name), {VALID: 0, INVALID: 0}
    checker = checker_for_model(name, keyed=False)
    for _ in range(HISTORIES):
        events = mutated(r, name, a_run(r, name, number=r.randint(2, 5)))
        verdict = checker.check(History.from_operations(events))
        if verdict.validity is UNKNOWN:
            assert "nothing was exercised" in verdict.reason
            continue
        assert verdict.validity is (VALID if by_definition(name, events) else INVALID), events
        counts[verdict.validity] += 1
    assert min(counts.values()) > HISTORIES / 20, counts


@pytest.mark.parametrize("name", OBJECTS)
def test_key_by_key(name):
    f, given = OBJECTS[name][2][0], OBJECTS[name][3][0]
    old = {"counter": 0}.get(name)
    for told, validity in ((old, VALID), (given, INVALID)):
        events = [
            Operation(0, 0, 0, INVOKE, f, ["x", given]),
            Operation(1, 1, 0, OK, f, ["x", told]),
        ]
        verdict = checker_for_model(name).check(History.from_operations(events))
        assert verdict.validity is validity, verdict.reason


def test_additions_that_tell_the_sum_count_for_the_bounds_of_a_read():
    steps = [("fetch-add", 2, 0), ("add", 1, 1), ("add-fetch", 3, 6), ("read", None, 6)]
    events = []
    for f, given, told in steps:
        for kind, value in ((INVOKE, given), (OK, told)):
            events.append(Operation(len(events), len(events), 0, kind, f, value))
    assert checker_for_model("counter").check(History.from_operations(events)).validity is VALID
    events[-1].value = 5
    assert checker_for_model("counter").check(History.from_operations(events)).validity is INVALID


def test_what_a_swap_of_a_store_gives_is_a_string():
    events = [Operation(0, 0, 0, INVOKE, "swap", "a"), Operation(1, 1, 0, OK, "swap", 5)]
    with pytest.raises(ModelError, match="operation 1: a swap gives a string or null, not 5"):
        checker_for_model("kv").check(History.from_operations(events))


def test_completions_alone_do_not_say_what_a_swap_was_given(tmp_path):
    path = tmp_path / "h.edn"
    path.write_text("{:type :ok :f :write :value 1 :process 0}\n{:type :ok :f :swap :value 1}\n")
    path.write_text(path.read_text().replace(":swap :value 1", ":swap :value 1 :process 0"))
    with pytest.raises(HistoryError, match=r"h\.edn:2: .*nobody knows what swap was given"):
        load(path)
