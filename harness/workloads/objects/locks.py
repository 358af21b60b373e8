"""A lock: no two hold it at a time.

Jepsen's ``mutex`` and ``lock``. Each client acquires the lock, then releases it, then tries again.
Judged by linearizability with the mutex model, or, for a lock that gives out tokens, with that of a
lock with fencing: every token is greater than all before it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

from splitbrain.checkers.history import FAIL, INFO, OK, Operation
from splitbrain.checkers.invariants.refused_acquires import refusals
from splitbrain.checkers.linearizability import linearizable
from splitbrain.checkers.models import fenced_lock, mutex
from splitbrain.checkers.verdict import Checker
from splitbrain.harness.client import Definite, Perform
from splitbrain.harness.generators import PENDING, Context, Generator, Invocation, Step
from splitbrain.harness.plan import Plan
from splitbrain.harness.workloads.parts.abilities import Method
from splitbrain.harness.workloads.parts.kind import WorkloadKind
from splitbrain.harness.workloads.parts.words import Words
from splitbrain.harness.workloads.workload import ClientFactory, FinalRead, Workload

NAME, FENCED_NAME = "lock", "fenced-lock"

TAKEN = "somebody holds it"
"""What an acquire is told that is refused because of others."""


# Client protocol


class LockClient(Protocol):
    """What a client must offer.

    A method that returns has done it; see `splitbrain.harness.client` for what raising means. After
    an operation whose outcome is unknown there is a new client, which holds nothing.
    """

    async def acquire(self) -> int | bool | None:
        """Take the lock; return its token, if it has tokens, or False if somebody holds it."""
        ...

    async def release(self, token: int | None) -> None:
        """Give the lock back; `token` is what `acquire` gave, if that was one."""
        ...


METHODS = (
    Method("acquire", "acquire()", "acquires", needed=True),
    Method("release", "release(token)", "releases", needed=True),
)


def performing(name: str) -> Perform:
    """What does one operation of the workload of this name by the client's methods."""

    async def perform(client: Any, f: str, value: Any) -> Any:
        if f == "acquire":
            answer = await client.acquire()
            if answer is False:
                raise Definite(TAKEN)
            return None if answer is True else answer
        if f == "release":
            await client.release(value)
            return value
        raise ValueError(f"workload {name} has no operation {f!r}: it has acquire and release")

    return perform


# Generator


@dataclass(frozen=True, slots=True)
class Locking:
    """Endless acquires, each followed by a release of the same client once it succeeded.

    Attributes:
        held: the tokens of the clients that hold the lock, as far as they know.
        argument: what an acquire says.
    """

    held: Mapping[int, Any]
    argument: Any = None

    def next(self, context: Context) -> Step | None:
        """What a random free client does next."""
        if not context.free:
            return PENDING, self
        client = context.random.choice(context.free)
        if client in self.held:
            return Invocation(context.time, client, "release", self.held[client]), self
        return Invocation(context.time, client, "acquire", self.argument), self

    def update(self, context: Context, event: Operation) -> Generator:
        """Learns who holds the lock: a client in doubt forgets, as a crashed one would."""
        client = context.client_of(event)
        if event.f == "acquire" and event.type == OK:
            return replace(self, held={**self.held, client: event.value})
        kept = event.type == FAIL and event.f == "release"
        if client in self.held and event.type in (OK, FAIL, INFO) and not kept:
            rest = {c: token for c, token in self.held.items() if c != client}
            return replace(self, held=rest)
        return self


def operations(options: Mapping[str, Any]) -> Generator:
    """Endless acquires and releases."""
    return Locking({})


# Final reads and checkers


def final_reads(plan: Plan, options: Mapping[str, Any]) -> list[FinalRead]:
    """Nothing: whether the lock is free depends on who held it last."""
    return []


def checkers(options: Mapping[str, Any], consistency: str) -> tuple[Checker, ...]:
    """No two hold the lock, and nobody is refused while it is free."""
    return (linearizable(mutex()), refusals(1, TAKEN))


KIND = WorkloadKind(
    name=NAME,
    description="a lock: no two hold it at a time",
    options=(),
    methods=METHODS,
    perform=performing(NAME),
    operations=operations,
    final=final_reads,
    checkers=checkers,
    refusable=frozenset({"acquire"}),
    words={
        "acquire": Words("acquires the lock", "acquire"),
        "release": Words("releases the lock", "release"),
    },
)


FENCED = replace(
    KIND,
    name=FENCED_NAME,
    description="a lock with fencing tokens: no two hold it at a time, and tokens grow",
    perform=performing(FENCED_NAME),
    checkers=lambda options, consistency: (linearizable(fenced_lock()),),
)
"""A lock each of whose acquires gives a token. It may refuse while nobody holds the lock: until
an old lease has run out."""


def lock(client: ClientFactory, *, fenced: bool = False, **options: int | float | None) -> Workload:
    """A lock, for a client that offers `LockClient`'s methods.

    Args:
        client: makes a client; a class whose ``__init__`` takes a node and a server's name does.
        fenced: whether each acquire gives a token, which is greater than all before it.
        options: it has none of its own.

    Raises:
        InvalidPlan: the client lacks a method; an option is unknown.
    """
    return (FENCED if fenced else KIND).workload(client, options)
