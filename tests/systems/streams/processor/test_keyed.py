"""The operators of one group: what is late, when windows close, what a restart leaves as it was."""

from __future__ import annotations

import pytest

from splitbrain.systems.streams.processor.keyed import BOUND_MS, Event, Keyed


def keyed(partitions=1, state=None):
    return Keyed(0, 1, [0] * partitions, state or {})


def take(operators, *events, partition=0):
    for event in events:
        operators.take(partition, event, 0)
    return operators


def click(identity, time, user="a", amount=1):
    return Event("click", identity, user, time, amount)


def tier(identity, time, value):
    return Event("tier", identity, "a", time, value)


def search(identity, time, user="a"):
    return Event("search", identity, user, time, 1)


def region(identity, time, value):
    return Event("region", identity, "a", time, value)


def closed(operators):
    return [row[1:7] for row in operators.snapshot()[1].closed]


def test_a_tumbling_window_is_closed_when_the_watermark_is_at_its_end():
    operators = take(keyed(), click(1, 5_100), click(2, 5_900, amount=4), click(3, 6_199))
    assert ("tumbling", "a", 5_000, 6_000, 2, 5) not in closed(operators)

    take(operators, click(4, 6_000 + BOUND_MS))
    assert ("tumbling", "a", 5_000, 6_000, 2, 5) in closed(operators)


def test_an_event_counts_in_each_sliding_window_that_it_is_in():
    operators = take(keyed(), click(1, 5_100), click(2, 6_900, amount=4))
    take(operators, click(3, 9_000 + BOUND_MS, user="b"))

    assert [row for row in closed(operators) if row[0] == "sliding"] == [
        ("sliding", "a", 4_000, 6_000, 1, 1),
        ("sliding", "a", 5_000, 7_000, 2, 5),
        ("sliding", "a", 6_000, 8_000, 1, 4),
    ]


def test_a_session_joins_what_stands_on_both_sides_of_an_event():
    operators = take(keyed(), click(1, 5_000), click(2, 5_600), click(3, 5_450))
    take(operators, click(4, 9_000, user="b"))

    assert ("session", "a", 5_000, 6_100, 3, 3) in closed(operators)


def test_what_the_watermark_has_passed_is_late_and_is_counted_nowhere():
    operators = take(keyed(), click(1, 5_500), click(2, 5_500 - BOUND_MS), click(3, 5_299))

    assert operators.snapshot()[1].late == (3,)
    assert operators.state["window", "tumbling", "a", 5_000, 6_000] == (2, 2)


def test_the_slowest_partition_holds_the_watermark():
    operators = take(keyed(2), click(1, 9_000))
    assert operators.watermark == float("-inf")
    take(operators, click(2, 5_000), partition=1)
    assert operators.watermark == 5_000 - BOUND_MS


@pytest.mark.parametrize("restarted", [False, True])
def test_a_click_is_joined_with_the_tier_of_its_time_whatever_came_first(restarted):
    operators = take(keyed(), click(1, 5_000), tier(2, 5_100, 8), tier(3, 4_900, 7))
    if restarted:
        operators = keyed(1, operators.state)
    take(operators, click(4, 5_300))

    assert operators.snapshot()[1].joined == ((1, 7),)


@pytest.mark.parametrize("restarted", [False, True])
def test_a_search_meets_clicks_of_the_second_after_it_whichever_came_first(restarted):
    operators = take(keyed(), click(1, 5_100), search(2, 5_000), search(3, 5_050, user="b"))
    out = list(operators.snapshot()[1].pairs)
    if restarted:
        operators = keyed(1, operators.state)
    take(operators, click(4, 5_999), click(5, 6_000), click(6, 6_250))

    assert [*out, *operators.snapshot()[1].pairs] == [(2, 1), (2, 4), (3, None)]


def test_what_can_meet_nothing_any_more_is_forgotten():
    operators = take(keyed(), search(1, 5_000), click(2, 5_000), click(3, 6_199))
    assert operators.state.under("search")

    take(operators, click(4, 6_200))
    assert [key[2] for key in operators.state.under("click")] == [6_199, 6_200]
    assert not operators.state.under("search")


def test_a_change_is_joined_with_the_other_table_as_it_was_at_its_time():
    operators = take(keyed(), tier(1, 5_000, 7), region(2, 5_100, 3), region(3, 4_900, 9))
    take(operators, tier(4, 5_050, 8), click(5, 5_301))

    assert operators.snapshot()[1].rows == ((3, None, 9), (1, 7, 9), (4, 8, 9), (2, 8, 3))


def test_a_restart_forgets_nothing_of_time():
    operators = take(keyed(), click(1, 9_000))
    again = take(keyed(1, operators.state), click(2, 5_000))

    assert again.watermark == operators.watermark
    assert again.snapshot()[1].late == (2,)


def test_changes_since_a_snapshot_make_the_state_of_the_next_from_that_of_the_last():
    operators = take(keyed(), click(1, 5_000), tier(2, 5_100, 8))
    before = dict(operators.snapshot()[0])
    take(operators, click(3, 5_300), click(4, 8_000))
    changes, _ = operators.snapshot()

    made = {**before, **dict(changes)}
    assert {key: value for key, value in made.items() if value is not None} == operators.state
