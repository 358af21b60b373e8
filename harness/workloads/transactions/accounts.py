"""A bank: money moves between accounts, and none appears or vanishes.

Jepsen's ``bank``. A transfer reads two accounts and writes both; a read of all accounts must show
the same total always. Read skew shows at once, lost updates and half transfers stay. Under snapshot
isolation the total holds, too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from splitbrain.checkers.invariants.balances import bank as conserved
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

NAME = "bank"

OPTIONS = (
    Option("accounts", 5, "how many accounts", least=2),
    Option("opening", 20, "what each account holds at first", least=1),
    Option("most", 5, "the most that a transfer moves", least=1),
    Option("read", 0.4, "share of reads among the operations; transfers are the rest", most=1),
)


# Client protocol


class BankClient(Protocol):
    """What a client must offer.

    A method that returns has done it; see `splitbrain.harness.client` for what raising means. An
    account that was never written holds `opening`.
    """

    async def transfer(self, source: str, target: str, amount: int, opening: int) -> bool:
        """Move money in one transaction if `source` holds as much; return whether it did."""
        ...

    async def balances(self, accounts: Sequence[str], opening: int) -> Mapping[str, int]:
        """What each account holds, read in one transaction."""
        ...


METHODS = (
    Method("transfer", "transfer(source, target, amount, opening)", "transfers", True),
    Method("balances", "balances(accounts, opening)", "reads of all accounts", True),
)


async def perform(client: Any, f: str, value: Any) -> Any:
    """Do one operation by the client's methods; see `splitbrain.harness.client.Perform`."""
    if f == "read":
        accounts, opening = list(value), next(iter(value.values()))
        return dict(await client.balances(accounts, opening))
    if f == "transfer":
        source, target, amount = value["from"], value["to"], value["amount"]
        if not await client.transfer(source, target, amount, value["opening"]):
            raise Definite(f"{source} held less than {amount}")
        return value
    raise ValueError(f"workload bank has no operation {f!r}: it has read and transfer")


# Generator


def all_accounts(options: Mapping[str, Any]) -> dict[str, int]:
    """A read's argument: the accounts, with what they hold at first."""
    return {f"a{i + 1}": options["opening"] for i in range(options["accounts"])}


def operations(options: Mapping[str, Any]) -> Generator:
    """Endless reads and transfers, by random free clients."""
    accounts = all_accounts(options)

    def draw(context: Context, client: int, number: int) -> Invocation:
        random = context.random
        if random.random() < options["read"]:
            return Invocation(context.time, client, "read", dict(accounts))
        source, target = random.sample(list(accounts), 2)
        moved = {"from": source, "to": target, "amount": random.randint(1, options["most"])}
        value = {**moved, "opening": options["opening"]}
        return Invocation(context.time, client, "transfer", value)

    return Drawn(draw)


# Final reads and checkers


def final_reads(plan: Plan, options: Mapping[str, Any]) -> list[FinalRead]:
    """A read of all accounts, by a client of every server."""
    return [FinalRead("read", all_accounts(options), server) for server in plan.servers]


def checkers(options: Mapping[str, Any], consistency: str) -> tuple[Checker, ...]:
    """The total stays, and all is answered in the end."""
    return (conserved(total=options["accounts"] * options["opening"]),)


KIND = WorkloadKind(
    name=NAME,
    description="transfers between accounts: the total stays the same in every read",
    options=OPTIONS,
    methods=METHODS,
    perform=perform,
    operations=operations,
    final=final_reads,
    checkers=checkers,
    idempotent=frozenset({"read"}),
    refusable=frozenset({"transfer"}),
    words={
        "read": Words("reads all accounts[ -> {result}]", "->{result}"),
        "transfer": Words(
            "moves {argument.amount} from {argument.from:name} to {argument.to:name}",
            "{argument.from:name}->{argument.to:name} {argument.amount}",
        ),
    },
    fixed=("accounts", "opening"),
)


def bank(client: ClientFactory, **options: int | float | None) -> Workload:
    """A bank, for a client that offers `BankClient`'s methods.

    The total to be found is that of the constructor's options; a plan that changes ``accounts`` or
    ``opening`` has to go through `splitbrain.harness.workloads.workload_for`, which does so.

    Args:
        client: makes a client; a class whose ``__init__`` takes a node and a server's name does.
        options: see `OPTIONS`.

    Raises:
        InvalidPlan: the client lacks a method; an option is unknown or cannot have its value.
    """
    return KIND.workload(client, options)
