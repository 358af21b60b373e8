"""Faults of disks: fsyncs that take long, and fsyncs that don't end until the disk recovers."""

from __future__ import annotations

from splitbrain.harness.nemesis.control import Effect
from splitbrain.harness.nemesis.injection import Context, Injection, Strike
from splitbrain.harness.nemesis.kind import Kind, Parameter, Words, log_uniform
from splitbrain.harness.nemesis.rules import DiskRule
from splitbrain.harness.nemesis.targets import Targets


def slow(context: Context) -> Injection:
    """``disk.slow``: every fsync takes longer, as on a disk that others use too."""
    targets = context.targets()
    rule = DiskRule(context.fault.id, targets.nodes, delay=context.options["delay"])
    return _under_rule(context, targets, rule, "fsyncs_slowed")


def stall(context: Context) -> Injection:
    """``disk.stall``: no fsync ends before the fault does, as when a controller resets."""
    targets = context.targets()
    rule = DiskRule(context.fault.id, targets.nodes, stall=True)
    return _under_rule(context, targets, rule, "fsyncs_stalled")


def _under_rule(context: Context, targets: Targets, rule: DiskRule, effect: str) -> Injection:
    control = context.control

    def end() -> Effect:
        control.remove_disk_rule(rule)
        return {effect: rule.affected}

    return Strike(targets.nodes, context.detail(targets), lambda: control.add_disk_rule(rule), end)


SLOW = Kind(
    "disk.slow",
    "Every fsync of the targets takes longer, by an exponentially distributed time.",
    slow,
    Words("disk of {targets} slow", "disk fast again"),
    aliases=("slow-disk",),
    parameters=(Parameter("delay", 0.1, "mean of the additional time, in seconds", high=60.0),),
    draw=lambda rng: {"delay": round(log_uniform(rng, 0.005, 0.5), 3)},
)

STALL = Kind(
    "disk.stall",
    "No fsync of the targets ends before the fault does; reads and writes go to the page cache as "
    "ever.",
    stall,
    Words("disk of {targets} stalls", "disk answers again"),
    aliases=("stall",),
)
