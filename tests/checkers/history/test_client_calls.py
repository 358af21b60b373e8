"""Clients' operations as columns say what a plain walk over the events does."""

import random
from collections import Counter

import pytest

from splitbrain.checkers.history import Call, History, Operation


def drawn(seed: int) -> History:
    """A random history in which some operations end as fail, info or never, and nemeses speak."""
    r = random.Random(seed)
    events: list[Operation] = []
    under_way: dict[int, str] = {}
    clients = list(range(4))
    time = 0
    for _ in range(r.randrange(60)):
        time += r.randrange(3)
        index = (events[-1].index if events else -1) + r.choice((1, 1, 2))
        place = r.randrange(5)
        if place == 4:
            events.append(Operation(index, time, "nemesis", "info", r.choice(("kill", "read"))))
            continue
        process = clients[place]
        if process not in under_way:
            under_way[process] = r.choice(("read", "write", "cas"))
            kind = "invoke"
        else:
            kind = r.choice(("ok", "ok", "fail", "info"))
        events.append(Operation(index, time, process, kind, under_way[process], r.randrange(9)))
        if kind != "invoke":
            del under_way[process]
        if kind == "info":
            clients[place] += 10
    return History.from_operations(events)


def walked(history: History) -> list[Call]:
    """The operations, told by going through the events."""
    calls: list[Call] = []
    under_way: dict[object, Call] = {}
    for at, event in enumerate(history):
        if not isinstance(event.process, int):
            continue
        if event.type == "invoke":
            call = Call(
                event.process, event.f, event.value, None, "info", at, None,
                event.time, None, event.index, None,
            )  # fmt: skip
            calls.append(call)
            under_way[event.process] = call
            continue
        call = under_way.pop(event.process)
        call.complete_index = event.index
        if event.type != "info":
            call.outcome, call.completed, call.end = event.type, at, event.time
            call.result = event.value if event.type == "ok" else None
    return calls


@pytest.mark.parametrize("seed", range(60))
def test_operations_one_by_one_and_as_columns(seed):
    history = drawn(seed)
    calls, expected = history.client_calls, walked(history)
    assert list(calls) == history.calls() == expected
    assert [calls[at] for at in range(len(calls))] == expected
    assert calls[2:7] == expected[2:7]
    assert calls[-1:] == expected[-1:]

    seen: Counter[str] = Counter()
    numbers = []
    for call in expected:
        seen[call.f] += 1
        numbers.append(seen[call.f])
    assert calls.numbers.tolist() == numbers
    assert calls.counts() == Counter((call.f, call.outcome) for call in expected)
    for first, last in ((0, 0), (5, 9), (30, 31), (90, 99)):
        assert calls.open_between(first, last).tolist() == [
            at
            for at, call in enumerate(expected)
            if call.start <= last and (call.end is None or call.end >= first)
        ]


@pytest.mark.parametrize("seed", range(20))
def test_the_operation_of_an_index(seed):
    history = drawn(seed)
    place = {
        index: at
        for at, call in enumerate(history.client_calls)
        for index in (call.invoke_index, call.complete_index)
        if index is not None
    }
    for index in (*range(-2, 130), 2**63, -(10**30)):
        assert history.client_calls.place_of(index) == place.get(index)


def test_counts_are_in_the_order_in_which_functions_first_appear():
    history = History.from_operations(
        Operation(at, at, at, "invoke", f) for at, f in enumerate(("write", "read", "cas", "read"))
    )
    assert list(history.client_calls.counts()) == [
        ("write", "info"), ("read", "info"), ("cas", "info"),
    ]  # fmt: skip
