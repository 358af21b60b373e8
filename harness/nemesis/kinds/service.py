"""Faults of services: an answer that gets lost, a server that fails at once, one that is slow, and
more requests than usual.

These concern whoever calls and is called, so `all` leaves them out: they are drawn where they are
named, and for systems that claim to survive them. A server that is to fail at once says by its
class how it does so::

    class Node:
        @staticmethod
        def refusal(message):       # None for what is no request
            match message:
                case ("request", number, *_):
                    return ("reply", number, "refused", "it failed")

Sources: Bronson et al., "Metastable Failures in Distributed Systems" (HotOS 2021); Huang et al.,
"Gray Failure: The Achilles' Heel of Cloud-Scale Systems" (HotOS 2017).
"""

from __future__ import annotations

from typing import Any

from splitbrain.harness.nemesis.control import Effect
from splitbrain.harness.nemesis.injection import Context, Injection, Strike
from splitbrain.harness.nemesis.kind import Kind, Parameter, Weights, Words, log_uniform
from splitbrain.harness.nemesis.rules import LinkRule

ANSWERS = ("reply", "answer", "done")
"""What messages begin with that answer others: to clients, and between servers."""

PERIOD_S = 0.1
"""How often a slow server has its turn."""


def answers_lost(context: Context) -> Injection:
    """``service.answers_lost``: the targets do what they are asked, and nobody hears of it."""
    control, targets = context.control, context.targets()
    hosts = (*control.servers, *control.clients)
    links = frozenset((a, b) for a in targets.nodes for b in hosts if a != b)
    rule = LinkRule(context.fault.id, links, loss=context.options["probability"], words=ANSWERS)

    def end() -> Effect:
        control.remove_rule(rule)
        return {"messages_dropped": rule.affected}

    return Strike(targets.nodes, context.detail(targets), lambda: control.add_rule(rule), end)


def error_fast(context: Context) -> Injection:
    """``service.error_fast``: the targets answer every request at once, with an error.

    A server that doesn't say how it fails is left alone.
    """
    control, targets, refusal = context.control, context.targets(), context.versions.refusal
    hosts = (*control.servers, *control.clients)
    struck = targets.nodes if refusal is not None else ()
    links = frozenset((b, a) for a in struck for b in hosts if a != b)
    rule = LinkRule(context.fault.id, links, answer=refusal)

    def end() -> Effect:
        control.remove_rule(rule)
        return {"requests_refused": rule.affected}

    return Strike(targets.nodes, context.detail(targets), lambda: control.add_rule(rule), end)


def slow(context: Context) -> Injection:
    """``service.slow``: the targets get a share of their processors, as if others had the rest."""
    control, targets, processes = context.control, context.targets(), context.processes
    owner, share = context.fault.id, context.options["share"]
    turns, ended = 0, False

    def wait() -> None:
        nonlocal turns
        if not ended:
            turns += sum(processes.pause(node, owner) for node in targets.nodes)
            control.after(PERIOD_S * (1 - share), work)

    def work() -> None:
        for node in targets.nodes:
            processes.resume(node, owner)
        if not ended:
            control.after(PERIOD_S * share, wait)

    def end() -> Effect:
        nonlocal ended
        ended = True
        work()
        return {"turns_waited": turns}

    return Strike(targets.nodes, context.detail(targets), wait, end)


def spike(context: Context) -> Injection:
    """``service.load_spike``: clients ask several times as often, whether or not they are answered.

    What is generated at random times comes at times that are as much closer. Of spikes that overlap
    the greatest counts.
    """
    owner, loads = context.fault.id, context.loads
    before = 0

    def begin() -> None:
        nonlocal before
        before = loads.hurried
        loads.raise_to(owner, context.options["times"])

    def end() -> Effect:
        loads.restore(owner)
        return {"operations": loads.hurried - before}

    return Strike(tuple(context.hosts), dict(context.options), begin, end)


def _drawn(name: str, low: float, high: float) -> Any:
    return lambda rng: {name: round(log_uniform(rng, low, high), 3)}


_SERVERS: Weights = {"one": 4, "leader": 2, "minority": 2, "all": 2}

ANSWERS_LOST = Kind(
    "service.answers_lost",
    "The server does what it is asked, and its answer is lost, to clients and other servers alike; "
    "whatever else it sends arrives.",
    answers_lost,
    Words("answers of {targets} get lost", "answers arrive again"),
    aliases=("answers-lost",),
    parameters=(Parameter("probability", 1.0, "that an answer is lost", high=1.0),),
    weights=_SERVERS,
    draw=_drawn("probability", 0.1, 1.0),
    by_name=True,
)

ERROR_FAST = Kind(
    "service.error_fast",
    "The server answers each request at once with an error, and does nothing; it answers questions "
    "after its health as ever. One that does not say how it fails is left alone.",
    error_fast,
    Words("{targets} answer with errors at once", "{targets} work again"),
    aliases=("error-fast",),
    weights=_SERVERS,
    by_name=True,
)

SLOW = Kind(
    "service.slow",
    "The server's process gets a share of its processor alone, a turn in each tenth of a second: "
    "it answers everything, late.",
    slow,
    Words("{targets} slow", "{targets} at full speed again"),
    aliases=("slow-server",),
    parameters=(Parameter("share", 0.1, "of the time that it may work", 0.001, 1.0),),
    weights=_SERVERS,
    draw=_drawn("share", 0.005, 0.5),
    by_name=True,
)

LOAD_SPIKE = Kind(
    "service.load_spike",
    "Operations come several times as often, as far as clients are free; open-loop load has as "
    "many times the requests.",
    spike,
    Words("load spike", "the usual load again"),
    aliases=("load-spike",),
    parameters=(Parameter("times", 5.0, "how many times as often", 1.0, 100.0),),
    targets=("all",),
    weights={"all": 1},
    draw=_drawn("times", 2.0, 20.0),
    by_name=True,
)
