"""Doctors on call: one may leave only if another one stays.

The example of write skew (DDIA chapter 7, "Write Skew and Phantoms"; Cahill et al., SIGMOD 2008).
Each transaction looks at everyone on call for a shift and changes one doctor, so two of them can
both be right and leave nobody: snapshot isolation permits that, serializability doesn't.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from splitbrain.checkers.invariants.on_call import doctors as somebody_on_call
from splitbrain.checkers.verdict import Checker
from splitbrain.harness.client import Definite
from splitbrain.harness.generators import Context, Generator, Invocation
from splitbrain.harness.plan import Plan
from splitbrain.harness.workloads.parts.abilities import Method
from splitbrain.harness.workloads.parts.drawn import Drawn
from splitbrain.harness.workloads.parts.kind import WorkloadKind
from splitbrain.harness.workloads.parts.options import Option
from splitbrain.harness.workloads.parts.words import Words
from splitbrain.harness.workloads.workload import ClientFactory, FinalRead, Workload

NAME = "doctors"
DOCTORS = ("alice", "bob")

OPTIONS = (
    Option("shifts", 2, "how many shifts, each with its own two doctors", least=1),
    Option("leave", 0.4, "share of attempts to leave among the operations", most=1),
    Option("join", 0.3, "share of returns; reads are what is left", most=1),
)


# Client protocol


class DoctorsClient(Protocol):
    """What a client must offer; each method in one transaction, and all doctors on call at first.

    A method that returns has done it; see `splitbrain.harness.client` for what raising means.
    """

    async def on_call(self, shift: str, doctors: Sequence[str]) -> list[str]:
        """Who of these is on call."""
        ...

    async def leave(self, shift: str, doctor: str, doctors: Sequence[str]) -> bool:
        """Take a doctor off call if another one is on call; return whether it was done."""
        ...

    async def join(self, shift: str, doctor: str) -> None:
        """Put a doctor on call."""
        ...


METHODS = (
    Method("on_call", "on_call(shift, doctors)", "reads", True),
    Method("leave", "leave(shift, doctor, doctors)", "attempts to leave", True),
    Method("join", "join(shift, doctor)", "returns", True),
)


async def perform(client: Any, f: str, value: Any) -> Any:
    """Do one operation by the client's methods; see `splitbrain.harness.client.Perform`."""
    shift, doctor = value if f in ("read", "leave", "join") else (None, None)
    match f:
        case "read":
            return [shift, list(await client.on_call(shift, DOCTORS))]
        case "leave":
            if not await client.leave(shift, doctor, DOCTORS):
                raise Definite(f"nobody would be left, or {doctor} was not on call")
        case "join":
            await client.join(shift, doctor)
        case _:
            raise ValueError(f"workload doctors has no operation {f!r}: it has read, leave, join")
    return value


# Generator


def shifts(options: Mapping[str, Any]) -> list[str]:
    """Names of the shifts."""
    return [f"shift{i + 1}" for i in range(options["shifts"])]


def operations(options: Mapping[str, Any]) -> Generator:
    """Endless reads, attempts to leave, and returns, by random free clients."""
    names = shifts(options)

    def draw(context: Context, client: int, number: int) -> Invocation:
        random = context.random
        shift, doctor, chance = random.choice(names), random.choice(DOCTORS), random.random()
        if chance < options["leave"]:
            return Invocation(context.time, client, "leave", [shift, doctor])
        if chance < options["leave"] + options["join"]:
            return Invocation(context.time, client, "join", [shift, doctor])
        return Invocation(context.time, client, "read", [shift, None])

    return Drawn(draw)


# Final reads and checkers


def final_reads(plan: Plan, options: Mapping[str, Any]) -> list[FinalRead]:
    """A read of every shift, the servers taking turns."""
    return [
        FinalRead("read", [shift, None], plan.servers[i % plan.nodes])
        for i, shift in enumerate(shifts(options))
    ]


def checkers(options: Mapping[str, Any], consistency: str) -> tuple[Checker, ...]:
    """Somebody stays on call, and all is answered in the end."""
    return (somebody_on_call(),)


def somebody_left(f: str, argument: Any, result: Any) -> bool:
    """Whether a read shows anybody off call: all are on call at first."""
    return sorted(result[1]) != sorted(DOCTORS)


KIND = WorkloadKind(
    name=NAME,
    description="doctors leave only if another stays on call: write skew",
    options=OPTIONS,
    methods=METHODS,
    perform=perform,
    operations=operations,
    final=final_reads,
    checkers=checkers,
    idempotent=frozenset({"read"}),
    refusable=frozenset({"leave"}),
    shows=somebody_left,
    words={
        "read": Words(
            "reads who is on call in {argument.0:name}[ -> {result.1}]",
            "{argument.0:name}->{result.1}",
        ),
        "leave": Words(
            "takes {argument.1:name} off call in {argument.0:name}",
            "{argument.0:name}-{argument.1:name}",
        ),
        "join": Words(
            "puts {argument.1:name} on call in {argument.0:name}",
            "{argument.0:name}+{argument.1:name}",
        ),
    },
)


def doctors(client: ClientFactory, **options: int | float | None) -> Workload:
    """Doctors on call, for a client that offers `DoctorsClient`'s methods.

    Args:
        client: makes a client; a class whose ``__init__`` takes a node and a server's name does.
        options: see `OPTIONS`.

    Raises:
        InvalidPlan: the client lacks a method; an option is unknown or cannot have its value.
    """
    return KIND.workload(client, options)
