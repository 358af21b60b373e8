"""Transfers between accounts, each with a request id of its own, from the browser to the books.

Judged by `splitbrain.checkers.calls.transfers`: both sides once, however often a request is sent.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from splitbrain.checkers.calls.transfers import ACCOUNTS, TRANSFER, transfers_booked_once
from splitbrain.checkers.verdict import Checker
from splitbrain.harness.generators import Context, Generator, Invocation
from splitbrain.harness.plan import Plan
from splitbrain.harness.workloads.parts.abilities import Method
from splitbrain.harness.workloads.parts.drawn import Drawn
from splitbrain.harness.workloads.parts.kind import WorkloadKind
from splitbrain.harness.workloads.parts.options import Option
from splitbrain.harness.workloads.parts.words import Words
from splitbrain.harness.workloads.workload import ClientFactory, FinalRead, Workload

NAME = "transfers"

OPTIONS = (
    Option("accounts", 6, "how many accounts", least=2),
    Option("most", 100, "the most that a transfer is of; it is of 1 at least", least=1),
    Option("read", 0.1, "share of reads of all accounts; transfers are the rest", most=1),
)


# Client protocol


class TransfersClient(Protocol):
    """What a client must offer.

    A method that returns has done it; see `splitbrain.harness.client` for what raising means.
    """

    async def transfer(self, request: int, source: str, target: str, amount: int) -> None:
        """Take `amount` from one account and give it to another; `request` is this one's id."""
        ...

    async def accounts(self) -> Mapping[str, Any]:
        """What was booked, all requests that are known by now included: ``entries``, ``[id,
        account, amount]`` each, and ``balances`` by account."""
        ...


METHODS = (
    Method("transfer", "transfer(request, source, target, amount)", "transfers", needed=True),
    Method("accounts", "accounts()", "reads all accounts", needed=True),
)


async def perform(client: Any, f: str, value: Any) -> Any:
    """Do one operation by the client's methods; see `splitbrain.harness.client.Perform`."""
    if f == TRANSFER:
        await client.transfer(*value)
        return value
    if f == ACCOUNTS:
        found = await client.accounts()
        entries = [list(entry) for entry in found["entries"]]
        return {"entries": entries, "balances": dict(found["balances"])}
    raise ValueError(f"workload {NAME} has no operation {f!r}: it has {TRANSFER} and {ACCOUNTS}")


# Generator


def operations(options: Mapping[str, Any]) -> Generator:
    """Endless transfers, numbered from 0, and reads, by random free clients."""
    names = [f"a{number}" for number in range(options["accounts"])]

    def draw(context: Context, client: int, number: int) -> Invocation:
        random = context.random
        if random.random() < options["read"]:
            return Invocation(context.time, client, ACCOUNTS)
        source, target = random.sample(names, 2)
        value = [number, source, target, random.randint(1, options["most"])]
        return Invocation(context.time, client, TRANSFER, value)

    return Drawn(draw)


# Final reads and checkers


def final_reads(plan: Plan, options: Mapping[str, Any]) -> list[FinalRead]:
    """Two reads by a client of every server: what one finds half booked the next must not."""
    return [FinalRead(ACCOUNTS, None, server) for server in plan.servers] * 2


def checkers(options: Mapping[str, Any], consistency: str) -> tuple[Checker, ...]:
    """Both sides of each transfer, once."""
    return (transfers_booked_once(),)


def shows(f: str, argument: Any, result: Any) -> bool:
    """Whether a read has any entry."""
    return isinstance(result, Mapping) and bool(result.get("entries"))


KIND = WorkloadKind(
    name=NAME,
    description="transfers with request ids: both sides are booked once",
    options=OPTIONS,
    methods=METHODS,
    perform=perform,
    operations=operations,
    final=final_reads,
    checkers=checkers,
    idempotent=frozenset({ACCOUNTS}),
    shows=shows,
    words={
        TRANSFER: Words(
            "transfers {argument.3} from {argument.1:name} to {argument.2:name} "
            "(request {argument.0})",
            "{argument.1:name}>{argument.2:name}",
        ),
        ACCOUNTS: Words("reads all accounts[ -> {result.balances}]", "accounts"),
    },
)


def transfers(client: ClientFactory, **options: int | float | None) -> Workload:
    """Transfers, for a client that offers `TransfersClient`'s methods.

    Args:
        client: makes a client; a class whose ``__init__`` takes a node and a server's name does.
        options: see `OPTIONS`.

    Raises:
        InvalidPlan: the client lacks a method; an option is unknown or cannot have its value.
    """
    return KIND.workload(client, options)
