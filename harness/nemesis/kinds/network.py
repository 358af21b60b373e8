"""Faults of the network: partitions, and links that are narrow, or delay, lose or duplicate."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Any

from splitbrain.harness.nemesis.control import Effect
from splitbrain.harness.nemesis.injection import Context, Injection, Strike
from splitbrain.harness.nemesis.kind import Kind, Parameter, Weights, Words, log_uniform, weighted
from splitbrain.harness.nemesis.rules import Link, LinkRule, links_between
from splitbrain.harness.nemesis.targets import Targets, in_order, majority, minority


def partition(context: Context) -> Injection:
    """``net.partition``: servers on different sides don't hear of each other (Jepsen's nemeses)."""
    servers, shape = context.control.servers, context.options["shape"]
    if shape == "majorities-ring":
        pairs = majorities_ring(context.rng.sample(servers, len(servers)))
        links = frozenset(link for a, b in pairs for link in ((a, b), (b, a)))
        cut = [list(in_order(pair, servers)) for pair in pairs]
        targets = Targets(tuple(servers))
        return _under_rule(
            context, targets, LinkRule(context.fault.id, links, block=True), cut=sorted(cut)
        )
    targets, side = _smaller_side(context, shape)
    rest = tuple(name for name in servers if name not in side)
    rule = LinkRule(context.fault.id, links_between(side, rest), block=True)
    return _under_rule(context, targets, rule, groups=[list(side), list(rest)])


def _smaller_side(context: Context, shape: str) -> tuple[Targets, tuple[str, ...]]:
    """The targets that count, and the side of the partition that they are on."""
    servers, rng = context.control.servers, context.rng
    targets = context.targets("leader" if shape == "leader" else None)
    if shape in ("one", "leader"):
        alone = targets.nodes if len(targets.nodes) <= 1 else (rng.choice(targets.nodes),)
        return Targets(alone, targets.note), alone
    # Halves: two servers have no minority, and yet can be parted.
    size = max(1, minority(len(servers)))
    others = [name for name in servers if name not in targets.nodes]
    struck = rng.sample(targets.nodes, min(size, len(targets.nodes)))
    side = in_order([*struck, *rng.sample(others, size - len(struck))], servers)
    return Targets(side, targets.note), side


def partition_oneway(context: Context) -> Injection:
    """``net.partition_oneway``: an asymmetric link, as in Cloudflare's outage of November 2020."""
    targets = context.targets()
    servers = context.control.servers
    outward = frozenset((a, b) for a in targets.nodes for b in servers if a != b)
    links = outward if context.options["direction"] == "out" else frozenset(map(_back, outward))
    return _under_rule(context, targets, LinkRule(context.fault.id, links, block=True))


def latency(context: Context) -> Injection:
    """``net.latency``: messages take longer, and so overtake each other."""
    targets = context.targets()
    rule = LinkRule(context.fault.id, _links_of(context, targets), delay=context.options["delay"])
    return _under_rule(context, targets, rule, effect="messages_delayed")


def loss(context: Context) -> Injection:
    """``net.loss``: messages get lost at random."""
    targets = context.targets()
    probability = context.options["probability"]
    rule = LinkRule(context.fault.id, _links_of(context, targets), loss=probability)
    return _under_rule(context, targets, rule)


def bandwidth(context: Context) -> Injection:
    """``net.bandwidth``: links pass on only so many bytes a second."""
    targets = context.targets()
    links, rate = _links_of(context, targets), float(context.options["rate"])
    rule = LinkRule(context.fault.id, links, bandwidth=rate)
    return _under_rule(context, targets, rule, effect="messages_delayed")


def duplicate(context: Context) -> Injection:
    """``net.duplicate``: messages arrive twice at random."""
    targets = context.targets()
    probability, late = context.options["probability"], context.options["later"]
    links = _links_of(context, targets)
    rule = LinkRule(
        context.fault.id, links, duplicate=probability, later=late, healing=context.healing
    )
    return _under_rule(context, targets, rule, effect="messages_duplicated")


def _under_rule(
    context: Context,
    targets: Targets,
    rule: LinkRule,
    *,
    effect: str = "messages_dropped",
    **detail: object,
) -> Injection:
    control = context.control

    def end() -> Effect:
        control.remove_rule(rule)
        return {effect: rule.affected}

    return Strike(
        targets.nodes, context.detail(targets, **detail), lambda: control.add_rule(rule), end
    )


def majorities_ring(ring: Sequence[str]) -> list[Link]:
    """The pairs to cut so that each server sees just a majority, and no two see the same one.

    Servers stand in a ring and keep the links to their nearest neighbors (Jepsen's
    ``majorities-ring``). Three servers are all neighbors: there, the link between two is cut, and
    both see a majority through the third. Fewer can't be cut up like that.
    """
    count = len(ring)
    if count <= 3:
        return [(ring[0], ring[1])] if count == 3 else []
    reach = majority(count) // 2  # neighbors kept on each side: a majority, oneself included
    return [
        (ring[i], ring[j])
        for i in range(count)
        for j in range(i + 1, count)
        if min(j - i, count - (j - i)) > reach
    ]


