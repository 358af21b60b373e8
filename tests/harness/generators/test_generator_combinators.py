"""What each combinator does, on histories small enough to write down."""

from collections import Counter
from itertools import pairwise

import pytest
from generator_simulator import invocations, ops, simulate, told, values

from splitbrain.checkers.history.operation import FAIL, INFO, OK
from splitbrain.harness.generators import (
    GeneratorError,
    Invocation,
    any_of,
    cycle,
    delay,
    each_client,
    filter_,
    flip_flop,
    limit,
    listed,
    map_,
    mix,
    on_clients,
    once,
    phases,
    repeat,
    reserve,
    sleep,
    stagger,
    synchronize,
    then,
    time_limit,
    until_ok,
    weighted,
)
from splitbrain.harness.plan import InvalidPlan, PlannedOperation

READ, WRITE = {"f": "read"}, {"f": "write", "value": 1}


class TestLimits:
    def test_limit(self):
        assert values(simulate(limit(2, ops(1, 2, 3)))) == [1, 2]
        assert values(simulate(limit(9, ops(1, 2, 3)))) == [1, 2, 3]
        assert simulate(limit(0, ops(1))) == []

    def test_once(self):
        assert values(simulate(once(ops(1, 2, 3)))) == [1]

    def test_repeat_does_not_move_on(self):
        assert values(simulate(repeat(ops(1, 2), 3))) == [1, 1, 1]
        assert values(simulate(limit(5, repeat(ops(1, 2))))) == [1] * 5

    def test_repeat_keeps_waiting_where_it_was(self):
        source = repeat(Invocation(25, 0, "read"), 2)

        assert [time for time, *_ in told(simulate(source, clients=1))] == [25, 35]

    def test_cycle_starts_over(self):
        assert values(simulate(limit(5, cycle(ops(1, 2))))) == [1, 2, 1, 2, 1]
        assert values(simulate(cycle(ops(1, 2), 2))) == [1, 2, 1, 2]
        assert simulate(cycle([])) == []
        assert simulate(cycle(ops(1), 0)) == []

    @pytest.mark.parametrize("make", [limit, lambda n, g: repeat(g, n), lambda n, g: cycle(g, n)])
    def test_negative_numbers_are_refused(self, make):
        with pytest.raises(ValueError, match="is given -1: give a number from 0 up"):
            make(-1, READ)


class TestMixes:
    def test_a_mix_is_about_even(self):
        count = Counter(
            f for *_, f, _ in told(simulate(limit(3000, mix(repeat(READ), repeat(WRITE)))))
        )

        assert count.total() == 3000
        assert 1400 < count["read"] < 1600

    def test_weights(self):
        source = weighted((9, repeat(READ)), (1, repeat(WRITE)), (0, repeat({"f": "never"})))
        count = Counter(f for *_, f, _ in told(simulate(limit(3000, source))))

        assert count.keys() == {"read", "write"}
        assert 250 < count["write"] < 350

    def test_a_mix_goes_on_with_what_is_left(self):
        assert Counter(values(simulate(mix(ops(1), ops(2, 3, 4))))) == Counter([1, 2, 3, 4])

    def test_a_mix_passes_over_what_has_to_wait(self):
        source = mix(Invocation(1000, 0, "late"), *[{"f": "early"}] * 5)

        assert [f for _, _, f, _ in told(simulate(source))] == ["early"] * 5 + ["late"]

    @pytest.mark.parametrize("weight", [-1, float("nan"), float("inf")])
    def test_impossible_weights_are_refused(self, weight):
        with pytest.raises(ValueError, match="weight"):
            weighted((weight, READ))

    def test_any_of_takes_turns(self):
        assert values(simulate(any_of(ops(1, 2), ops(10, 20, 30)))) == [1, 10, 2, 20, 30]

    def test_any_of_takes_what_is_ready(self):
        source = any_of(Invocation(5, 0, "a"), Invocation(3, 1, "b"))

        assert told(simulate(source)) == [(3, 1, "b", None), (5, 0, "a", None)]

    def test_flip_flop_alternates_until_one_is_exhausted(self):
        assert values(simulate(flip_flop(ops(1, 2), ops(10, 20, 30)))) == [1, 10, 2, 20]

    def test_none_of_nothing(self):
        assert simulate(mix()) == simulate(any_of()) == simulate(flip_flop()) == []


