"""What must hold while an explored test runs: `watch`, inside of the test.

    @explore(runs=200)
    async def test_lock():
        holders = set()
        watch(always("one-holder", lambda seen: len(seen["holders"]) <= 1), holders=holders)
        ...

The statements are those of `splitbrain.harness.oracle`. Each is asked after each step of any task,
with what the test exposes by name; the run ends at the first breach, whose interleaving ends there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from splitbrain.harness.oracle import Observed, Oracle, Sometimes, shown

SLACK_S = 1e-6
"""How long after it was due something is seen to be late."""


class Broken(AssertionError):
    """A statement does not hold.

    Attributes:
        name: its name.
    """

    def __init__(self, name: str, problem: str, seen: Mapping[str, str]) -> None:
        held = "".join(f"\n  {what} = {value}" for what, value in seen.items())
        super().__init__(f"{name}: {problem}{held}")
        self.name = name


class Watched:
    """The statements of one run.

    Args:
        now: the virtual time, in seconds.
        at: has something called at a time.
        broken: told of the first breach.
    """

    def __init__(
        self,
        now: Callable[[], float],
        at: Callable[[float, Callable[[], None]], object],
        broken: Callable[[Broken], object],
    ) -> None:
        self._now, self._at, self._tell = now, at, broken
        self._stated: list[tuple[str, Observed]] = []
        self._exposed: dict[str, Any] = {}
        self._over = False
        self._asked = 0.0  # until when it will be looked without a step

    def add(self, stated: tuple[Oracle, ...], exposed: Mapping[str, Any]) -> None:
        """Watch these, too."""
        self._stated += [(oracle.name, oracle.observe()) for oracle in stated]
        self._exposed.update(exposed)

    @property
    def any(self) -> bool:
        """Whether something is to be looked at."""
        return bool(self._stated) and not self._over

    @property
    def goals(self) -> dict[str, bool]:
        """What was to be so at some moment, and whether it was."""
        return {
            name: observed.reached is not None
            for name, observed in self._stated
            if isinstance(observed, Sometimes)
        }

    def look(self) -> None:
        """Somebody has done something, or something was due."""
        if not self.any:
            return
        now = self._now()
        for name, observed in self._stated:
            problem = observed.look(self._exposed, now)
            if problem is not None:
                self._over = True
                seen = {what: shown(value) for what, value in self._exposed.items()}
                self._tell(Broken(name, problem, seen))
                return
        due = min(observed.due for _, observed in self._stated)
        if self._asked <= now < due < float("inf"):
            self._asked = due + SLACK_S
            self._at(self._asked, self.look)


_running: list[Watched] = []


def running(watched: Watched | None) -> None:
    """Say which run's statements `watch` adds to; None when it is over."""
    _running[:] = [] if watched is None else [watched]


def watch(*stated: Oracle, **exposed: Any) -> None:
    """State what must hold in the test that is running, from now on.

    Args:
        stated: `always`, `eventually`, `leads_to`, `sometimes`; times are seconds since the run's
            start.
        exposed: what their conditions are given, by name, and what a breach shows.

    Raises:
        RuntimeError: no test of `explore` is running.
    """
    if not _running:
        raise RuntimeError(
            "watch() states what must hold in a test of @explore: call it inside one"
        )
    _running[0].add(stated, exposed)
