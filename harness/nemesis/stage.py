"""Composite faults: recipes that follow what the system does, for bugs that chance rarely finds.

A scenario listens for leaders' announcements (``leader``) and answers them, after short random
delays, by cutting leaders off or killing them; or for another event that only some systems have. It
lasts as long as its fault does and leaves nothing behind. In a system that has no such events it
waits in vain, and its effect says so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from math import exp, log
from typing import Any

from splitbrain.harness.nemesis.control import Effect
from splitbrain.harness.nemesis.injection import Context
from splitbrain.harness.nemesis.rules import Link, LinkRule, links_between
from splitbrain.harness.nemesis.targets import in_order


class Stage:
    """What scenarios have in common: rules, timers and ears that vanish together, and a record.

    Attributes:
        context: what performing the fault needs.
        detail: options, and the steps taken so far: ``at`` (virtual seconds), ``action``, ``node``.
    """

    def __init__(self, context: Context) -> None:
        self.context = context
        self._steps: list[dict[str, Any]] = []
        self.detail: dict[str, Any] = {**context.options, "steps": self._steps}
        self._rules: list[LinkRule] = []
        self._in_force: list[LinkRule] = []
        self._ended = False
        self._unsubscribe: Callable[[], None] | None = None

    @property
    def targets(self) -> tuple[str, ...]:
        """The servers that a step named."""
        return in_order((step["node"] for step in self._steps), self.context.control.servers)

    def listen(self, hear: Callable[[str], None], event: str = "leader") -> None:
        """Call `hear` with the name of each server that announces it leads, or has another event
        to tell."""

        def heard(kind: str, node: str, details: Any) -> None:
            if kind == event and not self._ended:
                hear(node)

        self._unsubscribe = self.context.control.subscribe(heard)

    def later(self, delay: float, action: Callable[..., None], *args: Any) -> None:
        """Call `action` in `delay` seconds, unless the scenario has ended by then."""

        def unless_ended() -> None:
            if not self._ended:
                action(*args)

        self.context.control.after(delay, unless_ended)

    def around(self, typical: float) -> float:
        """A random time from a tenth of `typical` to three times it, uniform in its logarithm."""
        return exp(self.context.rng.uniform(log(typical / 10), log(typical * 3)))

    def cut(self, links: Iterable[Link]) -> LinkRule:
        """Block links until `lift` or the end."""
        return self.put_in_force(LinkRule(self.context.fault.id, frozenset(links), block=True))

    def put_in_force(self, rule: LinkRule) -> LinkRule:
        """Add a rule until `lift` or the end."""
        self._rules.append(rule)
        self._in_force.append(rule)
        self.context.control.add_rule(rule)
        return rule

    def isolate(self, node: str, reach: Iterable[str] = ()) -> LinkRule:
        """Cut `node` off from all other servers but those in `reach`."""
        kept = tuple(reach)
        others = [name for name in self.context.control.servers if name not in kept]
        return self.cut(links_between((node,), others))

    def lift(self, rule: LinkRule) -> None:
        """Let messages through again, if they aren't already."""
        if rule in self._in_force:
            self._in_force.remove(rule)
            self.context.control.remove_rule(rule)

    def note(self, action: str, node: str) -> None:
        """Put a step on record."""
        at = round(self.context.control.now, 6)
        self._steps.append({"at": at, "action": action, "node": node})

    def close(self) -> Effect:
        """Take everything back; what was seen to happen."""
        self._ended = True
        if self._unsubscribe is not None:
            self._unsubscribe()
        for rule in list(self._in_force):
            self.lift(rule)
        return {
            "messages_dropped": sum(rule.affected for rule in self._rules if rule.block),
            "messages_delayed": sum(rule.affected for rule in self._rules if rule.delay),
        }


class Scenario:
    """What follows a system on a stage; each one adds how it begins, and how it ends."""

    def __init__(self, context: Context) -> None:
        self._stage = Stage(context)

    @property
    def targets(self) -> tuple[str, ...]:
        """The servers struck so far."""
        return self._stage.targets

    @property
    def detail(self) -> dict[str, Any]:
        """Options, and the steps taken."""
        return self._stage.detail
