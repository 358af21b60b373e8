"""Friendships and posts: who is a friend when something is posted is notified of it, nobody else.

The case of DDIA chapter 12, "Ordering events to capture causality": a client that ends a friendship
often posts right after it. Judged by `splitbrain.checkers.streams.causal_recipients`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from splitbrain.checkers.streams import causal_recipients
from splitbrain.checkers.streams.recipients import BEFRIEND, POST, READ, UNFRIEND
from splitbrain.checkers.verdict import Checker
from splitbrain.harness.generators import Context, Generator, Invocation
from splitbrain.harness.plan import Plan
from splitbrain.harness.workloads.parts.abilities import Method
from splitbrain.harness.workloads.parts.drawn import Drawn
from splitbrain.harness.workloads.parts.kind import WorkloadKind
from splitbrain.harness.workloads.parts.options import Option
from splitbrain.harness.workloads.parts.words import Words
from splitbrain.harness.workloads.workload import ClientFactory, FinalRead, Workload

NAME = "friends"

OPTIONS = (
    Option("users", 4, "how many users", least=2, most=1000),
    Option("read", 0.15, "share of reads of who was notified", most=1),
    Option("post", 0.4, "share of posts; changes of friendships are the rest", most=1),
)


# Client protocol


class FriendsClient(Protocol):
    """What a client must offer.

    A method that returns has done it, once; see `splitbrain.harness.client` for what raising means.
    """

    async def befriend(self, user: int, friend: int) -> int:
        """Make a friendship; return its position in the order of everything."""
        ...

    async def unfriend(self, user: int, friend: int) -> int:
        """End a friendship; return the position of that."""
        ...

    async def post(self, user: int, number: int) -> int:
        """Post something, of which all friends of the user are notified; return its position."""
        ...

    async def notified(self) -> Mapping[str, Any]:
        """Who was notified by all that was acknowledged before this call, at least: ``position``
        and ``notified``, ``[number of the post, friend]`` each."""
        ...


METHODS = (
    Method("befriend", "befriend(user, friend)", "makes friends", needed=True),
    Method("unfriend", "unfriend(user, friend)", "ends friendships", needed=True),
    Method("post", "post(user, number)", "posts", needed=True),
    Method("notified", "notified()", "reads who was notified", needed=True),
)


async def perform(client: Any, f: str, value: Any) -> Any:
    """Do one operation by the client's methods; see `splitbrain.harness.client.Perform`."""
    if f in (BEFRIEND, UNFRIEND, POST):
        return [*value, await getattr(client, f)(*value)]
    if f == READ:
        found = await client.notified()
        rows = [list(row) for row in found["notified"]]
        return {"position": found["position"], "notified": rows}
    known = f"{BEFRIEND}, {UNFRIEND}, {POST} and {READ}"
    raise ValueError(f"workload {NAME} has no operation {f!r}: it has {known}")


# Generator


def operations(options: Mapping[str, Any]) -> Generator:
    """Endless changes, posts and reads, by random free clients."""

    def draw(context: Context, client: int, number: int) -> Invocation:
        random = context.random
        left = random.random()
        if left < options["read"]:
            return Invocation(context.time, client, READ)
        user = random.randrange(options["users"])
        if left < options["read"] + options["post"]:
            return Invocation(context.time, client, POST, [user, number])
        friend = random.choice([other for other in range(options["users"]) if other != user])
        f = random.choice((BEFRIEND, UNFRIEND))
        return Invocation(context.time, client, f, [user, friend])

    return Drawn(draw)


# Final reads and checkers


def final_reads(plan: Plan, options: Mapping[str, Any]) -> list[FinalRead]:
    """A read by a client of every server."""
    return [FinalRead(READ, None, server) for server in plan.servers]


def checkers(options: Mapping[str, Any], consistency: str) -> tuple[Checker, ...]:
    """Friends are notified."""
    return (causal_recipients(),)


def shows(f: str, argument: Any, result: Any) -> bool:
    """Whether a read has any notification."""
    return isinstance(result, Mapping) and bool(result.get("notified"))


KIND = WorkloadKind(
    name=NAME,
    description="friendships and posts: who was a friend is notified, in the order of causes",
    options=OPTIONS,
    methods=METHODS,
    perform=perform,
    operations=operations,
    final=final_reads,
    checkers=checkers,
    idempotent=frozenset({READ}),
    shows=shows,
    words={
        BEFRIEND: Words("befriends {argument.1} for {argument.0}[, at {result.2}]", "befriend"),
        UNFRIEND: Words("unfriends {argument.1} for {argument.0}[, at {result.2}]", "unfriend"),
        POST: Words("posts {argument.1} for {argument.0}[, at {result.2}]", "post {argument.1}"),
        READ: Words("reads who was notified[ -> {result.notified}]", "notified"),
    },
)


def friends(client: ClientFactory, **options: int | float | None) -> Workload:
    """Friendships and posts, for a client that offers `FriendsClient`'s methods.

    Args:
        client: makes a client; a class whose ``__init__`` takes a node and a server's name does.
        options: see `OPTIONS`.

    Raises:
        InvalidPlan: the client lacks a method; an option is unknown or cannot have its value.
    """
    return KIND.workload(client, options)
