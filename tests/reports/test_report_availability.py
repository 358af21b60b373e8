"""The longest time without a success, in the line of what a run exercised."""

from __future__ import annotations

from splitbrain.checkers.history import NEMESIS, History
from splitbrain.checkers.history.operation import Operation
from splitbrain.reports.availability import outage_parts


def history(*events):
    made = [Operation(i, int(at * 1e9), *event) for i, (at, *event) in enumerate(events)]
    return History.from_operations(made)


def phase(at, name):
    return (at, NEMESIS, "info", "phase", name)


def write(process, begin, end, kind="ok"):
    return [(begin, process, "invoke", "write", 1), (end, process, kind, "write", 1)]


def told(*events):
    made = history(*sorted(events, key=lambda event: event[0]))
    return outage_parts(made, made.calls())


def test_the_longest_time_between_two_successes_is_told():
    writes = [*write(1, 0.1, 0.2), *write(2, 0.3, 2.5), *write(1, 2.6, 2.7)]

    assert told(phase(0, "load"), *writes, phase(3, "heal")) == ["no success for 2.3 s at most"]


def test_what_failed_is_no_success_and_an_outage_may_last_to_the_end():
    writes = [*write(1, 0.1, 0.2), *write(2, 1.0, 1.5, "fail")]

    assert told(phase(0, "load"), *writes, phase(3, "heal")) == ["no success for 2.8 s at most"]


def test_short_ones_are_not_told_nor_is_anything_without_phases():
    writes = [*write(1, 0.1, 0.2), *write(1, 0.3, 0.4)]

    assert told(phase(0, "load"), *writes, phase(0.6, "heal")) == []
    assert told(*writes) == []
