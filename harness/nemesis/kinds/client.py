"""Faults of clients: a worker dies half-way, stands still past its lease, hears of nobody, or tells
the time wrong.
"""

from __future__ import annotations

from splitbrain.harness.nemesis.control import Effect
from splitbrain.harness.nemesis.injection import Context, Injection, Strike
from splitbrain.harness.nemesis.kind import Kind, Parameter, Words, log_uniform
from splitbrain.harness.nemesis.kinds.network import LATER, copies
from splitbrain.harness.nemesis.kinds.process import kill, pause
from splitbrain.harness.nemesis.rules import LinkRule, links_between


def partition(context: Context) -> Injection:
    """``client.partition``: nothing passes between the targets and any server."""
    control, targets = context.control, context.targets()
    links = links_between(targets.nodes, control.servers)
    rule = LinkRule(context.fault.id, links, block=True)

    def end() -> Effect:
        control.remove_rule(rule)
        return {"messages_dropped": rule.affected}

    return Strike(targets.nodes, context.detail(targets), lambda: control.add_rule(rule), end)


def duplicate(context: Context) -> Injection:
    """``client.duplicate``: what the targets send to servers, and hear of them, arrives twice at
    random."""
    control, targets = context.control, context.targets()
    links = links_between(targets.nodes, control.servers)
    probability, late = context.options["probability"], context.options["later"]
    rule = LinkRule(
        context.fault.id, links, duplicate=probability, later=late, healing=context.healing
    )

    def end() -> Effect:
        control.remove_rule(rule)
        return {"messages_duplicated": rule.affected}

    return Strike(targets.nodes, context.detail(targets), lambda: control.add_rule(rule), end)


def skew(context: Context) -> Injection:
    """``client.skew``: the targets' wall clocks are off, each by another time."""
    control, targets = context.control, context.targets()
    spread = float(context.options["spread"])
    offsets = {name: round(context.rng.uniform(-spread, spread), 3) for name in targets.nodes}
    reads_before = {name: control.clock_reads(name) for name in targets.nodes}

    def begin() -> None:
        for name, offset in offsets.items():
            control.jump_clock(name, offset)

    def end() -> Effect:
        for name, offset in offsets.items():
            control.jump_clock(name, -offset)
        return {"clock_reads": sum(control.clock_reads(n) - reads_before[n] for n in offsets)}

    return Strike(targets.nodes, context.detail(targets, offsets=offsets), begin, end)


_WEIGHTS = {"one": 4, "all": 1}

KILL = Kind(
    "client.kill",
    "A client dies, in the middle of an operation maybe, which then stays in doubt; another starts "
    "in its place when the fault ends.",
    kill,
    Words("{targets} killed", "{targets} restarted"),
    aliases=("client-kill",),
    targets=("one", "all"),
    weights=_WEIGHTS,
    strikes="clients",
)

PAUSE = Kind(
    "client.pause",
    "A client stands still, in the middle of an operation maybe, and goes on when the fault ends: "
    "the worker whose lease expires while it collects garbage.",
    pause,
    Words("{targets} paused", "{targets} resumed"),
    aliases=("client-pause",),
    targets=("one", "all"),
    weights=_WEIGHTS,
    strikes="clients",
)

PARTITION = Kind(
    "client.partition",
    "What a client sends to any server is lost, and what servers send to it.",
    partition,
    Words("{targets} cut off from all servers", "{targets} reach the servers again"),
    aliases=("client-partition",),
    targets=("one", "all"),
    weights=_WEIGHTS,
    strikes="clients",
)

DUPLICATE = Kind(
    "client.duplicate",
    "A client's requests, and the answers to it, arrive twice with some probability: who is asked "
    "has to know a request again.",
    duplicate,
    Words("messages of {targets} duplicated", "duplication ends"),
    aliases=("client-duplicate",),
    parameters=(Parameter("probability", 0.2, "of delivering a message twice", high=1.0), LATER),
    targets=("one", "all"),
    weights=_WEIGHTS,
    draw=copies,
    strikes="clients",
)

SKEW = Kind(
    "client.skew",
    "The wall clocks of clients are off, each by a time of its own: producers that stamp what they "
    "send disagree about when it happened.",
    skew,
    Words("wall clocks of {targets} are off", "wall clocks of {targets} set right"),
    aliases=("client-skew", "skew"),
    parameters=(Parameter("spread", 1.0, "seconds that a clock is off at most", 0.0, 1e6),),
    targets=("one", "all"),
    weights={"one": 1, "all": 2},
    draw=lambda rng: {"spread": round(log_uniform(rng, 0.05, 5.0), 3)},
    strikes="clients",
    lasting=True,
)
