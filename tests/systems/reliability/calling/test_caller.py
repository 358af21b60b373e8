"""What a caller may retry is measured by what it has called."""

from __future__ import annotations

from random import Random

import pytest
import trio

from splitbrain.systems.reliability.calling import Policy, Refused
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
