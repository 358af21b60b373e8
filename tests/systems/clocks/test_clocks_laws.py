"""What clocks owe to what happened: stamps against "happened before", written out by events."""

from __future__ import annotations

from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from splitbrain.systems.clocks.hybrid import HybridClock, HybridStamp, TooFarAheadError
from splitbrain.systems.clocks.intervals import IntervalClock
from splitbrain.systems.clocks.lamport import LamportClock
from splitbrain.systems.clocks.vectors import VectorClock, compared, covers, joined, ticked

NODES = ("n1", "n2", "n3")

SKEW = 5
"""How far apart the nodes' times of day are at most in these scripts."""

scripts = st.lists(
    st.tuples(
        st.sampled_from(NODES),
        st.one_of(st.none(), st.integers(0, 30)),  # its own event, or the arrival of one of these
        st.integers(0, 3),  # how much later it is
        st.integers(0, SKEW),  # how far the node's clock is ahead then
    ),
    max_size=30,
)


class Event(NamedTuple):
    """An event with all that happened before it, and the time of day that its clock shows."""

    node: str
    heard: int | None
    before: frozenset[int]
    shown: int


def events_of(script):
    """The events of a script; an arrival is that of a message sent at an earlier event."""
    events, last, time, shown = [], {}, 100, dict.fromkeys(NODES, 0)
    for node, choice, later, ahead in script:
        time += later
        shown[node] = max(shown[node], time + ahead)  # a good clock does not go back
        heard = choice % len(events) if choice is not None and events else None
        before = set()
        for cause in (last.get(node), heard):
            if cause is not None:
                before |= {cause, *events[cause].before}
        last[node] = len(events)
        events.append(Event(node, heard, frozenset(before), shown[node]))
    return events


def stamped(events, clocks):
    """Each event's stamp by its node's clock."""
    stamps = []
    for event in events:
        clock = clocks[event.node]
        stamps.append(clock.tick() if event.heard is None else clock.receive(stamps[event.heard]))
    return stamps


def pairs(events):
    return [(a, b) for a in range(len(events)) for b in range(len(events)) if a != b]


@settings(max_examples=60, deadline=None)
@given(scripts)
def test_lamport_stamps_are_all_different_and_grow_with_what_happened_before(script):
    events = events_of(script)
    stamps = stamped(events, {node: LamportClock(node) for node in NODES})

    assert len(set(stamps)) == len(stamps)
    assert all(stamps[a] < stamps[b] for a, b in pairs(events) if a in events[b].before)


def test_a_smaller_lamport_stamp_may_be_that_of_a_later_event():
    busy, idle = LamportClock("n1"), LamportClock("n2")
    earlier = [busy.tick() for _ in range(3)][-1]

    assert idle.tick() < earlier


@settings(max_examples=60, deadline=None)
@given(scripts)
def test_vectors_are_smaller_exactly_where_it_happened_before(script):
    events = events_of(script)
    stamps = stamped(events, {node: VectorClock(node) for node in NODES})
    told = {(a, b): compared(stamps[a], stamps[b]) for a, b in pairs(events)}

    assert {pair for pair, order in told.items() if order == "before"} == {
        (a, b) for a, b in pairs(events) if a in events[b].before
    }
    assert all((told[b, a] == "after") == (told[a, b] == "before") for a, b in told)


@settings(max_examples=60, deadline=None)
@given(scripts)
def test_a_vector_is_the_count_of_known_events_by_node(script):
    events = events_of(script)
    stamps = stamped(events, {node: VectorClock(node) for node in NODES})
    for number, (event, stamp) in enumerate(zip(events, stamps, strict=True)):
        known = [events[e].node for e in (*event.before, number)]
        assert stamp == tuple(sorted((node, known.count(node)) for node in set(known)))


vectors = st.dictionaries(st.sampled_from("abc"), st.integers(1, 3)).map(
    lambda counts: tuple(sorted(counts.items()))
)


