"""Caches that announce what they do: examples, and a twin that keeps all pairs."""

from __future__ import annotations

from random import Random

import pytest
from witnesses import shown_alone

from splitbrain.checkers import INVALID, UNKNOWN, VALID
from splitbrain.checkers.caching import no_stale_set, single_flight
from splitbrain.checkers.history import History
from splitbrain.checkers.history.operation import Operation
from splitbrain.checkers.models import ModelError


def told(*events, node="n2"):
    """Announcements ``f key version``, of one node unless they say another."""
    made = []
    for index, event in enumerate(events):
        f, *rest = event.split()
        value = {name: int(part) if part.isdigit() else part
                 for name, part in zip(("key", "version"), rest, strict=False)}  # fmt: skip
        made.append(Operation(index, index, node, "info", f, value))
    return History.from_operations(made)


@pytest.mark.parametrize(
    ("events", "validity"),
    [
        (["filled x 1", "invalidated x 2", "filled x 2"], VALID),
        (["filled x 2", "invalidated y 3", "filled x 2"], VALID),
        (["filled x 1", "invalidated x 3", "filled x 2"], INVALID),
        (["filled x 2", "filled x 1"], INVALID),
        (["invalidated x 3", "started", "filled x 2"], VALID),  # another life
        (["filled x 1"], UNKNOWN),
        ([], UNKNOWN),
    ],
)
def test_no_stale_set(events, validity):
    assert no_stale_set().check(told(*events)).validity is validity


@pytest.mark.parametrize(
    ("events", "validity"),
    [
        (["loading x", "loaded x", "loading x", "loaded x"], VALID),
        (["loading x", "loading y", "loaded x", "loaded y"], VALID),
        (["loading x", "loading x"], INVALID),
        (["loading x", "started", "loading x"], VALID),  # another life
        ([], UNKNOWN),
    ],
)
def test_single_flight(events, validity):
    assert single_flight().check(told(*events)).validity is validity


@pytest.mark.parametrize("event", ["filled 3 1", "filled x", "invalidated x y"])
def test_what_lacks_a_key_or_a_version_is_refused(event):
    with pytest.raises(ModelError):
        no_stale_set().check(told(event))


def twin(events):
    """The places of fills after something newer, and of loads within loads."""
    stale, herd = set(), set()
    for at, event in enumerate(events):
        f, *rest = event.split()
        start = max((n for n in range(at) if events[n] == "started"), default=-1) + 1
        before = [each.split() for each in events[start:at]]
        if f == "filled":
            known = [int(b[2]) for b in before if b[0] in ("filled", "invalidated")
                     and b[1] == rest[0]]  # fmt: skip
            if any(version > int(rest[1]) for version in known):
                stale.add(at)
        if f == "loading":
            mine = [b[0] for b in before if b[0] in ("loading", "loaded") and b[1] == rest[0]]
            open_loads = 0
            for each in mine:
                open_loads = open_loads + 1 if each == "loading" else max(0, open_loads - 1)
            if open_loads:
                herd.add(at)
    return stale, herd


def test_the_checkers_agree_with_their_twin():
    random = Random(1)
    for _ in range(1000):
        events = []
        for _ in range(random.randrange(12)):
            f = random.choice(["filled", "invalidated", "loading", "loaded", "started"])
            version = f" {random.randrange(4)}" if f in ("filled", "invalidated") else ""
            events.append(f if f == "started" else f"{f} {random.choice('xy')}{version}")
        stale, herd = twin(events)
        made = told(*events)
        fills, loads = no_stale_set().check(made), single_flight().check(made)
        shown_alone(no_stale_set(), made, fills)
        shown_alone(single_flight(), made, loads)
        assert {a.operations[-1] for a in fills.anomalies} == stale
        assert {a.operations[-1] for a in loads.anomalies} == herd
