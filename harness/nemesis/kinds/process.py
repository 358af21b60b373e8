"""Faults of processes: killed, told to end, switched off, paused."""

from __future__ import annotations

from collections.abc import Callable

from splitbrain.harness.nemesis.control import POWER_LOSS_POLICIES, Effect, RealProcesses
from splitbrain.harness.nemesis.injection import Context, Injection, Strike, merged
from splitbrain.harness.nemesis.kind import Kind, Parameter, Weights, Words


def kill(context: Context) -> Injection:
    """``process.kill``: the process ends, its page cache survives; it starts again at the end."""

    return _taking_down(context, lambda node: strike(context, node))


def strike(context: Context, node: str) -> Effect:
    """Kill the process on a node, if there is one."""
    if not context.control.running(node):
        return {}
    return {**context.control.kill(node), "killed": [node]}


def terminate(context: Context) -> Injection:
    """``process.terminate``: the process is asked to end, as by an operator or an orchestrator."""
    patience = float(context.options["patience"])

    def ask(node: str) -> Effect:
        control = context.control
        assert isinstance(control, RealProcesses), "checked by the ground"
        if not control.running(node):
            return {}
        killed = control.terminate(node, patience)["killed"]
        return {"terminated": [node], "killed": [node] if killed else []}

    return _taking_down(context, ask)


def power_loss(context: Context) -> Injection:
    """``process.power_loss``: the process ends and unsynced writes are lost (ALICE, OSDI 2014).

    A machine whose process is already dead still has a page cache to lose.
    """

    def switch_off(node: str) -> Effect:
        killed = [node] if context.control.running(node) else []
        return {**context.control.power_loss(node, context.options["policy"]), "killed": killed}

    return _taking_down(context, switch_off)


def _taking_down(context: Context, how: Callable[[str], Effect]) -> Injection:
    owner, processes = context.fault.id, context.processes
    targets = context.targets()
    effects: list[Effect] = []

    def begin() -> None:
        effects.extend(processes.take_down(node, owner, how) for node in targets.nodes)

    def end() -> Effect:
        kept = [node for node in targets.nodes if processes.down.prolonged(node, owner)]
        for node in targets.nodes:
            processes.bring_back(node, owner)
        return merged((*effects, {"kept_down": kept}))

    return Strike(targets.nodes, context.detail(targets), begin, end)


def pause(context: Context) -> Injection:
    """``process.pause``: the process stands still until the end. A dead process can't be paused."""
    owner, processes = context.fault.id, context.processes
    targets = context.targets()
    paused: list[str] = []

    def begin() -> None:
        paused.extend(node for node in targets.nodes if processes.pause(node, owner))

    def end() -> Effect:
        kept = [node for node in targets.nodes if processes.paused.prolonged(node, owner)]
        for node in targets.nodes:
            processes.resume(node, owner)
        return {"paused": paused, "kept_paused": kept}

    return Strike(targets.nodes, context.detail(targets), begin, end)


_CRASHES: Weights = {"leader": 4, "one": 3, "minority": 1, "majority": 1, "all": 1}

KILL = Kind(
    "process.kill",
    "The process dies at once and starts again when the fault ends; its page cache survives.",
    kill,
    Words("{targets} killed", "{targets} restarted"),
    aliases=("kill", "crash"),
    weights=_CRASHES,
    nodes_down=True,
)

TERMINATE = Kind(
    "process.terminate",
    "The process gets SIGTERM, and SIGKILL if it has not ended in time; it starts again when the "
    "fault ends.",
    terminate,
    Words("{targets} terminated", "{targets} restarted"),
    aliases=("terminate", "sigterm"),
    parameters=(Parameter("patience", 2.0, "seconds that it has to end by itself", 0.0, 600.0),),
    weights=_CRASHES,
    nodes_down=True,
    real=True,
    like="process.kill",
)

POWER_LOSS = Kind(
    "process.power_loss",
    "The machine loses power: process and unsynced writes are gone. It starts again when the "
    "fault ends.",
    power_loss,
    Words("{targets} lost power", "{targets} powered on again"),
    aliases=("power-loss", "power_loss", "poweroff"),
    parameters=(
        Parameter(
            "policy",
            "drop_unsynced",
            "what is left of unsynced writes: nothing, the first few, or any of them",
            choices=POWER_LOSS_POLICIES,
        ),
    ),
    weights=_CRASHES,
    draw=lambda rng: {"policy": rng.choice(POWER_LOSS_POLICIES)},
    nodes_down=True,
)

PAUSE = Kind(
    "process.pause",
    "The process stands still, as in a long garbage collection or under SIGSTOP, and goes on "
    "when the fault ends.",
    pause,
    Words("{targets} paused", "{targets} resumed"),
    aliases=("pause",),
)