@settings(max_examples=60, deadline=None)
@given(vectors, vectors)
def test_what_two_know_together_is_the_least_that_covers_both(one, other):
    both = joined(one, other)

    assert covers(both, one)
    assert covers(both, other)
    assert all(count in (dict(one).get(a), dict(other).get(a)) for a, count in both)
    assert compared(one, ticked(one, "a")) == "before"


def hybrid_clocks(events):
    """Clocks that show what the script says, in the order in which it asks."""
    shown = {node: [e.shown for e in events if e.node == node] for node in NODES}
    return {node: HybridClock(iter(times).__next__) for node, times in shown.items()}


@settings(max_examples=60, deadline=None)
@given(scripts)
def test_hybrid_stamps_grow_with_what_happened_before(script):
    events = events_of(script)
    stamps = stamped(events, hybrid_clocks(events))

    assert all(stamps[a] < stamps[b] for a, b in pairs(events) if a in events[b].before)


@settings(max_examples=60, deadline=None)
@given(scripts)
def test_a_hybrid_stamp_is_bounded_as_the_paper_proves(script):
    """Theorems 2, 3 and 4 of Kulkarni et al."""
    events = events_of(script)
    stamps = stamped(events, hybrid_clocks(events))
    for event, stamp in zip(events, stamps, strict=True):
        assert stamp.wall == max([event.shown, *(events[e].shown for e in event.before)])
        assert stamp.wall - event.shown <= SKEW
        assert stamp.logical <= sum(stamps[e].wall == stamp.wall for e in event.before)


def test_a_clock_that_goes_back_does_not_take_hybrid_stamps_along():
    shown = iter([100, 40, 41])
    clock = HybridClock(lambda: next(shown))

    assert [clock.tick() for _ in range(3)] == [(100, 0), (100, 1), (100, 2)]


@pytest.mark.parametrize(
    ("wall", "after"), [(110, HybridStamp(110, 1)), (111, HybridStamp(100, 0))]
)
def test_a_stamp_too_far_ahead_is_refused_and_changes_nothing(wall, after):
    clock = HybridClock(lambda: 100, most_ahead=10)
    clock.tick()
    if after.wall == 100:
        with pytest.raises(TooFarAheadError, match="11 ahead"):
            clock.receive(HybridStamp(wall, 0))
    else:
        clock.receive(HybridStamp(wall, 0))

    assert clock.last == after


answers = st.lists(
    st.tuples(st.floats(0, 2), st.floats(0, 2), st.floats(0, 2)), min_size=1, max_size=6
)


@settings(max_examples=100, deadline=None)
@given(answers, st.floats(0.5, 2), st.floats(0.5, 2))
def test_the_time_lies_in_every_interval_while_the_skew_holds(script, own_rate, their_rate):
    """Questions and answers under way for any time, between clocks of any rates up to the skew."""
    skew = max(own_rate, their_rate) / min(own_rate, their_rate)
    clock, true = IntervalClock(skew), 0.0
    for there, back, later in script:
        asked = true * own_rate
        said = 700 + (true + there) * their_rate
        true += there + back
        before = clock.at(true * own_rate).earliest if clock.set else 0.0
        clock.learn(said, asked, true * own_rate)
        assert clock.at(true * own_rate).earliest >= before
        for moment in (true, true + later):
            interval = clock.at(moment * own_rate)
            time = 700 + moment * their_rate
            assert interval.earliest <= time + 1e-9
            assert time <= interval.latest + 1e-9
        true += later


def test_of_two_answers_it_keeps_the_better_bound_on_either_side():
    clock = IntervalClock(skew=1.0)
    clock.learn(100.0, asked=0.0, now=0.1)
    assert clock.at(5.1) == pytest.approx((105.0, 105.1))
    clock.learn(105.05, asked=4.0, now=5.1)  # long under way: it may be much later by now

    assert clock.at(5.1) == pytest.approx((105.05, 105.1))


def test_who_was_told_nothing_knows_no_time():
    clock = IntervalClock(skew=2.0)

    assert not clock.set
    with pytest.raises(LookupError, match="nobody has told"):
        clock.at(1.0)
