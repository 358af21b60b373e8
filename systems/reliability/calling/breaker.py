"""A circuit breaker for one endpoint.

    closed --failures within the window--> open --time--> half-open --success--> closed
                                             ^                |
                                             +----failure-----+

>>> now = [0.0]
>>> breaker = Breaker(Limits(failures=2, window=10.0, open_for=1.0), lambda: now[0])
>>> for _ in range(2):
...     breaker.admit().failed()
>>> breaker.state, breaker.admit()
('open', None)
>>> now[0] = 1.0
>>> probe = breaker.admit()
>>> breaker.state, breaker.admit()
('half-open', None)
>>> probe.succeeded(); breaker.state
'closed'
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import NamedTuple

from splitbrain.checkers.calls.breakers import CLOSED, HALF_OPEN, OPEN


class Limits(NamedTuple):
    """When a breaker opens, and for how long.

    Attributes:
        failures: so many within the window open it.
        window: how long a failure counts, in seconds.
        open_for: how long nobody is let through, in seconds.
    """

    failures: int = 5
    window: float = 10.0
    open_for: float = 1.0


class Breaker:
    """Lets calls through, or not.

    Invariants: while it is half-open at most one permit is out; a permit given before the last
    change of state changes nothing any more; failures in memory are no older than the window.

    Args:
        limits: see there.
        clock: seconds that never go back.
        changed: told each new state.
    """

    def __init__(
        self,
        limits: Limits,
        clock: Callable[[], float],
        changed: Callable[[str], None] = lambda state: None,
    ) -> None:
        self.limits = limits
        self.clock = clock
        self.changed = changed
        self.state = CLOSED
        self.generation = 0
        self._failures: deque[float] = deque()
        self._opened_at = 0.0
        self._probing = False

    def admit(self) -> Permit | None:
        """Leave to make one call, whose outcome must then be told; None: don't call."""
        if self.state == OPEN and self.clock() >= self._opened_at + self.limits.open_for:
            self._become(HALF_OPEN)
        if self.state == OPEN or not self.may_probe():
            return None
        self._probing = self.state == HALF_OPEN
        return Permit(self, self.generation, probe=self._probing)

    def may_probe(self) -> bool:
        """Whether nobody is probing already."""
        return not self._probing

    def _become(self, state: str) -> None:
        self.state = state
        self.generation += 1
        self._probing = False
        self._failures.clear()
        if state == OPEN:
            self._opened_at = self.clock()
        self.changed(state)

    def succeeded(self) -> None:
        """A call of this generation succeeded."""
        if self.state == HALF_OPEN:
            self._become(CLOSED)

    def failed(self) -> None:
        """A call of this generation failed."""
        if self.state == HALF_OPEN:
            self._become(OPEN)
            return
        now = self.clock()
        self._failures.append(now)
        self.forget(now - self.limits.window)
        if len(self._failures) >= self.limits.failures:
            self._become(OPEN)

    def forget(self, before: float) -> None:
        """What failed before that time counts no more."""
        while self._failures[0] < before:
            self._failures.popleft()

    def given_back(self) -> None:
        """A call of this generation ended, and says nothing of the endpoint."""
        self._probing = False


class Permit:
    """Leave to make one call. One of the three outcomes must be told; what comes later is not
    listened to.

    Attributes:
        probe: whether the breaker is half-open and waits for this call.
    """

    def __init__(self, breaker: Breaker, generation: int, *, probe: bool) -> None:
        self._breaker = breaker
        self._generation = generation
        self.probe = probe

    def succeeded(self) -> None:
        """The endpoint answered."""
        self._tell(self._breaker.succeeded)

    def failed(self) -> None:
        """It did not answer, or said that it could not."""
        self._tell(self._breaker.failed)

    def given_back(self) -> None:
        """The call was cancelled."""
        self._tell(self._breaker.given_back)

    def _tell(self, outcome: Callable[[], None]) -> None:
        if self._generation == self._breaker.generation:
            self._generation = -1
            outcome()
