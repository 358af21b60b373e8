"""Faults of what goes on within programs: the order of asyncio's tasks, and branches taken rarely.

Only some programs offer a hold for these: those of asyncio, and those that ask
`splitbrain.buggify`. So they are drawn where they are named, and `all` does not mean them.
"""

from __future__ import annotations

from collections.abc import Callable

from splitbrain.harness.nemesis.control import Effect, Insides
from splitbrain.harness.nemesis.injection import Context, Injection, Strike
from splitbrain.harness.nemesis.kind import Kind, Parameter, Words, log_uniform
from splitbrain.harness.nemesis.rules import ProgramRule
from splitbrain.harness.nemesis.targets import Targets


def reorder(context: Context) -> Injection:
    """``program.reorder``: asyncio's ready tasks go on in another order, and some of them later."""
    targets, options = context.targets(), context.options
    rule = ProgramRule(
        context.fault.id, targets.nodes, order=options["order"], pause=options["pause"]
    )
    return _while(context, targets, rule, lambda: {"orders_changed": rule.affected})


def buggify(context: Context) -> Injection:
    """``program.buggify``: branches that are hardly ever taken are."""
    targets, options = context.targets(), context.options
    rule = ProgramRule(
        context.fault.id, targets.nodes, places=options["places"], share=options["share"]
    )
    return _while(context, targets, rule, lambda: {"branches_taken": sorted(rule.taken)})


def _while(
    context: Context, targets: Targets, rule: ProgramRule, seen: Callable[[], Effect]
) -> Injection:
    """The rule, from the fault's start to its end."""
    control = context.control

    def begin() -> None:
        # Another ground's programs are not the world's: it refuses the fault.
        assert isinstance(control, Insides), "checked by the ground"
        control.add_program_rule(rule)

    def end() -> Effect:
        assert isinstance(control, Insides), "checked by the ground"
        control.remove_program_rule(rule)
        return seen()

    return Strike(targets.nodes, context.detail(targets), begin, end)


REORDER = Kind(
    "program.reorder",
    "Of asyncio's tasks that are ready on the targets some go on, in any order, and the others "
    "later: what asyncio's order of readiness has hidden, another loop, a version of Python or a "
    "task that takes its time may show.",
    reorder,
    Words("tasks of {targets} go on in any order", "tasks go on as they become ready"),
    aliases=("reorder",),
    parameters=(
        Parameter(
            "order",
            "random",
            "which go on: some of them, or the one of the highest priority, priorities changing "
            "now and then (PCT)",
            choices=("random", "pct"),
        ),
        Parameter("pause", 0.01, "for how long others wait at most, in seconds", 0.0, 10.0),
    ),
    draw=lambda rng: {
        "order": rng.choice(("random", "pct")),
        "pause": round(log_uniform(rng, 0.001, 0.1), 4),
    },
    inside=True,
    long=True,
)

BUGGIFY = Kind(
    "program.buggify",
    "Branches that the program takes rarely, by its own word (`buggify`), are taken on the "
    "targets.",
    buggify,
    Words("{targets} take rare branches", "rare branches are rare again"),
    aliases=("buggify",),
    parameters=(
        Parameter("places", 0.25, "of such branches that are taken at all", 0.0, 1.0),
        Parameter("share", 0.25, "of those who come by that take one", 0.0, 1.0),
    ),
    draw=lambda rng: {
        "places": rng.choice((0.25, 0.5, 1.0)),
        "share": rng.choice((0.05, 0.25, 1.0)),
    },
    inside=True,
    long=True,
)
