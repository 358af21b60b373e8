"""Faults of membership: a server that is never seen again, or not for a long time."""

from __future__ import annotations

from splitbrain.harness.nemesis.control import Effect
from splitbrain.harness.nemesis.injection import Context, Injection, Strike, merged
from splitbrain.harness.nemesis.kind import Kind, Words
from splitbrain.harness.nemesis.kinds.process import kill, strike


def dead(context: Context) -> Injection:
    """``member.dead``: the process ends and never starts again; what is left must go on without.

    TigerBeetle's simulator calls the part of a run in which that is demanded its liveness mode.
    """
    processes = context.processes
    targets = context.targets()
    effects: list[Effect] = []

    def begin() -> None:
        effects.extend(
            {**processes.end(node, lambda name: strike(context, name)), "gone": [node]}
            for node in targets.nodes
        )

    return Strike(targets.nodes, context.detail(targets), begin, lambda: merged(effects))


DEAD = Kind(
    "member.dead",
    "The server dies for good: it does not start again even when all is healed, and the others "
    "must go on without it.",
    dead,
    Words("{targets} dead for good", "{targets} stays dead"),
    aliases=("dead",),
    targets=("one", "leader", "minority"),
    weights={"one": 3, "leader": 3, "minority": 2},
    nodes_down=True,
    permanent=True,
    lasting=True,
)

AWAY = Kind(
    "member.away",
    "The server dies and is away for most of the run; then it returns with what it had, which the "
    "others may have forgotten.",
    kill,
    Words("{targets} gone away", "{targets} back with what it had"),
    aliases=("away",),
    weights={"one": 3, "minority": 1},
    nodes_down=True,
    long=True,
    by_name=True,
)
