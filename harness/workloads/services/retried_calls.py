"""Calls of services that may fail, some of which may be made again: posts add to counters, gets
read them.

What each path was posted shows in every get, once each: a post that was made again counts twice
(linearizability of counters, path by path; RFC 9110, section 9.2.2). What callers announce of their
retries is judged by `splitbrain.checkers.calls.retry_budgets` (DDIA chapters 1 and 8).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from splitbrain.checkers.calls import backoff_spread, retry_amplification
from splitbrain.checkers.linearizability import linearizable
from splitbrain.checkers.models import counter as counter_model
from splitbrain.checkers.verdict import Checker
from splitbrain.harness.generators import Context, Generator, Invocation
from splitbrain.harness.plan import Plan
from splitbrain.harness.workloads.parts.abilities import Method
from splitbrain.harness.workloads.parts.drawn import Drawn
from splitbrain.harness.workloads.parts.keyed import SKEW, any_of, key_names, key_reads
from splitbrain.harness.workloads.parts.kind import WorkloadKind
from splitbrain.harness.workloads.parts.options import Option
from splitbrain.harness.workloads.parts.words import Words
from splitbrain.harness.workloads.workload import ClientFactory, FinalRead, Workload

NAME = "http-retry"

OPTIONS = (
    Option("keys", 5, "how many paths", least=1),
    SKEW,
    Option("read", 0.5, "share of gets among the operations; posts are the rest", most=1),
    Option("most", 5, "the most that a post adds; it adds 1 at least", least=1),
)


# Client protocol


class RetriedClient(Protocol):
    """What a client must offer.

    A method that returns has done it; see `splitbrain.harness.client` for what raising means.
    """

    async def post(self, path: str, amount: int) -> None:
        """Add `amount` to the counter at a path, which is 0 at first."""
        ...

    async def get(self, path: str) -> int:
        """The counter at a path."""
        ...


METHODS = (
    Method("post", "post(path, amount)", "posts", needed=True),
    Method("get", "get(path) -> count", "gets", needed=True),
)


async def perform(client: Any, f: str, value: Any) -> Any:
    """Do one operation by the client's methods; see `splitbrain.harness.client.Perform`."""
    if f == "read":
        return [value[0], await client.get(value[0])]
    if f == "add":
        await client.post(*value)
        return value
    raise ValueError(f"workload {NAME} has no operation {f!r}: it has add and read")


# Generator


def operations(options: Mapping[str, Any]) -> Generator:
    """Endless posts and gets, by random free clients."""
    paths = key_names(options["keys"])

    def draw(context: Context, client: int, number: int) -> Invocation:
        random = context.random
        path = paths[any_of(len(paths), options["skew"], random)]
        if random.random() < options["read"]:
            return Invocation(context.time, client, "read", [path, None])
        return Invocation(context.time, client, "add", [path, random.randint(1, options["most"])])

    return Drawn(draw)


# Final reads and checkers


def final_reads(plan: Plan, options: Mapping[str, Any]) -> list[FinalRead]:
    """A get of every path, the servers taking turns."""
    return key_reads("read", plan, options["keys"])


def checkers(options: Mapping[str, Any], consistency: str) -> tuple[Checker, ...]:
    """Each post counts once; retries stay within their budget, and are spread."""
    return (linearizable(counter_model()), retry_amplification(), backoff_spread())


def counted(f: str, argument: Any, result: Any) -> bool:
    """Whether a get shows that anything was posted."""
    return bool(result[1] != 0)


KIND = WorkloadKind(
    name=NAME,
    description="posts and gets of services that fail: a post that is made again counts twice",
    options=OPTIONS,
    methods=METHODS,
    perform=perform,
    operations=operations,
    final=final_reads,
    checkers=checkers,
    idempotent=frozenset({"read"}),
    shows=counted,
    words={
        "add": Words("posts {argument.1} to {argument.0:name}", "{argument.0:name}+{argument.1}"),
        "read": Words(
            "gets {argument.0:name}[ -> {result.1}]", "{argument.0:name}->{result.1}", "{result.1}"
        ),
    },
)


def http_retry(client: ClientFactory, **options: int | float | None) -> Workload:
    """Posts and gets, for a client that offers `RetriedClient`'s methods.

    Args:
        client: makes a client; a class whose ``__init__`` takes a node and a server's name does.
        options: see `OPTIONS`.

    Raises:
        InvalidPlan: the client lacks a method; an option is unknown or cannot have its value.
    """
    return KIND.workload(client, options)
