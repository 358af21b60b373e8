"""What a run in real time cost, in words."""

import pytest

from splitbrain.checkers.history import NEMESIS, History, Operation
from splitbrain.reports.traffic import traffic_parts

SECOND = 10**9


def history(*events):
    return History.from_operations(
        Operation(index, round(time * SECOND), *event)
        for index, (time, *event) in enumerate(events)
    )


def parts(*events, rate=None):
    made = history(*events)
    return traffic_parts(made, made.calls(), rate)


COUNTED = {"between servers": 7, "with clients": 4, "with services": 0}


def test_nothing_is_told_of_a_ground_that_counts_nothing():
    assert parts((0, 1, "invoke", "read", None), (1, 1, "ok", "read", [])) == []


def test_messages_and_latencies_are_those_of_the_load():
    assert parts(
        (0.0, 1, "invoke", "echo", "a"),
        (0.002, 1, "ok", "echo", "a"),
        (0.1, 1, "invoke", "echo", "b"),
        (1.6, 1, "ok", "echo", "b"),
        (2.0, NEMESIS, "info", "traffic", COUNTED),
        (3.0, 1, "invoke", "echo", "c"),
        (8.0, 1, "ok", "echo", "c"),
    ) == [
        "3.5 messages an operation between servers",
        "2.0 messages an operation with clients",
        "latency 1.50 s in the median, at most 1.50 s",
    ]


@pytest.mark.parametrize(
    ("rate", "said"),
    [
        (100.0, ["40 operations a second where 100 were asked for"]),
        (50.0, []),  # chance makes as much of 50 in a second
        (30.0, []),
    ],
)
def test_a_rate_that_was_not_kept_is_told(rate, said):
    events = []
    for number in range(40):
        events += [(number / 50, 1, "invoke", "echo", number), (number / 50, 1, "ok", "echo", 0)]
    found = parts(*events, (1.0, NEMESIS, "info", "traffic", {}), rate=rate)
    assert [part for part in found if "asked for" in part] == said


def test_an_element_is_seen_by_all_once_no_read_begins_that_lacks_it():
    found = parts(
        (0.0, 1, "invoke", "add", 0),
        (0.1, 1, "ok", "add", 0),
        (0.2, 2, "invoke", "read", None),
        (0.3, 2, "ok", "read", []),
        (0.4, 2, "invoke", "read", None),
        (0.5, 2, "ok", "read", [0]),
        (0.5, 1, "invoke", "add", 1),
        (0.6, 1, "ok", "add", 1),
        (0.7, 2, "invoke", "read", None),
        (0.8, 2, "ok", "read", [0, 1]),
        (0.9, NEMESIS, "info", "traffic", COUNTED),
    )
    assert found[-1] == "added elements seen by all after 100.0 ms in the median, at most 100.0 ms"


def test_damaged_counts_are_no_reason_to_fail():
    load = [(0, 1, "invoke", "echo", "a"), (1, 1, "ok", "echo", "a")]
    assert parts(*load, (2, NEMESIS, "info", "traffic", 7)) == []
    assert parts(*load, (2, NEMESIS, "info", "traffic", {"somewhere": "7"}))[0][:7] == "latency"