def _links_of(context: Context, targets: Targets) -> frozenset[Link]:
    control = context.control
    with_clients = context.options["scope"] == "all"
    hosts = (*control.servers, *control.clients) if with_clients else control.servers
    return links_between(targets.nodes, hosts)


def _back(link: Link) -> Link:
    return link[1], link[0]


_SCOPE = Parameter(
    "scope",
    "all",
    "which of the targets' links: those to other servers, or those to clients too",
    choices=("all", "servers"),
)

LATER = Parameter(
    "later", 0.0, "mean time by which second copies are later than usual, in seconds", high=60.0
)
"""Of who duplicates: a copy that comes a moment after its message meets the same term, life or
owner; one that is late, the next."""


def copies(rng: random.Random) -> dict[str, Any]:
    """How messages are duplicated: half of the times with copies that are late."""
    probability, is_late = rng.choice((0.05, 0.2, 0.5)), rng.random() < 0.5
    return {"probability": probability, "later": round(log_uniform(rng, 0.02, 3.0), 3) * is_late}


_LINKS: Weights = {"all": 3, "leader": 2, "one": 2, "minority": 1}
_ISOLATED: Weights = {"leader": 3, "one": 2}
_SHAPES: Weights = {"one": 3, "halves": 3, "leader": 2, "majorities-ring": 1}


def _parted(targets: Sequence[str], servers: Sequence[str], detail: Mapping[str, Any]) -> str:
    groups = detail.get("groups")
    if isinstance(groups, list) and all(isinstance(group, list) for group in groups) and groups:
        return "partitioned into " + " | ".join(", ".join(map(str, group)) for group in groups)
    others = [server for server in servers if server not in targets]
    if not targets or not others:
        return f"partition of {', '.join(targets) or 'the servers'}"
    return f"{', '.join(targets)} cut off from {', '.join(others)}"


PARTITION = Kind(
    "net.partition",
    "Servers on different sides don't hear of each other; clients reach every server.",
    partition,
    Words(_parted, "partition healed"),
    aliases=("partition",),
    parameters=(
        Parameter(
            "shape",
            "halves",
            "halves: the targets and others up to a minority, against the rest; one: a single "
            "target against the rest; leader: the leader against the rest; majorities-ring: "
            "every server sees a majority, no two the same one",
            choices=("halves", "one", "leader", "majorities-ring"),
        ),
    ),
    weights=_ISOLATED,
    draw=lambda rng: {"shape": weighted(rng, _SHAPES)},
)

PARTITION_ONEWAY = Kind(
    "net.partition_oneway",
    "What the targets send to other servers is lost, or what these send to them; the other "
    "direction works.",
    partition_oneway,
    Words("one-way partition at {targets}", "one-way partition healed"),
    aliases=("oneway", "partition-oneway", "partition_oneway"),
    parameters=(
        Parameter(
            "direction",
            "out",
            "what is lost: what the targets send (out) or what is sent to them (in)",
            choices=("out", "in"),
        ),
    ),
    weights=_ISOLATED,
    draw=lambda rng: {"direction": rng.choice(("out", "in"))},
)

LATENCY = Kind(
    "net.latency",
    "Every message on the targets' links takes longer, by an exponentially distributed time.",
    latency,
    Words("messages of {targets} delayed", "delays end"),
    aliases=("latency", "delay"),
    parameters=(
        Parameter("delay", 0.05, "mean of the additional delay, in seconds", high=60.0),
        _SCOPE,
    ),
    weights=_LINKS,
    draw=lambda rng: {"delay": round(log_uniform(rng, 0.005, 0.3), 3)},
)

LOSS = Kind(
    "net.loss",
    "Each message on the targets' links is lost with some probability.",
    loss,
    Words("messages of {targets} lost at random", "losses end"),
    aliases=("loss",),
    parameters=(Parameter("probability", 0.1, "of losing a message", high=1.0), _SCOPE),
    weights=_LINKS,
    draw=lambda rng: {"probability": rng.choice((0.02, 0.1, 0.3))},
)

BANDWIDTH = Kind(
    "net.bandwidth",
    "The targets' links pass on only so many bytes a second, each way.",
    bandwidth,
    Words("links of {targets} narrow", "links wide again"),
    aliases=("bandwidth",),
    parameters=(
        Parameter("rate", 10_000.0, "bytes a second, of each link and direction", 1.0, 1e12),
        _SCOPE,
    ),
    weights=_LINKS,
    draw=lambda rng: {"rate": float(round(log_uniform(rng, 1_000, 100_000)))},
    real=True,
    like="net.latency",
)

DUPLICATE = Kind(
    "net.duplicate",
    "Each message on the targets' links arrives twice with some probability.",
    duplicate,
    Words("messages of {targets} duplicated", "duplication ends"),
    aliases=("duplicate",),
    parameters=(
        Parameter("probability", 0.1, "of delivering a message twice", high=1.0),
        LATER,
        # A client's request that arrives twice asks more of a system than a datagram network
        # between servers does: that it knows requests again. Whoever claims it can ask for it.
        Parameter("scope", "servers", _SCOPE.description, choices=_SCOPE.choices),
    ),
    weights=_LINKS,
    draw=copies,
)
