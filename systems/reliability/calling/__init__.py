"""A client library for calls that can fail: retries, budgets, deadlines, circuit breakers.

The problem (DDIA chapter 1, "Reliability"; chapter 8, "Timeouts and Unbounded Delays"): a call over
a network that is not answered may have been done or not, now or later. Trying again does it twice;
not trying again loses it; and when everybody tries again, what was slow stands still.

* Errors are told apart: `Refused` means that it was not done and never will be, whatever else was
  tried before; anything unknown is `InDoubt`.
* A retry waits a random time below a bound that doubles ("full jitter": those who failed together
  don't come back together), and takes a token of a budget that calls fill: an outage is not made
  worse by those who meet it.
* A call that is slow may be *hedged*: made a second time before the first is given up. That is off
  unless it is asked for, since most calls are not idempotent.
* A deadline travels with the call, as the time that is left, since clocks disagree.
* A circuit breaker stops calling what has failed again and again, and lets one call through, now
  and then, to see. It goes by the monotonic clock.

None of these makes a retry safe. That takes an idempotency key, which whoever has the effect
remembers as durably as the effect.

Sources: Brooker, "Exponential Backoff and Jitter" (AWS Architecture Blog, 2015); Nygard, "Release
It!" (second edition, 2018), chapter 5; Beyer et al., "Site Reliability Engineering" (2016),
chapters 21 and 22; Bronson et al., "Metastable Failures in Distributed Systems" (HotOS 2021).
"""

from splitbrain.systems.reliability.calling.breaker import Breaker, Permit
from splitbrain.systems.reliability.calling.budget import RetryBudget
from splitbrain.systems.reliability.calling.caller import (
    Caller,
    InDoubt,
    NotCalled,
    Policy,
    Refused,
)

__all__ = [
    "Breaker",
    "Caller",
    "InDoubt",
    "NotCalled",
    "Permit",
    "Policy",
    "Refused",
    "RetryBudget",
]
