"""Faults that meet a change of the cluster half way.

Members are added, removed and replaced, and ranges moved, split and merged, by clients: the
workloads ``changing-set`` and ``rebalance`` do that. These faults wait for such a change to be
asked for, and strike while it is under way: who decides or carries it out dies, so that it is
aborted half way and somebody has to go on from there; or some servers hear nothing of it, and go
on routing and answering by what they knew before (DDIA chapter 6, "Rebalancing Partitions" and
"Request Routing"; Jepsen: RethinkDB 2.2.3, Dgraph 1.1.1).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from splitbrain.harness.nemesis.control import Effect
from splitbrain.harness.nemesis.injection import Context
from splitbrain.harness.nemesis.kind import WHOEVER_LEADS, Kind, Parameter, Words
from splitbrain.harness.nemesis.kinds.process import strike
from splitbrain.harness.nemesis.stage import Scenario


class MeetsChanges(Scenario):
    """Strikes one server soon after each change was asked for, one at a time.

    Args:
        context: what performing the fault needs.
        kills: whether the server is killed; else other servers don't hear it, nor it them.
    """

    def __init__(self, context: Context, *, kills: bool) -> None:
        super().__init__(context)
        self._kills = kills
        self._deaf: Callable[[], None] = lambda: None
        self._back: Callable[[], None] | None = None
        self._struck: list[str] = []

    def begin(self) -> None:
        """Wait for changes."""
        self._deaf = self._stage.context.changes.listen(self._begun)

    def end(self) -> Effect:
        """Let who is struck return, and wait no more."""
        self._deaf()
        self._return()
        return {**self._stage.close(), "killed" if self._kills else "unheard": self._struck}

    def _begun(self, client: str) -> None:
        after = self._stage.around(float(self._stage.context.options["delay"]))
        self._stage.later(after, self._meet)

    def _meet(self) -> None:
        if self._back is not None:
            return  # somebody is still struck
        context, owner = self._stage.context, self._stage.context.fault.id
        node = self._victim()
        if self._kills:
            context.processes.take_down(node, owner, lambda name: strike(context, name))
            self._back = partial(context.processes.bring_back, node, owner)
        else:
            self._back = partial(self._stage.lift, self._stage.isolate(node))
        self._struck.append(node)
        self._stage.note("kill" if self._kills else "isolate", node)
        self._stage.later(self._stage.around(float(context.options["lasts"])), self._return)

    def _victim(self) -> str:
        """Who leads; where nobody says so, the first server as often as all others together."""
        control, rng = self._stage.context.control, self._stage.context.rng
        leader = control.leader() if self._stage.context.fault.target == "leader" else None
        return leader or rng.choice((control.servers[0], rng.choice(control.servers)))

    def _return(self) -> None:
        back, self._back = self._back, None
        if back is not None:
            back()


def _parameters(lasts: float) -> tuple[Parameter, ...]:
    return (
        Parameter("delay", 0.05, "typical time from the request to the strike, in seconds", 1e-4),
        Parameter("lasts", lasts, "typical time that a server is struck, in seconds", 1e-3),
    )


ABORTED = Kind(
    "change.aborted",
    "While a change is under way that a client asked for (members come or go, ranges move, split "
    "or are merged), a server that decides it or takes part is killed; it starts again soon.",
    partial(MeetsChanges, kills=True),
    Words("whoever changes the cluster is killed", "changes are left alone"),
    aliases=("change-aborted",),
    parameters=_parameters(0.5),
    targets=WHOEVER_LEADS,
    weights={"leader": 2, "one": 1},
    nodes_down=True,
    composite=True,
    by_name=True,
)

UNHEARD = Kind(
    "change.unheard",
    "While a change is under way that a client asked for, a server is cut off from the others but "
    "not from clients: it routes and answers by what it knew before.",
    partial(MeetsChanges, kills=False),
    Words("some hear nothing of changes", "changes are heard of"),
    aliases=("change-unheard", "stale-routers"),
    parameters=_parameters(1.0),
    targets=WHOEVER_LEADS,
    weights={"leader": 1, "one": 2},
    composite=True,
    by_name=True,
)
