"""Clocks that fall behind what has just been written: for systems whose last write wins by them."""

from __future__ import annotations

from collections.abc import Callable

from splitbrain.harness.nemesis.control import Effect
from splitbrain.harness.nemesis.injection import Context
from splitbrain.harness.nemesis.kind import WHOEVER_LEADS, Kind, Parameter, Words, log_uniform
from splitbrain.harness.nemesis.stage import Scenario

STAMPED_WRITE = "stamped-write"
"""What a server tells the trace when it has acknowledged a write that its wall clock stamped."""

_SLOW = 0.1
"""The rate of a clock that falls behind slowly: in half a second it loses nearly as much."""


class Outdating(Scenario):
    """``stamp.behind``: once a write is acknowledged, the clock that stamps the next one is behind.

        one server   write, stamped 10.0, acknowledged
        itself, or the others        clock set back to 9.0     write, stamped 9.1: is it ever seen?

    Figure 8-3 of DDIA. A wrong clock at a random time does harm only to a write that follows
    another within its error; this one comes when there is something to follow. What it tempts to:
    taking the time of day for an order of writes, whatever had been seen of others.
    """

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._right: list[Callable[[], None]] = []  # what sets wrong clocks right
        self._outdated = 0

    def begin(self) -> None:
        """Wait for a write."""
        self._stage.listen(self._on_stamp, STAMPED_WRITE)

    def end(self) -> Effect:
        """Set all clocks right."""
        self._set_right()
        return {**self._stage.close(), "writes_outdated": self._outdated}

    def _on_stamp(self, writer: str) -> None:
        if self._right:
            return
        stage = self._stage
        servers = stage.context.control.servers
        itself = stage.context.options["who"] == "itself"
        for node in servers:
            if (node == writer) == itself:
                self._fall_behind(node)
        if self._right:
            self._outdated += 1
            stage.later(stage.around(float(stage.context.options["linger"])), self._set_right)

    def _fall_behind(self, node: str) -> None:
        context, owner = self._stage.context, self._stage.context.fault.id
        self._stage.note("behind", node)
        if context.options["how"] == "drift":
            context.clocks.drift(node, owner, _SLOW)
            self._right.append(lambda: context.clocks.undrift(node, owner))
            return
        back = float(context.options["back"])
        context.control.jump_clock(node, -back)
        self._right.append(lambda: context.control.jump_clock(node, back))

    def _set_right(self) -> None:
        for right in self._right:
            right()
        self._right.clear()


BEHIND = Kind(
    "stamp.behind",
    "When a server has acknowledged a write that its clock stamped, its clock or those of all "
    "others are set back or run slowly for a while, so that what is written there next has an "
    "older stamp. Repeated.",
    Outdating,
    Words("clocks fall behind what was written", "clocks are right"),
    aliases=("outdated",),
    parameters=(
        Parameter("who", "itself", "whose clock", choices=("itself", "others")),
        Parameter("how", "jump", "by a jump or slowly", choices=("jump", "drift")),
        Parameter("back", 1.0, "seconds that a clock is set back", 0.001, 1e6),
        Parameter("linger", 0.5, "typical time until it is right again, in seconds", 0.001, 60.0),
    ),
    targets=WHOEVER_LEADS,
    weights={"one": 1},
    draw=lambda rng: {
        "who": rng.choice(("itself", "others")),
        "how": rng.choice(("jump", "jump", "drift")),
        "back": round(log_uniform(rng, 0.01, 10.0), 3),
    },
    composite=True,
    by_name=True,
)