class TestPhases:
    def test_a_phase_starts_when_all_before_it_has_completed(self):
        source = phases(ops(1, 2, 3, 4), ops(5))

        assert [event[0] for event in told(simulate(source))] == [0, 0, 0, 10, 20]

    def test_then(self):
        assert [event[0] for event in told(simulate(then(ops(1), ops(2))))] == [0, 10]

    def test_synchronize_alone_starts_at_once_when_all_are_free(self):
        assert [event[0] for event in told(simulate(synchronize(ops(1, 2))))] == [0, 0]

    def test_a_phase_for_some_clients_waits_for_them_alone(self):
        slow = phases(ops(1), ops(2))
        source = any_of(on_clients([0], slow), on_clients([1, 2], [Invocation(5, 1, "other")]))

        assert told(simulate(source)) == [
            (0, 0, "write", 1),
            (5, 1, "other", None),
            (10, 0, "write", 2),
        ]


class TestTiming:
    def test_delay(self):
        source = delay(100e-9, ops(1, 2, 3))

        assert [event[0] for event in told(simulate(source))] == [0, 100, 200]

    def test_delay_does_not_hurry_after_a_wait_for_clients(self):
        source = delay(4e-9, ops(1, 2, 3, 4))

        assert [event[0] for event in told(simulate(source, clients=1))] == [0, 10, 20, 30]

    def test_stagger_has_the_mean_interval(self):
        source = limit(4000, stagger(1e-6, repeat(READ)))
        times = [event[0] for event in told(simulate(source, clients=50, most=4000))]
        gaps = [after - before for before, after in pairwise(times)]

        assert 950 < sum(gaps) / len(gaps) < 1050
        # Exponential: a share 1/e of the intervals is longer than the mean.
        assert 0.34 < sum(gap > 1000 for gap in gaps) / len(gaps) < 0.40

    def test_stagger_in_bursts_has_the_same_rate_and_pauses_between(self):
        source = limit(4000, stagger(1e-6, repeat(READ), 8))
        times = [event[0] for event in told(simulate(source, clients=50, most=4000))]
        gaps = [after - before for before, after in pairwise(times)]

        assert 900 < sum(gaps) / len(gaps) < 1100
        assert 0.10 < sum(gap > 0 for gap in gaps) / len(gaps) < 0.15

    @pytest.mark.parametrize("burst", [0, 0.5, float("nan")])
    def test_a_burst_has_at_least_one(self, burst):
        with pytest.raises(ValueError, match="a burst has"):
            stagger(1e-6, repeat(READ), burst)

    def test_stagger_begins_with_an_interval(self):
        starts = {told(simulate(stagger(1, once(READ)), seed=seed))[0][0] for seed in range(5)}

        assert len(starts) == 5
        assert 0 not in starts

    def test_sleep_between_phases(self):
        source = phases(ops(1), sleep(1e-6), ops(2))

        assert [event[0] for event in told(simulate(source))] == [0, 1010]

    def test_time_limit(self):
        source = time_limit(100e-9, delay(30e-9, repeat(READ)))

        assert [event[0] for event in told(simulate(source))] == [0, 30, 60, 90]

    def test_nothing_is_invoked_at_the_limit_itself(self):
        source = time_limit(60e-9, delay(30e-9, repeat(READ)))

        assert [event[0] for event in told(simulate(source))] == [0, 30]

    def test_a_time_limit_counts_from_when_it_is_first_asked(self):
        source = phases(ops(0), time_limit(100e-9, Invocation(109, 0, "read")))
        too_late = phases(ops(0), time_limit(100e-9, Invocation(110, 0, "read")))

        assert [event[0] for event in told(simulate(source))] == [0, 109]
        assert [event[0] for event in told(simulate(too_late))] == [0]

    @pytest.mark.parametrize("seconds", [-1, float("inf"), float("nan")])
    def test_impossible_times_are_refused(self, seconds):
        for make in (stagger, delay, time_limit):
            with pytest.raises(ValueError, match=f"{make.__name__} is given"):
                make(seconds, READ)


