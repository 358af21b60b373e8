"""Membership: members announce something of themselves, and are asked whom they know.

Judged by `splitbrain.checkers.invariants.memberships`: in the end all members that are up agree on
who is there; what one knows of another never goes back.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from splitbrain.checkers.invariants.memberships import ANNOUNCE, SETTLED, membership
from splitbrain.checkers.verdict import Checker
from splitbrain.harness.generators import Context, Generator, Invocation
from splitbrain.harness.plan import Plan
from splitbrain.harness.workloads.parts.abilities import Method
from splitbrain.harness.workloads.parts.drawn import Drawn
from splitbrain.harness.workloads.parts.kind import WorkloadKind
from splitbrain.harness.workloads.parts.options import Option
from splitbrain.harness.workloads.parts.words import Words
from splitbrain.harness.workloads.workload import ClientFactory, FinalRead, Workload

NAME = "membership"

OPTIONS = (Option("announce", 0.3, "share of announcements; the rest are questions", most=1),)


# Client protocol


class MembersClient(Protocol):
    """What a client must offer.

    A method that returns has done it; see `splitbrain.harness.client` for what raising means.
    """

    async def announce(self, tag: int) -> tuple[str, int]:
        """Have a member announce a tag of itself; its name, and its incarnation from then on."""
        ...

    async def members(self) -> tuple[str, Mapping[str, tuple[str, int, Any]]]:
        """A member's name, and what it knows of all: by name, ``alive``, ``suspect`` or ``dead``,
        incarnation and tag."""
        ...


METHODS = (
    Method("announce", "announce(tag) -> (server, incarnation)", "announcements", needed=True),
    Method("members", "members() -> (server, {name: record})", "questions", needed=True),
)


async def perform(client: Any, f: str, value: Any) -> Any:
    """Do one operation by the client's methods; see `splitbrain.harness.client.Perform`."""
    if f == ANNOUNCE:
        server, incarnation = await client.announce(value)
        return {"server": server, "incarnation": incarnation}
    if f in ("members", SETTLED):
        by, members = await client.members()
        return {"by": by, "members": {name: list(record) for name, record in members.items()}}
    raise ValueError(f"workload membership has no operation {f!r}: it has announce and members")


def operations(options: Mapping[str, Any]) -> Generator:
    """Endless announcements, of tags that are all different, and questions."""

    def draw(context: Context, client: int, number: int) -> Invocation:
        if context.random.random() < options["announce"]:
            return Invocation(context.time, client, ANNOUNCE, number)
        return Invocation(context.time, client, "members")

    return Drawn(draw)


# Final reads and checkers


def final_reads(plan: Plan, options: Mapping[str, Any]) -> list[FinalRead]:
    """Whom every server knows."""
    return [FinalRead(SETTLED, None, server) for server in plan.servers]


def checkers(options: Mapping[str, Any], consistency: str) -> tuple[Checker, ...]:
    """Members agree in the end, and never unsay what they knew."""
    return (membership(),)


def shows(f: str, argument: Any, result: Any) -> bool:
    """Whether a view shows any member."""
    return isinstance(result, Mapping) and bool(result.get("members"))


KIND = WorkloadKind(
    name=NAME,
    description="membership: in the end all members agree on who is there",
    options=OPTIONS,
    methods=METHODS,
    perform=perform,
    operations=operations,
    final=final_reads,
    checkers=checkers,
    idempotent=frozenset({"members", SETTLED}),
    shows=shows,
    words={
        ANNOUNCE: Words("has a member announce {argument}[ -> {result}]", "announce {argument}"),
        "members": Words("asks a member whom it knows[ -> {result}]", "members"),
        SETTLED: Words("asks a member in the end whom it knows[ -> {result}]"),
    },
)


def members(client: ClientFactory, **options: int | float | None) -> Workload:
    """Membership, for a client that offers `MembersClient`'s methods.

    Args:
        client: makes a client; a class whose ``__init__`` takes a node and a server's name does.
        options: see `OPTIONS`.

    Raises:
        InvalidPlan: the client lacks a method; an option is unknown or cannot have its value.
    """
    return KIND.workload(client, options)
