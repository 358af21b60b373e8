"""Figure 8 of the Raft paper as a composite fault.

Ongaro and Ousterhout, "In Search of an Understandable Consensus Algorithm" (USENIX ATC 2014),
section 5.4.2: an entry of an earlier term that a majority has may yet be overwritten, so a leader
must not take it for committed by counting replicas. The figure's play, which this scenario stages
over and over with whoever is elected:

    (a)  S1 leads; its entry reaches few; it goes.
    (b)  S5 leads; its entry, at the same index, reaches nobody; it goes, S1 returns.
    (c)  S1 leads again; its old entry reaches a majority; it goes, S5 returns.
    (d)  S5 leads again, since its last entry is of a later term, and overwrites that majority's.

Three servers suffice: in (a) the entry then reaches nobody. To *go* is to be killed or to be cut
off from all servers, and who has gone returns when the next one goes, so that at most one is down
at any time. In (c) clients are sometimes kept away from the leader, for an entry of its own term
that reached a majority would save the day.
"""

from __future__ import annotations

from collections.abc import Callable

from splitbrain.harness.nemesis.control import Effect
from splitbrain.harness.nemesis.injection import Context
from splitbrain.harness.nemesis.kind import WHOEVER_LEADS, Kind, Parameter
from splitbrain.harness.nemesis.kinds.process import strike
from splitbrain.harness.nemesis.rules import LinkRule, links_between
from splitbrain.harness.nemesis.stage import Scenario
from splitbrain.harness.nemesis.targets import minority

FIRST, SECOND, THIRD, LAST = range(4)
"""Acts: (a), (b), (c), (d) of the figure."""


class Figure8(Scenario):
    """``scenario.figure8``: strands leaders' entries on minorities, then brings leaders back."""

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._act = FIRST
        self._turn = 0  # grows whenever something happens, so that an old patience timer is stale
        self._playing: str | None = None  # the leader of this act, until it goes
        self._heard: str | None = None  # who announced itself while another was playing
        self._curtain: list[LinkRule] = []  # what keeps the playing leader from others
        self._gone: tuple[str, Callable[[], None]] | None = None  # who is away; its return
        self._removed = 0
        self._cycles = 0

    def begin(self) -> None:
        """Start with whoever leads, or the first to announce itself."""
        self._stage.listen(self._on_leader)
        self._raise_curtain()

    def end(self) -> Effect:
        """Let everybody back."""
        self._let_back()
        return {
            **self._stage.close(),
            "leaders_removed": self._removed,
            "figures_completed": self._cycles,
        }

    def _raise_curtain(self) -> None:
        self._act, self._heard = FIRST, None
        self._wait()
        leader = self._stage.context.control.leader()
        if leader is not None:
            self._on_leader(leader)

    def _wait(self) -> None:
        """For the next leader; not for ever, since the system may be unable to elect one."""
        self._playing = None
        self._turn += 1
        self._stage.later(self._option("patience"), self._give_up, self._turn)
        heard, self._heard = self._heard, None
        if heard is not None:
            self._on_leader(heard)

    def _give_up(self, turn: int) -> None:
        if turn == self._turn:
            self._let_back()
            self._raise_curtain()

    def _on_leader(self, node: str) -> None:
        if self._playing is not None:
            self._heard = node if node != self._playing else self._heard
            return
        if self._gone is not None and self._gone[0] == node:
            return  # it can't have been elected: it is cut off, or this is old news of a dead one
        self._playing = node
        self._turn += 1
        self._keep_apart(node)
        alone = self._stage.around(self._option("delay"))
        if self._act == LAST:
            self._stage.later(alone, self._finish)
        else:
            self._stage.later(alone, self._go, node)

    def _keep_apart(self, node: str) -> None:
        """Decide whom the playing leader reaches."""
        control, rng = self._stage.context.control, self._stage.context.rng
        if self._act in (FIRST, SECOND):
            few = max(0, minority(len(control.servers)) - 1) if self._act == FIRST else 0
            others = [name for name in control.servers if name != node]
            self._curtain = [self._stage.isolate(node, rng.sample(others, rng.randint(0, few)))]
        elif self._act == THIRD and rng.random() < 0.5:
            self._curtain = [self._stage.cut(links_between((node,), control.clients))]

    def _go(self, node: str) -> None:
        """The playing leader goes; who went before it returns."""
        before, self._gone = self._gone, None
        means = self._stage.context.options["means"]
        if means == "mixed":
            means = self._stage.context.rng.choice(("kill", "isolate"))
        if before is not None:
            self._return(*before)
        self._gone = (node, self._kill(node) if means == "kill" else self._isolate(node))
        self._stage.note(means, node)
        self._open()
        self._removed += 1
        self._act += 1
        self._wait()

    def _kill(self, node: str) -> Callable[[], None]:
        context = self._stage.context
        context.processes.take_down(node, context.fault.id, lambda name: strike(context, name))
        return lambda: context.processes.bring_back(node, context.fault.id)

    def _isolate(self, node: str) -> Callable[[], None]:
        rule = self._stage.isolate(node)
        return lambda: self._stage.lift(rule)

    def _finish(self) -> None:
        """The second leader has had its say: everybody is back, and after a rest it starts anew."""
        self._cycles += 1
        self._let_back()
        self._stage.later(self._stage.around(self._option("delay")), self._raise_curtain)

    def _let_back(self) -> None:
        self._open()
        if self._gone is not None:
            gone, self._gone = self._gone, None
            self._return(*gone)

    def _return(self, node: str, bring_back: Callable[[], None]) -> None:
        self._stage.note("return", node)
        bring_back()

    def _open(self) -> None:
        for rule in self._curtain:
            self._stage.lift(rule)
        self._curtain = []

    def _option(self, name: str) -> float:
        return float(self._stage.context.options[name])


FIGURE8 = Kind(
    "scenario.figure8",
    "Figure 8 of the Raft paper, again and again: a leader's entries reach few, it goes; the "
    "next leader's reach nobody, it goes; the first returns, replicates its old entry, goes; "
    "the second returns.",
    Figure8,
    aliases=("figure8", "figure-8"),
    parameters=(
        Parameter("delay", 0.1, "typical time a leader is left alone, in seconds", 0.001, 60.0),
        Parameter("patience", 1.5, "seconds to wait for a leader", 0.01, 600.0),
        Parameter(
            "means",
            "mixed",
            "how a leader goes: killed, cut off from all servers, or either by lot",
            choices=("mixed", "kill", "isolate"),
        ),
    ),
    targets=WHOEVER_LEADS,
    weights={"leader": 1},
    nodes_down=True,
    composite=True,
)