class TestClients:
    def test_on_clients(self):
        history = told(simulate(on_clients([2, 0], limit(6, repeat(READ))), clients=4))

        assert Counter(event[1] for event in history) == {0: 3, 2: 3}

    def test_clients_that_do_not_exist_do_nothing(self):
        assert simulate(on_clients([7], repeat(READ))) == []
        with pytest.raises(ValueError, match="client -1 does not exist"):
            on_clients([-1], READ)

    def test_each_client_runs_all_of_it(self):
        history = told(simulate(each_client(ops(1, 2)), clients=3))

        assert history == [
            (time, client, "write", value)
            for time, value in ((0, 1), (10, 2))
            for client in range(3)
        ]

    def test_each_client_goes_on_under_its_next_process(self):
        history = told(simulate(each_client(ops(1, 2)), clients=2, outcome=lambda _: INFO))

        assert [event[1] for event in history] == [0, 1, 2, 3]

    def test_each_client_takes_turns_when_something_else_sets_the_pace(self):
        history = told(simulate(delay(100e-9, limit(6, each_client(repeat(READ)))), clients=3))

        assert [event[1] for event in history] == [0, 1, 2, 0, 1, 2]

    def test_each_client_synchronizes_with_itself_alone(self):
        source = each_client(phases(ops(1), ops(2)))
        history = told(simulate(any_of(source, Invocation(25, 2, "other")), clients=3))

        assert [event[0] for event in history] == [0, 0, 0, 10, 10, 10, 25]

    def test_reserve(self):
        source = reserve(2, repeat(READ), 1, repeat(WRITE), repeat({"f": "cas"}))
        history = told(simulate(limit(50, source), clients=5))

        assert {event[1] for event in history if event[2] == "read"} == {0, 1}
        assert {event[1] for event in history if event[2] == "write"} == {2}
        assert {event[1] for event in history if event[2] == "cas"} == {3, 4}

    def test_reserve_shares_the_pace_by_clients(self):
        source = reserve(8, repeat(READ), repeat(WRITE))
        history = told(simulate(limit(2000, delay(100e-9, source)), clients=10))
        reads = sum(event[2] == "read" for event in history)

        assert 1500 < reads < 1700

    def test_reserve_of_all_clients_ends_with_their_generator(self):
        assert values(simulate(reserve(3, ops(1, 2), repeat(READ)), clients=3)) == [1, 2]

    def test_reserve_without_a_rest_leaves_the_others_idle(self):
        history = told(simulate(reserve(1, ops(1, 2)), clients=3))

        assert [event[1] for event in history] == [0, 0]

    @pytest.mark.parametrize("arguments", [("5", READ), (READ, READ), (True, READ)])
    def test_reserve_needs_numbers_of_clients(self, arguments):
        with pytest.raises(TypeError, match="where it needs a number of clients"):
            reserve(*arguments)

    def test_reserve_needs_at_least_one_client(self):
        with pytest.raises(ValueError, match="reserve is given 0 clients"):
            reserve(0, READ)


