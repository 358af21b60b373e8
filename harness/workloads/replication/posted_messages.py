"""Messages that answer each other: nobody reads an answer without its question.

Mr. Poons asks, Mrs. Cake answers, and an observer hears the answer first (DDIA chapter 5,
"Consistent Prefix Reads"). Clients post messages, most of them in answer to one that they have
read, and read all messages there are. Judged by causal consistency: every read has what its client
had posted and read, and with each message those that its author had
(`splitbrain.checkers.consistency.causality`). Reads may ask for less of their session; then they
are held to no more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from splitbrain.checkers.consistency.causality import SESSION, causal_consistency
from splitbrain.checkers.history.operation import Operation
from splitbrain.checkers.verdict import Checker
from splitbrain.harness.generators import PENDING, Context, Generator, Invocation, Step
from splitbrain.harness.plan import Plan
from splitbrain.harness.workloads.parts import replicas
from splitbrain.harness.workloads.parts.abilities import Method
from splitbrain.harness.workloads.parts.kind import WorkloadKind
from splitbrain.harness.workloads.parts.options import Option
from splitbrain.harness.workloads.parts.words import Words
from splitbrain.harness.workloads.workload import ClientFactory, FinalRead, Workload

NAME = "messages"

OPTIONS = (
    Option("read", 0.5, "share of reads among the operations; posts are the rest", most=1),
    Option("answer", 0.8, "share of posts that answer one that was read", most=1),
    Option("recent", 3, "how many of the newest messages are answered", least=1),
    Option("weaker", 0.0, "share of reads that ask for less than all their session has", most=1),
)

_WEAKER: tuple[tuple[str, ...], ...] = ((), *((kind,) for kind in SESSION))
"""What those ask for."""


# Client protocol


class MessagesClient(Protocol):
    """What a client must offer.

    A method that returns has done it; see `splitbrain.harness.client` for what raising means.
    """

    async def post(self, message: int, after: int | None) -> None:
        """Post a message, in answer to one that this client has read, or to none."""
        ...

    async def messages(self, asked: Sequence[str] | None = None) -> Sequence[int]:
        """All messages, in any order: with all that this client has posted (``read-your-writes``)
        and read before (``monotonic-reads``), or with what it asks for of these; each with those
        that its author had, in any case."""
        ...


METHODS = (
    Method("post", "post(message, after)", "posts", needed=True),
    Method("messages", "messages(asked) -> messages", "reads", needed=True),
    replicas.METHOD,
)


async def perform(client: Any, f: str, value: Any) -> Any:
    """Do one operation by the client's methods; see `splitbrain.harness.client.Perform`."""
    if f == "read":
        return list(await client.messages(value))
    if f == "post":
        await client.post(*value)
        return value
    raise ValueError(f"workload messages has no operation {f!r}: it has read and post")


# Generator


@dataclass(frozen=True, slots=True)
class MessageOperations:
    """Endless posts and reads, by random free clients.

    Attributes:
        read: share of reads.
        answer: share of posts that answer a message.
        recent: how many of the newest messages are answered.
        weaker: share of reads that ask for less than all.
        fresh: the next message.
        seen: by client, the newest messages that it has read.
    """

    read: float
    answer: float
    recent: int
    weaker: float = 0.0
    fresh: int = 0
    seen: Mapping[int, tuple[int, ...]] = field(default_factory=dict)

    def next(self, context: Context) -> Step | None:
        """An operation if any client is free."""
        if not context.free:
            return PENDING, self
        draw = context.random
        client = draw.choice(context.free)
        if draw.random() < self.read:
            less = self.weaker and draw.random() < self.weaker
            asked = list(draw.choice(_WEAKER)) if less else None
            return Invocation(context.time, client, "read", asked), self
        seen = self.seen.get(client, ())
        after = draw.choice(seen) if seen and draw.random() < self.answer else None
        post = Invocation(context.time, client, "post", [self.fresh, after])
        return post, replace(self, fresh=self.fresh + 1)

    def update(self, context: Context, event: Operation) -> Generator:
        """Learns what a client has read; one whose operation ended in doubt starts anew."""
        client = context.client_of(event)
        match event:
            case Operation(type="ok", f="read", value=messages):
                newest = tuple(sorted(messages)[-self.recent :])
                return replace(self, seen={**self.seen, client: newest})
            case Operation(type="info"):
                return replace(self, seen={c: v for c, v in self.seen.items() if c != client})
            case _:
                return self


def operations(options: Mapping[str, Any]) -> Generator:
    """Endless posts and reads in the shares that the options say."""
    return MessageOperations(
        options["read"], options["answer"], options["recent"], options["weaker"]
    )


# Final reads and checkers


def final_reads(plan: Plan, options: Mapping[str, Any]) -> list[FinalRead]:
    """A read by a client of every server."""
    return [FinalRead("read", None, server) for server in plan.servers]


def checkers(options: Mapping[str, Any], consistency: str) -> tuple[Checker, ...]:
    """No effect without its cause, and in the end all messages."""
    return (causal_consistency(),)


KIND = WorkloadKind(
    name=NAME,
    description="messages that answer each other: no answer is read without its question",
    options=OPTIONS,
    methods=METHODS,
    perform=perform,
    operations=operations,
    final=final_reads,
    checkers=checkers,
    idempotent=frozenset({"read"}),
    words={
        "post": Words("posts {argument.0} in answer to {argument.1}", "+{argument.0}"),
        "read": Words("reads the messages[ -> {result}]", "->{result}", "{result}"),
    },
)


def messages(client: ClientFactory, **options: int | float | None) -> Workload:
    """Messages, for a client that offers `MessagesClient`'s methods.

    Args:
        client: makes a client; a class whose ``__init__`` takes a node and a server's name does.
        options: see `OPTIONS`.

    Raises:
        InvalidPlan: the client lacks a method; an option is unknown or cannot have its value.
    """
    return KIND.workload(client, options)
