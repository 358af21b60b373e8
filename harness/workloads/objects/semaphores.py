"""A semaphore: no more than so many hold a permit at a time.

As `splitbrain.harness.workloads.objects.locks`, with as many permits as an acquire says; what it
gives is the permit's token, which release gives back. Judged by linearizability.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Protocol

from splitbrain.checkers.invariants.refused_acquires import refusals
from splitbrain.checkers.linearizability import linearizable
from splitbrain.checkers.models import semaphore as with_permits
from splitbrain.checkers.verdict import Checker
from splitbrain.harness.client import Definite
from splitbrain.harness.generators import Generator
from splitbrain.harness.workloads.objects import locks
from splitbrain.harness.workloads.parts.abilities import Method
from splitbrain.harness.workloads.parts.options import Option
from splitbrain.harness.workloads.parts.words import Words
from splitbrain.harness.workloads.workload import ClientFactory, Workload

NAME = "semaphore"

TAKEN = "all permits are taken"
"""What an acquire is told that is refused because of others."""

OPTIONS = (Option("permits", 2, "how many permits there are", least=1),)


# Client protocol


class SemaphoreClient(Protocol):
    """What a client must offer.

    A method that returns has done it; see `splitbrain.harness.client` for what raising means. After
    an operation whose outcome is unknown there is a new client, which holds nothing.
    """

    async def take(self, permits: int) -> int | bool:
        """Take one of so many permits; its token, or False if all are taken."""
        ...

    async def give(self, token: int) -> None:
        """Give back the permit with this token."""
        ...


async def perform(client: Any, f: str, value: Any) -> Any:
    """Do one operation by the client's methods; see `splitbrain.harness.client.Perform`."""
    if f == "acquire":
        token = await client.take(value)
        if token is False:
            raise Definite(TAKEN)
        return token
    if f == "release":
        await client.give(value)
        return value
    raise ValueError(f"workload semaphore has no operation {f!r}: it has acquire and release")


def operations(options: Mapping[str, Any]) -> Generator:
    """Endless acquires and releases."""
    return locks.Locking({}, options["permits"])


def checkers(options: Mapping[str, Any], consistency: str) -> tuple[Checker, ...]:
    """No more than so many hold a permit, and nobody is refused while one is free."""
    permits = options["permits"]
    return (linearizable(with_permits(permits)), refusals(permits, TAKEN))


KIND = replace(
    locks.KIND,
    name=NAME,
    description="a semaphore: no more than so many hold a permit at a time",
    options=OPTIONS,
    methods=(
        Method("take", "take(permits) -> token or False", "acquires", needed=True),
        Method("give", "give(token)", "releases", needed=True),
    ),
    perform=perform,
    operations=operations,
    checkers=checkers,
    words={
        "acquire": Words("acquires a permit", "acquire"),
        "release": Words("releases a permit", "release"),
    },
)


def semaphore(client: ClientFactory, **options: int | float | None) -> Workload:
    """A semaphore, for a client that offers `SemaphoreClient`'s methods.

    Args:
        client: makes a client; a class whose ``__init__`` takes a node and a server's name does.
        options: see `OPTIONS`.

    Raises:
        InvalidPlan: the client lacks a method; an option is unknown or cannot have its value.
    """
    return KIND.workload(client, options)