class TestReactions:
    def test_until_ok_ends_with_the_first_ok(self):
        outcomes = iter([FAIL, INFO, FAIL, OK])
        history = simulate(until_ok(repeat(READ)), clients=1, outcome=lambda _: next(outcomes))

        assert [event.type for event in history[1::2]] == [FAIL, INFO, FAIL, OK]

    def test_until_ok_lets_open_operations_complete(self):
        history = simulate(until_ok(delay(4e-9, repeat(READ))), clients=3)

        assert [event.time for event in invocations(history)] == [0, 4, 8]
        assert len(history) == 6

    def test_until_ok_ignores_the_ok_of_others(self):
        mine = on_clients([0], until_ok(repeat(READ, 3)))
        others = on_clients([1, 2], repeat(WRITE, 3))
        source = any_of(mine, others)
        history = simulate(
            source, outcome=lambda invocation: FAIL if invocation.f == "read" else OK
        )

        assert sum(event.f == "read" for event in invocations(history)) == 3

    def test_until_ok_ignores_the_ok_of_others_among_all_clients(self):
        source = any_of(until_ok(repeat(READ, 4)), repeat(WRITE, 4))
        history = simulate(
            source, outcome=lambda invocation: FAIL if invocation.f == "read" else OK
        )

        assert sum(event.f == "read" for event in invocations(history)) == 4


class TestTransforms:
    def test_map(self):
        def tenfold(invocation):
            return Invocation(
                invocation.time, invocation.client, invocation.f, invocation.value * 10
            )

        assert values(simulate(map_(tenfold, ops(1, 2)))) == [10, 20]

    def test_filter(self):
        odd = filter_(lambda invocation: invocation.value % 2 == 1, ops(1, 2, 3, 4))

        assert values(simulate(odd)) == [1, 3]

    def test_a_filter_that_drops_everything_says_so(self):
        with pytest.raises(GeneratorError, match="filter_ dropped 10000 invocations in a row"):
            simulate(filter_(lambda invocation: False, repeat(READ)))


class TestListed:
    def test_operations_at_their_times_or_when_their_client_is_free(self):
        operations = (
            PlannedOperation(5e-9, 0, "write", 2),
            PlannedOperation(0, 0, "write", 1),
            PlannedOperation(3e-9, 1, "read"),
        )

        assert told(simulate(listed(operations, 2), clients=2)) == [
            (0, 0, "write", 1),
            (3, 1, "read", None),
            (10, 0, "write", 2),
        ]

    def test_equal_times_keep_the_order_of_the_list(self):
        operations = [PlannedOperation(1, client, "read", i) for i, client in enumerate([1, 0, 2])]

        assert values(simulate(listed(operations, 3))) == [0, 1, 2]

    def test_operations_wait_for_those_that_they_follow_and_others_do_not(self):
        operations = [
            PlannedOperation(0, 0, "write", 1),
            PlannedOperation(2e-9, 1, "read"),
            PlannedOperation(3e-9, 2, "write", 3),
            PlannedOperation(4e-9, 0, "write", 4),
        ]

        assert told(simulate(listed(operations, 3, [[], [0], [], [1]]))) == [
            (0, 0, "write", 1),
            (3, 2, "write", 3),
            (10, 1, "read", None),
            (20, 0, "write", 4),
        ]

    def test_a_recorded_run_repeats_itself(self):
        recorded = simulate(limit(50, stagger(1.3e-8, mix(repeat(READ), repeat(WRITE)))))
        operations = [
            PlannedOperation(event.time / 1e9, event.process, event.f, event.value)
            for event in invocations(recorded)
        ]

        assert simulate(listed(operations, 3), seed="another") == recorded

    @pytest.mark.parametrize(
        ("operation", "message"),
        [
            (PlannedOperation(0, 2, "read"), r"operations\[0\] is by client 2, .* has 2 clients"),
            (PlannedOperation(-1, 0, "read"), r"operations\[0\] is at -1 s"),
            (PlannedOperation(float("nan"), 0, "read"), r"operations\[0\] is at nan s"),
        ],
    )
    def test_operations_that_can_never_happen_are_refused(self, operation, message):
        with pytest.raises(InvalidPlan, match=message):
            listed([operation], 2)
