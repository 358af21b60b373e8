"""Virtual time: order of events, clocks that drift and jump."""

from __future__ import annotations

from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from splitbrain.harness.simulation.clock import EPOCH, HostClock
from splitbrain.harness.simulation.heap import EventHeap

times = st.floats(0, 1e6, allow_nan=False)
rates = st.floats(0.01, 100)


@given(st.lists(times))
def test_events_run_in_order_of_time_and_then_of_scheduling(moments):
    heap, ran = EventHeap(), []
    for number, moment in enumerate(moments):
        heap.at(moment, ran.append, (moment, number))

    heap.run_until(1e6)

    assert ran == sorted(ran)
    assert len(ran) == len(moments)
    assert heap.now == 1e6


def test_an_event_for_the_past_runs_now_and_not_before():
    heap, ran = EventHeap(), []
    heap.at(5.0, lambda: heap.at(1.0, lambda: ran.append(heap.now)))

    heap.run_until(10.0)

    assert ran == [5.0]


def test_stop_keeps_the_time_of_the_event_that_stopped():
    heap, ran = EventHeap(), []
    heap.at(2.0, heap.stop)
    heap.at(3.0, ran.append, "too late")

    heap.run_until(10.0)

    assert (heap.now, ran) == (2.0, [])


def test_events_after_the_limit_wait_for_the_next_call():
    heap, ran = EventHeap(), []
    heap.at(3.0, ran.append, "third second")

    heap.run_until(2.0)
    assert ran == []
    heap.run_until(3.0)
    assert ran == ["third second"]


@given(st.lists(st.tuples(st.floats(0, 1000), rates), max_size=5), rates, st.floats(0, 1000))
def test_a_timer_is_never_early(changes, rate, delay):
    """A timer that fired a hair early would find its deadline still ahead, and loop for ever."""
    clock, now = HostClock(origin=417.0, offset=0.0), 0.0
    for wait, changed in changes:
        now += wait
        clock.set_rate(now, changed)
    clock.set_rate(now, rate)
    deadline = clock.monotonic(now) + delay

    assert clock.monotonic(clock.true_time(deadline)) >= deadline


def test_no_deadline_is_never_due():
    assert HostClock(0.0, 0.0).true_time(inf) == inf


@given(times, rates)
def test_changing_the_rate_steps_neither_clock(now, rate):
    clock = HostClock(origin=10.0, offset=0.5)
    before = clock.monotonic(now), clock.wall(now)

    clock.set_rate(now, rate)

    assert (clock.monotonic(now), clock.wall(now)) == pytest.approx(before)


def test_a_jump_moves_the_wall_clock_alone():
    clock = HostClock(origin=10.0, offset=0.0)
    clock.offset += -3600.0

    assert clock.wall(5.0) == EPOCH + 5.0 - 3600.0
    assert clock.monotonic(5.0) == 15.0


@given(times, rates, st.floats(0, 2))
def test_slewing_steps_no_clock_and_moves_the_wall_clock_alone(now, rate, wall_rate):
    clock = HostClock(origin=10.0, offset=0.5)
    clock.set_rate(0.0, rate)
    before = clock.monotonic(now), clock.wall(now)
    clock.set_wall_rate(now, wall_rate)

    assert (clock.monotonic(now), clock.wall(now)) == pytest.approx(before)
    later = now + 10
    passed = clock.monotonic(later) - before[0]
    assert clock.wall(later) - before[1] == pytest.approx(passed * wall_rate, abs=1e-5)


def test_wall_rates_add_up_until_the_clock_is_set_right():
    clock = HostClock(origin=10.0, offset=0.0)
    clock.set_wall_rate(1.0, 0.0)
    clock.set_wall_rate(3.0, 1.5)
    assert clock.wall(5.0) == EPOCH + 1.0 + 3.0
    clock.set_wall_rate(5.0, 1.0)
    assert clock.wall(5.0) == EPOCH + 5.0
