"""Faults of clocks: jumps of the wall clock, wrong rates of both clocks."""

from __future__ import annotations

from collections.abc import Callable

from splitbrain.harness.nemesis.control import Effect
from splitbrain.harness.nemesis.injection import Context, Injection, Strike
from splitbrain.harness.nemesis.kind import Kind, Parameter, Words, log_uniform


def bump(context: Context) -> Injection:
    """``clock.bump``: the wall clock jumps, as when NTP or an operator sets it, and later back."""
    offset = float(context.options["offset"])
    return _bending(
        context,
        bend=lambda node: context.control.jump_clock(node, offset),
        unbend=lambda node: context.control.jump_clock(node, -offset),
    )


def drift(context: Context) -> Injection:
    """``clock.drift``: both clocks run at a wrong rate, as with a bad crystal."""
    owner, rate = context.fault.id, float(context.options["rate"])
    return _bending(
        context,
        bend=lambda node: context.clocks.drift(node, owner, rate),
        unbend=lambda node: context.clocks.undrift(node, owner),
    )


def _bending(
    context: Context, bend: Callable[[str], None], unbend: Callable[[str], None]
) -> Injection:
    """A clock that nobody looks at has no effect: it is the targets' reads that are counted."""
    control = context.control
    targets = context.targets()
    reads_before: list[int] = []

    def reads() -> list[int]:
        return [control.clock_reads(node) for node in targets.nodes]

    def begin() -> None:
        reads_before.extend(reads())
        for node in targets.nodes:
            bend(node)

    def end() -> Effect:
        for node in targets.nodes:
            unbend(node)
        return {"clock_reads": sum(reads()) - sum(reads_before)}

    return Strike(targets.nodes, context.detail(targets), begin, end)


BUMP = Kind(
    "clock.bump",
    "The wall clock jumps, and back when the fault ends (with duration 0, when all is healed).",
    bump,
    Words("wall clock of {targets} jumps", "wall clock of {targets} set right"),
    aliases=("clock-jump", "clock_jump", "bump"),
    parameters=(Parameter("offset", 1.0, "seconds, negative for backwards", -1e6, 1e6),),
    draw=lambda rng: {"offset": rng.choice((-1, 1)) * round(log_uniform(rng, 0.01, 30.0), 3)},
    lasting=True,
)

DRIFT = Kind(
    "clock.drift",
    "Wall clock and monotonic clock run at a wrong rate.",
    drift,
    Words("clock of {targets} drifts", "clock of {targets} keeps time again"),
    aliases=("clock-drift", "clock_drift", "drift"),
    parameters=(Parameter("rate", 1.5, "local seconds a true second", 0.01, 100.0),),
    draw=lambda rng: {"rate": rng.choice((0.5, 0.8, 0.95, 1.05, 1.25, 2.0))},
)
