"""A leader that outlives its lease: it stands still, is cut off meanwhile, and goes on unaware."""

from __future__ import annotations

from typing import Any

from splitbrain.harness.nemesis.control import Effect
from splitbrain.harness.nemesis.injection import Context
from splitbrain.harness.nemesis.kind import WHOEVER_LEADS, Kind, Parameter, Words
from splitbrain.harness.nemesis.rules import LinkRule
from splitbrain.harness.nemesis.stage import Scenario


class Outliving(Scenario):
    """``lease.outlived``: leaders stand still until another leads, and go on without hearing of it.

        old leader   ---- stands still, cut off ------ goes on, clients reach it -- back ----
        the others   ----------- elect another ---- take writes ----------------------------

    The pause of DDIA's figure 8-4 and of etcd #20418. A leader that only stands still finds in its
    mail that it has been deposed; one that is only cut off gives up in time. A virtual machine that
    was suspended goes on with a wall clock that knows of no pause, until somebody sets it right.
    What it tempts to: counting a lease in ticks or loops, keeping its end as a time of day, and
    trusting a check that was made before the pause.
    """

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._struck: tuple[str, LinkRule] | None = None
        self._still = False
        self._since = 0.0  # when it began to stand still
        self._behind = 0.0  # by how much its wall clock is behind since then
        self._turn = 0  # grows whenever something happens, so that an old timer is stale
        self._outlived = 0

    def begin(self) -> None:
        """Strike the leader, or the first to announce itself."""
        self._stage.listen(self._on_leader)
        self._strike_leader()

    def end(self) -> Effect:
        """Let it go on, with the right time, and hear the others."""
        self._go_on()
        self._set_right()
        return {**self._stage.close(), "leaders_outlived": self._outlived}

    def _strike_leader(self) -> None:
        leader = self._stage.context.control.leader()
        if leader is not None:
            self._on_leader(leader)

    def _on_leader(self, node: str) -> None:
        stage = self._stage
        if self._struck is None:
            self._struck = (node, stage.isolate(node))
            stage.context.processes.pause(node, stage.context.fault.id)
            self._since = stage.context.control.now
            self._still = True  # even if another fault had paused it: then both hold it
            stage.note("pause", node)
            self._then(float(stage.context.options["patience"]), self._let_back)
        elif node != self._struck[0] and self._still:
            self._outlived += 1
            self._then(stage.around(self._linger), self._unaware)

    def _then(self, delay: float, action: Any) -> None:
        """Do this next, unless something else comes before it."""
        self._turn += 1
        turn = self._turn
        self._stage.later(delay, lambda: action() if turn == self._turn else None)

    def _unaware(self) -> None:
        """It goes on, and does not hear the others."""
        control = self._stage.context.control
        if self._struck is not None and self._stage.context.options["wall"] == "stands":
            self._behind = round(control.now - self._since, 6)
            control.jump_clock(self._struck[0], -self._behind)
        self._go_on()
        self._then(self._stage.around(self._linger), self._let_back)

    def _go_on(self) -> None:
        if self._struck is not None and self._still:
            self._still = False
            self._stage.note("resume", self._struck[0])
            self._stage.context.processes.resume(self._struck[0], self._stage.context.fault.id)

    def _set_right(self) -> None:
        if self._struck is not None and self._behind:
            self._stage.context.control.jump_clock(self._struck[0], self._behind)
        self._behind = 0.0

    def _let_back(self) -> None:
        self._go_on()
        self._set_right()
        if self._struck is not None:
            self._stage.note("return", self._struck[0])
            self._stage.lift(self._struck[1])
        self._then(self._stage.around(self._linger), self._next_round)

    def _next_round(self) -> None:
        self._struck = None
        self._strike_leader()

    @property
    def _linger(self) -> float:
        return float(self._stage.context.options["linger"])


OUTLIVED = Kind(
    "lease.outlived",
    "The leader stands still, cut off from the other servers, until another has led for a while; "
    "then it goes on, clients reach it, and it hears the others only later. Repeated.",
    Outliving,
    Words("leaders stand still for longer than they lead", "nobody stands still"),
    aliases=("outlived",),
    parameters=(
        Parameter("linger", 0.3, "typical time of each act, in seconds", 0.001, 60.0),
        Parameter("patience", 2.0, "seconds to wait for another leader", 0.01, 600.0),
        Parameter(
            "wall",
            "runs",
            "whether its wall clock stands still meanwhile, and is set right when it hears others",
            choices=("runs", "stands"),
        ),
    ),
    targets=WHOEVER_LEADS,
    weights={"leader": 1},
    draw=lambda rng: {"wall": rng.choice(("runs", "stands"))},
    composite=True,
    by_name=True,
)
