"""Faults of clocks: wrong rates of both clocks, and all that wall clocks do besides.

A wall clock jumps (``bump``), jumps to and fro (``strobe``), goes back again and again
(``backward``), stands still (``freeze``), is slewed (``slew``), or has a second twice (``leap``).
None of this touches the monotonic clock; a crystal that is bad (``drift``) drives both.
"""

from __future__ import annotations

from collections.abc import Callable

from splitbrain.harness.nemesis.control import Effect
from splitbrain.harness.nemesis.injection import Context, Injection, Strike
from splitbrain.harness.nemesis.kind import Kind, Parameter, Weights, Words, log_uniform


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


def freeze(context: Context) -> Injection:
    """``clock.freeze``: the wall clock stands still, as after a virtual machine's was lost."""
    return _slewed(context, 0.0)


def slew(context: Context) -> Injection:
    """``clock.slew``: the wall clock runs wrong for a while, then as wrong the other way, until it
    is right again, as chrony and adjtime do it: it never jumps."""
    owner, rate = context.fault.id, float(context.options["rate"])
    slewing: set[str] = set()

    def bend(node: str) -> None:
        slewing.add(node)
        context.clocks.slew(node, owner, rate)
        context.control.after(context.fault.duration / 2, turn, node)

    def turn(node: str) -> None:
        if node in slewing:
            context.clocks.slew(node, owner, 2 - rate)

    def unbend(node: str) -> None:
        slewing.discard(node)
        context.clocks.unslew(node, owner)

    return _bending(context, bend, unbend)


def leap(context: Context) -> Injection:
    """``clock.leap``: the wall clock has a second twice (or runs slower until it has lost one), and
    is set right when the fault ends."""
    if context.options["how"] == "repeat":
        return _bending(
            context,
            bend=lambda node: context.control.jump_clock(node, -1.0),
            unbend=lambda node: context.control.jump_clock(node, 1.0),
        )
    duration = context.fault.duration
    return _slewed(context, 1 - 1 / max(duration, 2.0))


def strobe(context: Context) -> Injection:
    """``clock.strobe``: the wall clock jumps away and back, again and again."""
    delta = float(context.options["delta"])
    return _stepping(context, lambda steps: delta if steps % 2 == 0 else -delta)


def backward(context: Context) -> Injection:
    """``clock.backward``: the wall clock goes back again and again, so that it shows the same times
    over and over, as that of a virtual machine that is restored from one snapshot each time."""
    return _stepping(context, lambda steps: -float(context.options["period"]))


def _slewed(context: Context, rate: float) -> Injection:
    owner = context.fault.id
    return _bending(
        context,
        bend=lambda node: context.clocks.slew(node, owner, rate),
        unbend=lambda node: context.clocks.unslew(node, owner),
    )


def _stepping(context: Context, step: Callable[[int], float]) -> Injection:
    """The wall clock jumps at the start and after each period, by what `step` says of the jumps
    before; in the end by what sets it right."""
    control, period = context.control, float(context.options["period"])
    moved: dict[str, list[float]] = {}

    def bend(node: str) -> None:
        moved[node] = []
        jump(node)

    def jump(node: str) -> None:
        if node in moved:
            seconds = step(len(moved[node]))
            moved[node].append(seconds)
            control.jump_clock(node, seconds)
            control.after(period, jump, node)

    def unbend(node: str) -> None:
        control.jump_clock(node, -sum(moved.pop(node)))

    return _bending(context, bend, unbend)


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

_PERIOD = Parameter("period", 0.1, "seconds from one jump to the next", 0.001, 1e3)


STROBE = Kind(
    "clock.strobe",
    "The wall clock jumps away and back, again and again.",
    strobe,
    Words("wall clock of {targets} jumps to and fro", "wall clock of {targets} set right"),
    aliases=("strobe",),
    parameters=(Parameter("delta", 0.2, "seconds, negative for backwards", -1e6, 1e6), _PERIOD),
    draw=lambda rng: {
        "delta": rng.choice((-1, 1)) * round(log_uniform(rng, 0.01, 10.0), 3),
        "period": round(log_uniform(rng, 0.01, 0.5), 3),
    },
)

FREEZE = Kind(
    "clock.freeze",
    "The wall clock stands still and is set right when the fault ends.",
    freeze,
    Words("wall clock of {targets} stands still", "wall clock of {targets} set right"),
    aliases=("freeze",),
)

BACKWARD = Kind(
    "clock.backward",
    "The wall clock goes back by a period after each, so that it shows the same times over and "
    "over; it is set right when the fault ends.",
    backward,
    Words("wall clock of {targets} goes back and back", "wall clock of {targets} set right"),
    aliases=("backward",),
    parameters=(_PERIOD,),
    draw=lambda rng: {"period": round(log_uniform(rng, 0.01, 0.5), 3)},
)

SLEW = Kind(
    "clock.slew",
    "The wall clock runs at a wrong rate for half of the time, and as wrong the other way for the "
    "rest, without a jump.",
    slew,
    Words("wall clock of {targets} is slewed", "wall clock of {targets} keeps time again"),
    aliases=("slew",),
    parameters=(Parameter("rate", 0.9, "seconds of it a monotonic second", 0.0, 2.0),),
    draw=lambda rng: {"rate": rng.choice((0.5, 0.9, 0.99, 1.01, 1.1, 1.5))},
)

_ALL_AT_ONCE: Weights = {"all": 4, "one": 3, "leader": 2, "minority": 1}

LEAP = Kind(
    "clock.leap",
    "A leap second: the wall clock has a second twice, or runs slower until it has lost one, and "
    "is set right when the fault ends.",
    leap,
    Words("leap second on {targets}", "wall clock of {targets} set right"),
    aliases=("leap",),
    parameters=(
        Parameter(
            "how", "repeat", "a second comes twice, or is smeared", choices=("repeat", "smear")
        ),
    ),
    weights=_ALL_AT_ONCE,
    draw=lambda rng: {"how": rng.choice(("repeat", "smear"))},
)
