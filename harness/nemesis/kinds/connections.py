"""Faults of connections: streams cut and joined at random, and connections that are reset.

Only unmodified programs have connections; messages of a `Node` program are whole and have none. So
these are drawn where they are named, and a family does not mean them.
"""

from __future__ import annotations

from splitbrain.harness.nemesis.control import Effect, Insides
from splitbrain.harness.nemesis.injection import Context, Injection, Strike
from splitbrain.harness.nemesis.kind import Kind, Parameter, Words, log_uniform
from splitbrain.harness.nemesis.rules import LinkRule, links_between


def slicer(context: Context) -> Injection:
    """``net.slicer``: what is written at once comes in parts, what is written apart comes at once
    (the ``slicer`` of Toxiproxy)."""
    control, options, targets = context.control, context.options, context.targets()
    links = links_between(targets.nodes, (*control.servers, *control.clients))
    rule = LinkRule(context.fault.id, links, slices=options["share"], pause=options["pause"])

    def end() -> Effect:
        control.remove_rule(rule)
        return {"segments_sliced": rule.affected}

    return Strike(targets.nodes, context.detail(targets), lambda: control.add_rule(rule), end)


def reset(context: Context) -> Injection:
    """``net.reset``: connections are reset, as by a firewall that is restarted or a load balancer
    that has had enough of them; what was under way on them may be lost."""
    control, targets = context.control, context.targets()
    struck: set[int] = set()

    def begin() -> None:
        for node in targets.nodes:
            # Another ground's connections are not the world's to reset: it refuses the fault.
            assert isinstance(control, Insides), "checked by the ground"
            struck.update(control.reset_connections(node, context.options["share"], context.rng))

    return Strike(
        targets.nodes,
        context.detail(targets),
        begin,
        lambda: {"connections_reset": sorted(struck)},
    )


SLICER = Kind(
    "net.slicer",
    "What unmodified programs write on the targets' connections is cut into segments at random "
    "places, and what they write one after the other may come as one.",
    slicer,
    Words("streams of {targets} cut and joined", "streams left alone"),
    aliases=("slicer",),
    parameters=(
        Parameter("share", 0.7, "of segments that are cut in two; half as many wait", 0.01, 1.0),
        Parameter("pause", 0.02, "for how long parts wait at most, in seconds", 0.0, 10.0),
    ),
    draw=lambda rng: {
        "share": rng.choice((0.3, 0.7, 1.0)),
        "pause": round(log_uniform(rng, 0.002, 0.2), 3),
    },
    inside=True,
    like="net.latency",
)

RESET = Kind(
    "net.reset",
    "Connections of unmodified programs that the targets have with other hosts are reset, once, at "
    "the start.",
    reset,
    Words("connections of {targets} reset", "no more resets"),
    aliases=("reset-connections",),
    parameters=(Parameter("share", 1.0, "of the connections that are reset", 0.0, 1.0),),
    draw=lambda rng: {"share": rng.choice((1.0, 1.0, 0.5))},
    inside=True,
    like="net.partition",
)
