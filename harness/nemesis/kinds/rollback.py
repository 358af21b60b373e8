"""Two lead at once, then one must give way."""

from __future__ import annotations

from splitbrain.harness.nemesis.control import Effect
from splitbrain.harness.nemesis.injection import Context
from splitbrain.harness.nemesis.kind import WHOEVER_LEADS, Kind, Parameter
from splitbrain.harness.nemesis.rules import LinkRule
from splitbrain.harness.nemesis.stage import Scenario


class Rollback(Scenario):
    """``scenario.rollback``: two lead at once, then one must give way with what it took in.

        old leader   ---- cut off, clients still write to it -------- back: gives way? ----
        the others   ---------- elect another ---- take writes ------ whose writes stay? ---

    The leader returns some time after another has announced itself, or when the fault ends; after a
    rest, whoever leads then is next. What it tempts a system to: acknowledging what only one server
    has, serving reads that are out of date, not noticing that one has been deposed.
    """

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._cut_off: tuple[str, LinkRule] | None = None
        self._returning = False
        self._rounds = 0

    def begin(self) -> None:
        """Cut off the leader, or the first to announce itself."""
        self._stage.listen(self._on_leader)
        self._strike_leader()

    def end(self) -> Effect:
        """Let everybody back."""
        return {**self._stage.close(), "leaders_replaced": self._rounds}

    def _strike_leader(self) -> None:
        leader = self._stage.context.control.leader()
        if leader is not None:
            self._on_leader(leader)

    def _on_leader(self, node: str) -> None:
        stage = self._stage
        if self._cut_off is None:
            stage.note("isolate", node)
            self._cut_off = (node, stage.isolate(node))
        elif node != self._cut_off[0] and not self._returning:
            self._returning = True
            self._rounds += 1
            stage.later(stage.around(self._linger), self._let_back)

    def _let_back(self) -> None:
        assert self._cut_off is not None, "nobody is cut off"
        node, rule = self._cut_off
        self._stage.note("return", node)
        self._stage.lift(rule)
        self._stage.later(self._stage.around(self._linger), self._next_round)

    def _next_round(self) -> None:
        self._cut_off, self._returning = None, False
        self._strike_leader()

    @property
    def _linger(self) -> float:
        return float(self._stage.context.options["linger"])


ROLLBACK = Kind(
    "scenario.rollback",
    "The leader is cut off from the other servers while clients still reach it, until another "
    "has led for a while; then it returns, with what it took in. Repeated.",
    Rollback,
    aliases=("rollback",),
    parameters=(
        Parameter("linger", 0.3, "typical time that two lead at once, in seconds", 0.001, 60.0),
    ),
    targets=WHOEVER_LEADS,
    weights={"leader": 1},
    composite=True,
)
