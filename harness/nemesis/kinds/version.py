"""Faults of versions: old and new code side by side (DDIA chapter 4, "Rolling upgrades")."""

from __future__ import annotations

from splitbrain.harness.nemesis.control import Effect
from splitbrain.harness.nemesis.injection import Context, Injection, Strike
from splitbrain.harness.nemesis.kind import Kind, Parameter, Words
from splitbrain.harness.nemesis.kinds.process import strike

NEWER, OLDER = "newer", "older"


def change(context: Context) -> Injection:
    """``version.change``: a server restarts with another version of its code, and back at the end.

    A server whose code has no versions, or none that way, is left alone.
    """
    owner, versions, processes = context.fault.id, context.versions, context.processes
    targets, usual = context.targets(), versions.usual or 0
    upwards = context.options["to"] == NEWER
    ways = [
        version for version in versions.all if version != usual and (version > usual) == upwards
    ]
    version = context.rng.choice(ways) if ways else usual
    struck = targets.nodes if ways else ()
    restarted: list[str] = []

    def restart(node: str) -> None:
        was_running = context.control.running(node)
        processes.take_down(node, owner, lambda name: strike(context, name))
        processes.bring_back(node, owner)
        restarted.extend([node] if was_running else [])

    def begin() -> None:
        for node in struck:
            versions.install(node, owner, version)
            restart(node)

    def end() -> Effect:
        seen = list(restarted)
        for node in struck:
            versions.remove(node, owner)
            restart(node)
        return {"restarted": seen}

    detail = context.detail(targets, **({"version": version} if ways else {}))
    return Strike(targets.nodes, detail, begin, end)


CHANGE = Kind(
    "version.change",
    "The server restarts with a newer or an older version of its code, and with the usual one when "
    "the fault ends: a rolling upgrade, or a rollback, that is under way.",
    change,
    Words("{targets} restarted with another version", "{targets} restarted with the usual version"),
    aliases=("upgrade",),
    parameters=(
        Parameter("to", NEWER, "which way from the usual version", choices=(NEWER, OLDER)),
    ),
    weights={"one": 4, "minority": 3, "majority": 2, "all": 1},
    draw=lambda rng: {"to": rng.choice((NEWER, OLDER))},
    by_name=True,
)
