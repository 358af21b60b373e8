"""Payments: each has its effect exactly once, however often the request is sent.

Requests with ids, all different; now and then a read of all effects, which are judged by
`splitbrain.checkers.calls.exactly_once_effect` (DDIA chapters 11 and 12).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from splitbrain.checkers.calls import exactly_once_effect
from splitbrain.checkers.verdict import Checker
from splitbrain.harness.generators import Context, Generator, Invocation
from splitbrain.harness.plan import Plan
from splitbrain.harness.workloads.parts.abilities import Method
from splitbrain.harness.workloads.parts.drawn import Drawn
from splitbrain.harness.workloads.parts.kind import WorkloadKind
from splitbrain.harness.workloads.parts.options import Option
from splitbrain.harness.workloads.parts.words import Words
from splitbrain.harness.workloads.workload import ClientFactory, FinalRead, Workload

NAME = "payments"

OPTIONS = (
    Option("read", 0.1, "share of reads of all effects; payments are the rest", most=1),
    Option("accounts", 5, "how many accounts", least=1),
    Option("most", 100, "the most that a payment is of; it is of 1 at least", least=1),
)


# Client protocol


class PaymentsClient(Protocol):
    """What a client must offer.

    A method that returns has done it; see `splitbrain.harness.client` for what raising means.
    """

    async def pay(self, request: int, account: str, amount: int) -> None:
        """Pay `amount` into `account`; `request` is this payment's own number."""
        ...

    async def ledger(self) -> Sequence[Sequence[Any]]:
        """All effects so far: ``[request, account, amount]`` each."""
        ...


METHODS = (
    Method("pay", "pay(request, account, amount)", "pays", needed=True),
    Method("ledger", "ledger()", "reads all effects", needed=True),
)


async def perform(client: Any, f: str, value: Any) -> Any:
    """Do one operation by the client's methods; see `splitbrain.harness.client.Perform`."""
    if f == "pay":
        await client.pay(*value)
        return value
    if f == "ledger":
        return [list(effect) for effect in await client.ledger()]
    raise ValueError(f"workload payments has no operation {f!r}: it has pay and ledger")


# Generator


def operations(options: Mapping[str, Any]) -> Generator:
    """Endless payments, numbered from 0, and reads, by random free clients."""

    def draw(context: Context, client: int, number: int) -> Invocation:
        random = context.random
        if random.random() < options["read"]:
            return Invocation(context.time, client, "ledger")
        account = f"a{random.randrange(options['accounts'])}"
        payment = [number, account, random.randint(1, options["most"])]
        return Invocation(context.time, client, "pay", payment)

    return Drawn(draw)


# Final reads and checkers


def final_reads(plan: Plan, options: Mapping[str, Any]) -> list[FinalRead]:
    """A read by a client of every server."""
    return [FinalRead("ledger", None, server) for server in plan.servers]


def checkers(options: Mapping[str, Any], consistency: str) -> tuple[Checker, ...]:
    """Each payment has its effect once."""
    return (exactly_once_effect(),)


def paid(f: str, argument: Any, result: Any) -> bool:
    """Whether a read shows any effect."""
    return bool(result)


KIND = WorkloadKind(
    name=NAME,
    description="payments with request numbers: each has its effect exactly once",
    options=OPTIONS,
    methods=METHODS,
    perform=perform,
    operations=operations,
    final=final_reads,
    checkers=checkers,
    idempotent=frozenset({"ledger"}),
    shows=paid,
    words={
        "pay": Words(
            "pays {argument.2} into {argument.1:name} (request {argument.0})",
            "{argument.1:name}+{argument.2}",
        ),
        "ledger": Words("reads all effects[ -> {result}]", "->{result}"),
    },
)


def payments(client: ClientFactory, **options: int | float | None) -> Workload:
    """Payments, for a client that offers `PaymentsClient`'s methods.

    Args:
        client: makes a client; a class whose ``__init__`` takes a node and a server's name does.
        options: see `OPTIONS`.

    Raises:
        InvalidPlan: the client lacks a method; an option is unknown or cannot have its value.
    """
    return KIND.workload(client, options)
