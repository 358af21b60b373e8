"""Faults of all that a server has on disk: the directory is empty, or an older one; or there is no
room.

As when a machine is replaced and gets a new disk, a volume was not mounted, or somebody restores
yesterday's backup. A server that comes back so has forgotten what it promised under its name; most
algorithms of replication do not survive that unless it joins as somebody new.
"""

from __future__ import annotations

from splitbrain.harness.nemesis.control import Effect, RealProcesses
from splitbrain.harness.nemesis.injection import Context, Injection, Strike, merged
from splitbrain.harness.nemesis.kind import Kind, Words
from splitbrain.harness.nemesis.kinds.process import strike


def _real(context: Context) -> RealProcesses:
    control = context.control
    assert isinstance(control, RealProcesses), "checked by the ground"
    return control


def empty(context: Context) -> Injection:
    """``disk.empty``: the process dies, and comes back at the end to an empty data directory."""
    owner, processes = context.fault.id, context.processes
    targets = context.targets()
    effects: list[Effect] = []

    def lose(node: str) -> Effect:
        killed = strike(context, node)
        return {**killed, **_real(context).replace_data(node, by_copy=False)}

    def begin() -> None:
        effects.extend(processes.take_down(node, owner, lose) for node in targets.nodes)

    def end() -> Effect:
        for node in targets.nodes:
            processes.bring_back(node, owner)
        return merged(effects)

    return Strike(targets.nodes, context.detail(targets), begin, end)


def older(context: Context) -> Injection:
    """``disk.older``: at the end the process dies, and comes back to its data directory as it was
    at the start."""
    owner, processes, control = context.fault.id, context.processes, context.control
    targets = context.targets()

    def begin() -> None:
        for node in targets.nodes:
            _real(context).keep_copy(node)

    def restore(node: str) -> Effect:
        was_running = control.running(node)
        killed = processes.take_down(node, owner, lambda name: strike(context, name))
        changed = _real(context).replace_data(node, by_copy=True)
        if was_running:
            processes.bring_back(node, owner)
        else:
            processes.down.release(node, owner)
        return {**killed, **changed}

    def end() -> Effect:
        return merged([restore(node) for node in targets.nodes])

    return Strike(targets.nodes, context.detail(targets), begin, end)


def no_room(context: Context) -> Injection:
    """``disk.no_room``: there is no room on the disk, until the fault ends."""
    targets = context.targets()

    def begin() -> None:
        for node in targets.nodes:
            _real(context).fill_disk(node, full=True)

    def end() -> Effect:
        there_was_none = [n for n in targets.nodes if _real(context).fill_disk(n, full=False)]
        return {"disks_full": there_was_none}

    return Strike(targets.nodes, context.detail(targets), begin, end)


NO_ROOM = Kind(
    "disk.no_room",
    "The disk of the targets, a small one of their own, has no room until the fault ends.",
    no_room,
    Words("disk of {targets} full", "there is room again"),
    aliases=("no-room",),
    real=True,
    like="disk.enospc",
)

EMPTY = Kind(
    "disk.empty",
    "The process dies, and its data directory is lost; it starts again with an empty one when the "
    "fault ends.",
    empty,
    Words("disk of {targets} lost", "{targets} restarted with an empty disk"),
    aliases=("empty-disk",),
    nodes_down=True,
    real=True,
)

OLDER = Kind(
    "disk.older",
    "When the fault ends the process dies, and starts again with its data directory as it was when "
    "the fault began.",
    older,
    Words("backup of {targets} made", "{targets} restarted from the backup"),
    aliases=("older-disk",),
    real=True,
)
