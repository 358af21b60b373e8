"""What a caller may retry is measured by what it has called."""

from __future__ import annotations

from random import Random

import pytest
import trio

from splitbrain.systems.reliability.calling import Breaker, InDoubt, Policy, Refused
from splitbrain.systems.reliability.calling.breaker import Limits
from splitbrain.systems.reliability.calling.caller import Caller


class Open:
    """A breaker that lets nothing through."""

    def admit(self):
        return None


async def never(seconds):
    raise AssertionError("nothing may be called")


def test_a_call_that_the_breaker_keeps_from_being_made_earns_no_retry():
    caller = Caller("n1", Policy(burst=1.0, share=1.0), Open(), Random(1))
    caller.budget.spend()

    async def call():
        with pytest.raises(Refused):
            await caller.call(never, 1.0)

    trio.run(call)
    assert caller.budget.tokens == 0


@pytest.mark.parametrize(("idempotent", "attempts"), [(True, 4), (False, 1)])
def test_a_call_in_doubt_is_made_again_only_if_it_is_idempotent(idempotent, attempts):
    made = []

    async def unanswered(seconds):
        made.append(seconds)
        raise InDoubt("nobody knows")

    async def call():
        breaker = Breaker(Limits(failures=4), trio.current_time)
        caller = Caller("n1", Policy(), breaker, Random(1))
        with pytest.raises(InDoubt):
            await caller.call(unanswered, 5.0, idempotent=idempotent)

    trio.run(call, clock=trio.testing.MockClock(autojump_threshold=0))
    assert len(made) == attempts
