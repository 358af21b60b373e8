"""Calls that are tried again, within a deadline, a budget, and what a breaker lets through."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

import trio

from splitbrain.checkers.calls.breakers import REJECTED
from splitbrain.systems.reliability.calling.breaker import Breaker, Permit
from splitbrain.systems.reliability.calling.budget import RetryBudget

Attempt = Callable[[float], Awaitable[Any]]
"""Makes one attempt, given how many seconds are left for it. It returns the result, raises
`Refused` if it was certainly not done, or `InDoubt`; it may be cancelled."""

Announce = Callable[[str, dict[str, Any]], None]


class Refused(Exception):
    """It was not done and never will be."""


class NotCalled(Refused):
    """Its breaker let nothing through: this call made no attempt."""


class InDoubt(Exception):
    """Nobody knows whether it was done."""


class Policy(NamedTuple):
    """How hard to try.

    Attributes:
        attempts: the most attempts at one call.
        timeout: how long one attempt waits, in seconds.
        backoff: the bound of the first wait, in seconds; it doubles with each attempt.
        most_backoff: the greatest bound.
        burst: retries that may be made at once.
        share: retries that each call adds to these.
        hedge_after: seconds after which an attempt that was not answered is made a second time,
            beside the first; 0: never. It helps against the slow tail, and takes a token of the
            budget (Dean and Barroso, "The Tail at Scale", CACM 56(2), 2013).
    """

    attempts: int = 4
    timeout: float = 0.2
    backoff: float = 0.05
    most_backoff: float = 0.5
    burst: float = 10.0
    share: float = 0.2
    hedge_after: float = 0.0


class Caller:
    """Calls one endpoint.

    Args:
        policy: how hard to try.
        breaker: asked before each attempt.
        random: for the waits.
        announce: told of attempts, waits and probes, for checkers.
    """

    def __init__(
        self,
        endpoint: str,
        policy: Policy,
        breaker: Breaker,
        random: random.Random,
        announce: Announce = lambda f, value: None,
    ) -> None:
        self.endpoint = endpoint
        self.policy = policy
        self.breaker = breaker
        self.budget = RetryBudget(policy.burst, policy.share)
        self.random = random
        self.announce = announce

    async def call(
        self, attempt: Attempt, seconds: float, name: Any = None, *, idempotent: bool = True
    ) -> Any:
        """The result of a call.

        Args:
            attempt: makes one attempt.
            seconds: how long the call may take, waits included.
            name: what it is called in announcements.
            idempotent: whether done twice is done once; a call that is not idempotent is not made
                again once it is in doubt.

        Raises:
            Refused: it was not done, by any attempt.
            InDoubt: some attempt may have done it.
        """
        deadline = trio.current_time() + seconds
        doubt = False
        for number in range(1, self.policy.attempts + 1):
            left = deadline - trio.current_time()
            permit = self.breaker.admit() if left > 0 else None
            if permit is None:
                if left > 0:
                    self.announce(REJECTED, {"endpoint": self.endpoint})
                break
            if number == 1:
                self.budget.earn()  # not for a call that the breaker keeps from being made
            self.called(number, name)
            try:
                return await self.attempt_once(attempt, min(left, self.policy.timeout), permit)
            except Refused:
                if doubt:
                    break
                raise
            except InDoubt:
                doubt = True
            wait = self.wait(number)
            if number == self.policy.attempts or not self.may_repeat(idempotent):
                break
            if not self._may_retry(deadline, wait):
                break
            self.announce("retry", {"attempt": number + 1, "delay": wait})
            await trio.sleep(wait)
        if self.may_have_been_done(doubt):
            raise InDoubt(f"{self.endpoint} did not say what became of it")
        said = f"{self.endpoint} is not being called"
        raise Refused(said) if doubt else NotCalled(said)

    def may_repeat(self, idempotent: bool) -> bool:
        """Whether a call that is in doubt may be made again."""
        return idempotent

    def may_have_been_done(self, doubt: bool) -> bool:
        """Whether a call that ended without an answer may have been done: if any attempt may."""
        return doubt

    def wait(self, number: int) -> float:
        """How long to wait after an attempt: full jitter."""
        return self.random.uniform(0, self.bound(number))

    def bound(self, number: int) -> float:
        """The longest wait after an attempt."""
        return min(self.policy.most_backoff, self.policy.backoff * 2.0 ** (number - 1))

    def _may_retry(self, deadline: float, wait: float) -> bool:
        return trio.current_time() + wait < deadline and self.budget.spend()

    def called(self, number: int, name: Any = None) -> None:
        """An attempt is made."""
        self.announce("call", {"request": name, "attempt": number, "endpoint": self.endpoint})

    async def attempt_once(self, attempt: Attempt, seconds: float, permit: Permit) -> Any:
        """One attempt's result; tells the breaker of it.

        Raises:
            Refused: it was not done.
            InDoubt: it was not answered in time, or nobody knows.
        """
        if permit.probe:
            self.announce("probe", {"endpoint": self.endpoint})
        try:
            with trio.move_on_after(seconds):
                result = await self.hedged(attempt, seconds)
                permit.succeeded()
                return result
            self.failed(permit)
        except Refused:
            permit.succeeded()  # to refuse is to answer
            raise
        except InDoubt:
            self.failed(permit)
            raise
        finally:
            permit.given_back()  # cancelled from outside, unless one of the others was told
        raise InDoubt(f"no answer within {seconds:g} s")

    def failed(self, permit: Permit) -> None:
        """An attempt was not answered, or it is not known what became of it."""
        permit.failed()

    async def hedged(self, attempt: Attempt, seconds: float) -> Any:
        """The result of an attempt, or of a second one beside it, whichever comes first.

        Raises:
            Refused: it was not done, by either.
            InDoubt: nobody knows.
        """
        after = self.policy.hedge_after
        if not 0 < after < seconds:
            return await attempt(seconds)
        results: list[Any] = []
        errors: list[Exception] = []
        first = trio.Event()
        async with trio.open_nursery() as nursery:

            async def make(left: float) -> None:
                try:
                    results.append(await attempt(left))
                    nursery.cancel_scope.cancel()
                except (Refused, InDoubt) as error:
                    errors.append(error)
                    first.set()

            nursery.start_soon(make, seconds)
            with trio.move_on_after(after):
                await first.wait()
            if not first.is_set() and self.budget.spend():
                self.called(2)
                nursery.start_soon(make, seconds - after)
        if results:
            return results[0]
        raise next((error for error in errors if isinstance(error, InDoubt)), errors[0])
