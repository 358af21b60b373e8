"""Calls through a load balancer, while its backends are restarted one by one.

Calls that any backend can answer, and now and then a restart of one, which must be drained first.
What the balancer did is judged by what it announces (`splitbrain.checkers.calls.balancing`; DDIA
chapter 1). If the client can ask what a backend has done, what was answered must be among that
(`splitbrain.checkers.calls.work_done`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from splitbrain.checkers.calls import balance, drained, no_request_to_dead, requests_counted
from splitbrain.checkers.calls.work_done import kept_work
from splitbrain.checkers.verdict import Checker
from splitbrain.harness.generators import Context, Generator, Invocation
from splitbrain.harness.plan import Plan
from splitbrain.harness.workloads.parts.abilities import Method
from splitbrain.harness.workloads.parts.drawn import Drawn
from splitbrain.harness.workloads.parts.keyed import remainder
from splitbrain.harness.workloads.parts.kind import WorkloadKind
from splitbrain.harness.workloads.parts.options import Option
from splitbrain.harness.workloads.parts.words import Words
from splitbrain.harness.workloads.workload import ClientFactory, FinalRead, Workload

NAME = "lb"

OPTIONS = (
    Option("restart", 0.1, "share of restarts among the operations", most=1),
    Option("done", 0.1, "share of reads of what a backend has done; calls are the rest", most=1),
)


# Client protocol


class BalancedClient(Protocol):
    """What a client must offer.

    A method that returns has done it; see `splitbrain.harness.client` for what raising means.
    """

    async def call(self, number: int) -> str:
        """Have something done by some backend; its name."""
        ...

    async def restart(self, position: int) -> str:
        """Drain and restart a backend, by its position among them; its name.

        Raises:
            Definite: it could not be drained.
        """
        ...

    async def done(self, position: int) -> tuple[str, Sequence[int]]:
        """A backend, by its position, and the numbers of all calls that it has done. Optional."""
        ...


METHODS = (
    Method("call", "call(number) -> backend", "calls", needed=True),
    Method("restart", "restart(position) -> backend", "restarts", needed=True),
    Method("done", "done(position) -> backend, numbers", "reads of what backends have done"),
)


async def perform(client: Any, f: str, value: Any) -> Any:
    """Do one operation by the client's methods; see `splitbrain.harness.client.Perform`."""
    if f in ("call", "restart"):
        return [value, await getattr(client, f)(value)]
    if f == "done":
        backend, numbers = await client.done(value)
        return [value, backend, list(numbers)]
    raise ValueError(f"workload lb has no operation {f!r}: it has call, restart and done")


# Generator


def operations(options: Mapping[str, Any]) -> Generator:
    """Endless calls, restarts and reads of what was done, by random free clients."""
    shares = {f: options[f] for f in ("restart", "done")}
    weights = remainder(NAME, shares, "call")

    def draw(context: Context, client: int, number: int) -> Invocation:
        f = context.random.choices(tuple(weights), tuple(weights.values()))[0]
        argument = number if f == "call" else context.random.randrange(8)
        return Invocation(context.time, client, f, argument)

    return Drawn(draw)


# Final reads and checkers


def final_reads(plan: Plan, options: Mapping[str, Any]) -> list[FinalRead]:
    """A call by a client of every server: in the end all are answered; and what every server that
    may be a backend has done."""
    reads = [FinalRead("call", -1, server) for server in plan.servers]
    if options["done"]:
        reads += [FinalRead("done", n, server) for n, server in enumerate(plan.servers)]
    return reads


def checkers(options: Mapping[str, Any], consistency: str) -> tuple[Checker, ...]:
    """Requests go to who lives, and to who has least to do; restarts drop none; work is kept."""
    return (no_request_to_dead(), balance(), requests_counted(), drained(), kept_work())


def lists(f: str, argument: Any, result: Any) -> bool:
    """Whether a read shows any work."""
    return bool(result[2])


KIND = WorkloadKind(
    name=NAME,
    description="calls through a load balancer whose backends die, fail and are restarted",
    options=OPTIONS,
    methods=METHODS,
    perform=perform,
    operations=operations,
    final=final_reads,
    checkers=checkers,
    idempotent=frozenset({"done"}),
    shows=lists,
    refusable=frozenset({"restart"}),
    words={
        "call": Words("calls[ -> {result.1:name}]", "call[ {result.1:name}]"),
        "restart": Words("restarts a backend[: {result.1:name}]", "restart[ {result.1:name}]"),
        "done": Words(
            "asks what a backend has done[: {result.1:name}, {result.2}]", "->{result.2}"
        ),
    },
)


def lb(client: ClientFactory, **options: int | float | None) -> Workload:
    """Calls through a balancer, for a client that offers `BalancedClient`'s methods.

    Args:
        client: makes a client; a class whose ``__init__`` takes a node and a server's name does.
        options: see `OPTIONS`.

    Raises:
        InvalidPlan: the client lacks a method; an option is unknown or cannot have its value.
    """
    return KIND.workload(client, options)
