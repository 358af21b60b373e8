"""A hedged call: the first answer counts, and nothing is hedged unless it is asked for."""

from __future__ import annotations

from random import Random

import pytest
import trio

from splitbrain.systems.reliability.calling import Breaker, InDoubt, Policy, Refused
from splitbrain.systems.reliability.calling.breaker import Limits
from splitbrain.systems.reliability.calling.caller import Caller


def called(*makers, hedge_after=0.1, burst=10.0):
    """The result of one call whose attempts behave as `makers` say, and how many were made."""
    made = []

    async def attempt(left):
        made.append(trio.current_time())
        return await makers[min(len(made), len(makers)) - 1]()

    async def call():
        policy = Policy(attempts=1, timeout=1.0, burst=burst, share=0.0, hedge_after=hedge_after)
        breaker = Breaker(Limits(), trio.current_time)
        try:
            return await Caller("n1", policy, breaker, Random(1)).call(attempt, 2.0)
        except (Refused, InDoubt) as error:
            return type(error)

    result = trio.run(call, clock=trio.testing.MockClock(autojump_threshold=0))
    return result, [round(at - made[0], 6) for at in made]


def after(seconds, result):
    async def make():
        await trio.sleep(seconds)
        if isinstance(result, type):
            raise result("so it is")
        return result

    return make


@pytest.mark.parametrize(
    ("makers", "options", "result", "made"),
    [
        ((after(0.5, "a"),), {"hedge_after": 0.0}, "a", [0.0]),  # off, as it is by default
        ((after(0.05, "a"),), {}, "a", [0.0]),
        ((after(0.5, "a"), after(0.1, "b")), {}, "b", [0.0, 0.1]),
        ((after(0.2, "a"), after(0.5, "b")), {}, "a", [0.0, 0.1]),
        ((after(0.5, "a"),), {"burst": 0.0}, "a", [0.0]),  # there is no token
        ((after(0.05, Refused),), {}, Refused, [0.0]),
        ((after(0.2, Refused), after(0.5, "b")), {}, "b", [0.0, 0.1]),
        ((after(0.2, Refused), after(0.3, Refused)), {}, Refused, [0.0, 0.1]),
        ((after(0.2, Refused), after(0.3, InDoubt)), {}, InDoubt, [0.0, 0.1]),
        ((after(5.0, "a"), after(0.3, Refused)), {}, InDoubt, [0.0, 0.1]),
    ],
)
def test_the_first_answer_of_two_attempts_counts(makers, options, result, made):
    assert called(*makers, **options) == (result, made)


def test_nothing_is_hedged_by_default():
    assert Policy().hedge_after == 0.0
