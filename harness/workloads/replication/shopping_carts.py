"""Shopping carts, as Dynamo had them: in the end nothing is lost, and nothing comes back.

Clients put items into a few carts and take out what they have seen in one, at replicas that take
writes alone, so that carts are merged (DDIA chapter 5, "Merging concurrently written values"). Put
together what two copies hold, and what one of them took out returns. Each item is put in once, so
that what must be there is told from the history alone (`splitbrain.checkers.convergence.carts`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from splitbrain.checkers.convergence.carts import shopping_carts
from splitbrain.checkers.history.operation import Operation
from splitbrain.checkers.verdict import Checker
from splitbrain.harness.generators import PENDING, Context, Generator, Invocation, Step
from splitbrain.harness.plan import Plan
from splitbrain.harness.workloads.parts.abilities import Method
from splitbrain.harness.workloads.parts.keyed import (
    SKEW,
    TURNOVER,
    Choice,
    key_names,
    remainder,
)
from splitbrain.harness.workloads.parts.kind import WorkloadKind
from splitbrain.harness.workloads.parts.options import Option
from splitbrain.harness.workloads.parts.words import Words
from splitbrain.harness.workloads.workload import ClientFactory, FinalRead, Workload

NAME = "shopping-cart"

OPTIONS = (
    Option("keys", 2, "how many carts", least=1),
    SKEW,
    TURNOVER,
    Option("look", 0.3, "share of looks among the operations", most=1),
    Option("take", 0.25, "share of items taken out; put in are what is left", most=1),
)


# Client protocol


class CartClient(Protocol):
    """What a client must offer.

    A method that returns has done it; see `splitbrain.harness.client` for what raising means.
    """

    async def put_in(self, cart: str, item: int) -> None:
        """Put an item into a cart that never was in it."""
        ...

    async def take_out(self, cart: str, item: int) -> None:
        """Take an item out of a cart in which this client has seen it."""
        ...

    async def items(self, cart: str) -> Sequence[int]:
        """The items in a cart, in any order."""
        ...


METHODS = (
    Method("put_in", "put_in(cart, item)", "items put in", needed=True),
    Method("take_out", "take_out(cart, item)", "items taken out", needed=True),
    Method("items", "items(cart) -> items", "looks", needed=True),
)


async def perform(client: Any, f: str, value: Any) -> Any:
    """Do one operation by the client's methods; see `splitbrain.harness.client.Perform`."""
    cart, item = value
    if f == "look":
        return [cart, list(await client.items(cart))]
    if f == "put":
        await client.put_in(cart, item)
        return value
    if f == "take":
        await client.take_out(cart, item)
        return value
    raise ValueError(f"workload {NAME} has no operation {f!r}: it has put, take and look")


# Generator


@dataclass(frozen=True, slots=True)
class CartOperations:
    """Endless operations on a few carts, by random free clients.

    Attributes:
        carts: their names.
        weights: how often each f is drawn, in proportion.
        choice: which carts are taken.
        fresh: the next item.
        seen: by client and cart, what a look showed and this client has not taken out since.
    """

    carts: tuple[str, ...]
    weights: Mapping[str, float]
    choice: Choice
    fresh: int = 0
    seen: Mapping[tuple[int, str], tuple[int, ...]] = field(default_factory=dict)

    def next(self, context: Context) -> Step | None:
        """An operation if any client is free."""
        if not context.free:
            return PENDING, self
        draw = context.random
        cart = self.carts[self.choice.any(context)]
        f = draw.choices(tuple(self.weights), tuple(self.weights.values()))[0]
        client = draw.choice(context.free)
        place = client, cart
        seen = self.seen.get(place, ())
        if f == "look" or (f == "take" and not seen):
            return Invocation(context.time, client, "look", [cart, None]), self
        if f == "take":
            item = draw.choice(seen)
            rest = tuple(each for each in seen if each != item)
            after = replace(self, seen={**self.seen, place: rest})
            return Invocation(context.time, client, "take", [cart, item]), after
        put = Invocation(context.time, client, "put", [cart, self.fresh])
        return put, replace(self, fresh=self.fresh + 1)

    def update(self, context: Context, event: Operation) -> Generator:
        """Learns from looks; a client whose operation ended in doubt starts anew."""
        client = context.client_of(event)
        match event:
            case Operation(type="ok", f="look", value=[cart, items]):
                return replace(self, seen={**self.seen, (client, cart): tuple(items or ())})
            case Operation(type="info"):
                rest = {place: v for place, v in self.seen.items() if place[0] != client}
                return replace(self, seen=rest)
            case _:
                return self


def operations(options: Mapping[str, Any]) -> Generator:
    """Endless operations in the shares that the options say."""
    shares = {"look": options["look"], "take": options["take"]}
    weights = remainder(NAME, shares, "put")
    return CartOperations(key_names(options["keys"]), weights, Choice.of(options))


# Final reads and checkers


def final_reads(plan: Plan, options: Mapping[str, Any]) -> list[FinalRead]:
    """A look into every cart by a client of every server."""
    carts = key_names(options["keys"])
    return [FinalRead("look", [cart, None], server) for server in plan.servers for cart in carts]


def checkers(options: Mapping[str, Any], consistency: str) -> tuple[Checker, ...]:
    """Nothing is lost, and nothing comes back."""
    return (shopping_carts(),)


KIND = WorkloadKind(
    name=NAME,
    description="shopping carts that are merged: nothing is lost, and nothing comes back",
    options=OPTIONS,
    methods=METHODS,
    perform=perform,
    operations=operations,
    final=final_reads,
    checkers=checkers,
    idempotent=frozenset({"look"}),
    refusable=frozenset({"take"}),
    words={
        "put": Words("puts {argument.1} into {argument.0:name}", "{argument.0:name}+{argument.1}"),
        "take": Words(
            "takes {argument.1} out of {argument.0:name}", "{argument.0:name}-{argument.1}"
        ),
        "look": Words(
            "looks into {argument.0:name}[ -> {result.1}]",
            "{argument.0:name}->{result.1}",
            "{result.1}",
        ),
    },
)


def carts(client: ClientFactory, **options: int | float | None) -> Workload:
    """Shopping carts, for a client that offers `CartClient`'s methods.

    Args:
        client: makes a client; a class whose ``__init__`` takes a node and a server's name does.
        options: see `OPTIONS`.

    Raises:
        InvalidPlan: the client lacks a method; an option is unknown or cannot have its value.
    """
    return KIND.workload(client, options)
