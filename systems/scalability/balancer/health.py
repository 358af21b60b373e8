"""What a balancer knows of its backends: who answers, who fails, who is drained, who has how much.

All times are seconds of the balancer's own clock.
"""

from __future__ import annotations

from collections.abc import Sequence

LOST_S = 0.5
"""How old the last ping that was answered may be."""

FAILURES = 3
"""Failures in a row after which a backend is left alone."""

EJECTED_S = 1.0
"""For how long, from its last failure."""


class Health:
    """The backends of one balancer.

    Invariants: whoever has not answered a ping of the last `LOST_S` gets nothing; nor does who
    failed `FAILURES` times in a row, for `EJECTED_S` from the last time; nor who is drained.

    Args:
        backends: their names.

    Attributes:
        open: how many requests each has under way.
        draining: those that get nothing new.
    """

    def __init__(self, backends: Sequence[str]) -> None:
        self.backends = tuple(backends)
        self.open = dict.fromkeys(self.backends, 0)
        self.draining: set[str] = set()  # asked for membership only
        self._answered: dict[str, float] = {}
        self._failures: dict[str, int] = {}
        self._ejected_until: dict[str, float] = {}

    def pong(self, backend: str, sent: float, now: float) -> None:
        """A ping that was sent at `sent` was answered."""
        self._answered[backend] = max(sent, self._answered.get(backend, sent))

    def heard(self, backend: str, now: float) -> None:
        """Something else came from a backend, which proves nothing: it may not hear us."""

    def ended(self, backend: str, *, answered: bool) -> None:
        """A request is no longer under way."""
        self.open[backend] -= 1

    def succeeded(self, backend: str) -> None:
        """A request was answered."""
        self._failures[backend] = 0

    def failed(self, backend: str, now: float, *, answered: bool) -> None:
        """A request failed: it was answered so, or not at all."""
        self._failures[backend] = self._failures.get(backend, 0) + 1
        if self._failures[backend] >= FAILURES:
            self._ejected_until[backend] = now + EJECTED_S

    def candidates(self, now: float) -> list[str]:
        """Who may get a request."""
        return [backend for backend in self.backends if self.may_serve(backend, now)]

    def may_serve(self, backend: str, now: float) -> bool:
        """Whether a backend may get a request."""
        return (
            backend not in self.draining
            and self.answers(backend, now)
            and now >= self._ejected_until.get(backend, now)
        )

    def answers(self, backend: str, now: float) -> bool:
        """Whether it answered lately."""
        return now - self._answered.get(backend, now - 2 * LOST_S) < LOST_S
