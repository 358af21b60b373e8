"""Plain data and functions stand for generators."""

from random import Random

import pytest
from generator_simulator import ops, simulate, told, values

from splitbrain.harness.generators import Context, Invocation, lift, limit


def test_a_dict_is_one_operation_by_a_free_client():
    [event] = told(simulate({"f": "write", "value": 3}))

    assert event[2:] == ("write", 3)
    assert event[0] == 0
    assert event[1] in range(3)


def test_a_dict_may_name_its_client():
    assert told(simulate({"f": "read", "client": 2})) == [(0, 2, "read", None)]


def test_an_invocation_waits_for_its_time():
    assert told(simulate(Invocation(25, 1, "read"))) == [(25, 1, "read", None)]


def test_an_invocation_waits_for_its_client():
    source = [Invocation(0, 1, "write", 1), Invocation(5, 1, "write", 2)]

    assert told(simulate(source)) == [(0, 1, "write", 1), (10, 1, "write", 2)]


def test_a_list_is_one_after_the_other_without_waiting():
    history = told(simulate(ops(1, 2, 3, 4), clients=3))

    assert [event[3] for event in history] == [1, 2, 3, 4]
    assert [event[0] for event in history] == [0, 0, 0, 10]
    assert {event[1] for event in history[:3]} == {0, 1, 2}


def test_a_long_list_takes_linear_time():
    # 20 000 parts copied at each step would be 200 million copies.
    assert values(simulate(ops(*range(20_000)), most=20_000)) == list(range(20_000))


def test_nothing_is_exhausted():
    assert simulate(None) == []
    assert simulate([]) == []
    assert simulate([None, []]) == []


def test_a_function_is_called_again_and_again_until_it_returns_none():
    # Called when it is asked: at 10 for what is invoked at 20, when the only client is free.
    def countdown(context):
        return None if context.time >= 30 else ops(context.time, context.time)

    assert values(simulate(countdown, clients=1)) == [0, 0, 10, 10]


def test_a_function_draws_from_the_context():
    def draw(context):
        return {"f": "write", "value": context.random.randrange(1000)}

    one, same, other = (values(simulate(limit(20, draw), seed=seed)) for seed in (1, 1, 2))

    assert one == same
    assert one != other


def test_a_function_that_returns_an_empty_list_is_refused():
    with pytest.raises(TypeError, match="returned a generator of nothing: return None to end"):
        simulate(lambda context: [])


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (17, "17 is no generator: give a generator, a dict with 'f'"),
        ("read", "'read' is no generator"),
        ({"value": 3}, "is no operation: give a string 'f'"),
        ({"f": 3}, "is no operation"),
        ({"f": "read", "valeu": 3}, "is no operation"),
    ],
)
def test_anything_else_is_refused(source, message):
    with pytest.raises(TypeError, match=message):
        lift(source)


def test_asking_changes_nothing():
    generator = lift(ops(1, 2))
    before = repr(generator)

    first = generator.next(Context(0, (0, 1), 2, Random(7)))
    second = generator.next(Context(0, (0, 1), 2, Random(7)))

    assert first == second
    assert repr(generator) == before
