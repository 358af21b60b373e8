"""Items with a color, found by a secondary index and by scans, while ranges may move.

A change of an item has to be seen by whoever looks for its color, old or new, and by whoever looks
at all items; where items are partitioned, each search asks several servers (Kleppmann, "Designing
Data-Intensive Applications", chapter 6, "Partitioning and Secondary Indexes"). Each item that is
put has a number of its own, so that a search tells which write it saw.
"""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import Any, Protocol

from splitbrain.checkers.collections.indexes import index_agreement
from splitbrain.checkers.verdict import Checker
from splitbrain.checkers.vocabulary import MOVE
from splitbrain.harness.generators import Context, Generator, Invocation
from splitbrain.harness.plan import Plan
from splitbrain.harness.workloads.parts.abilities import Method
from splitbrain.harness.workloads.parts.drawn import Drawn
from splitbrain.harness.workloads.parts.keyed import key_names, remainder
from splitbrain.harness.workloads.parts.kind import WorkloadKind
from splitbrain.harness.workloads.parts.options import Option
from splitbrain.harness.workloads.parts.words import Words
from splitbrain.harness.workloads.workload import ClientFactory, FinalRead, Workload

NAME = "scan"

COLORS = ("red", "green", "blue")

OPTIONS = (
    Option("keys", 8, "how many keys", least=1),
    Option("find", 0.3, "share of searches for a color", most=1),
    Option("scan", 0.1, "share of scans of all items", most=1),
    Option("delete_item", 0.1, "share of deletions; puts are what is left", most=1),
    Option("move_range", 0.1, "share of moves of ranges", most=1),
)

_NUMBERS = 1 << 16

_METHOD_OF = {"find": "find", "scan": "scan", "delete": "delete_item", MOVE: "move_range"}
"""By operation, the option that is its share."""


# Client protocol


class ItemsClient(Protocol):
    """What a client must offer; ``delete_item`` and ``move_range`` may be missing.

    A method that returns has done it; see `splitbrain.harness.client` for what raising means.
    """

    async def put_item(self, key: str, color: str, number: int) -> None:
        """Have an item of this color and number under a key, in place of any other."""
        ...

    async def find(self, color: str) -> list[list[Any]]:
        """The items of a color: of each its key and its number."""
        ...

    async def scan(self) -> list[list[Any]]:
        """All items: of each its key, its color and its number."""
        ...

    async def delete_item(self, key: str) -> None:
        """Have no item under a key."""
        ...

    async def move_range(self, key: str, number: int) -> str:
        """Move what is near a key to some server, by a number of any size; its name."""
        ...


METHODS = (
    Method("put_item", "put_item(key, color, number)", "puts items", needed=True),
    Method("find", "find(color) -> [[key, number], ...]", "searches", needed=True),
    Method("scan", "scan() -> [[key, color, number], ...]", "scans", needed=True),
    Method("delete_item", "delete_item(key)", "deletions"),
    Method("move_range", "move_range(key, number) -> server", "moves of ranges"),
)


async def perform(client: Any, f: str, value: Any) -> Any:
    """Do one operation by the client's methods; see `splitbrain.harness.client.Perform`."""
    match f:
        case "put":
            await client.put_item(value[0], *value[1])
        case "delete":
            await client.delete_item(value[0])
        case "find":
            return [value[0], [list(item) for item in await client.find(value[0])]]
        case "scan":
            return [list(item) for item in await client.scan()]
        case "move-range":
            return [value[0], await client.move_range(*value)]
        case _:
            raise ValueError(
                f"workload {NAME} has no operation {f!r}: it has put, delete, find, scan and {MOVE}"
            )
    return value


# Generator


def operations(options: Mapping[str, Any]) -> Generator:
    """Endless operations in the shares that the options say."""
    keys = key_names(options["keys"])
    shares = {f: options[option] for f, option in _METHOD_OF.items()}
    weights = remainder(NAME, shares, "put")

    def draw(context: Context, client: int, number: int) -> Invocation:
        (f,) = context.random.choices(list(weights), list(weights.values()))
        return Invocation(context.time, client, f, _argument(f, keys, number, context.random))

    return Drawn(draw)


def _argument(f: str, keys: tuple[str, ...], number: int, random: Random) -> Any:
    match f:
        case "put":
            return [random.choice(keys), [random.choice(COLORS), number]]
        case "delete":
            return [random.choice(keys), None]
        case "find":
            return [random.choice(COLORS), None]
        case "scan":
            return None
        case _:
            return [random.choice(keys), random.randrange(_NUMBERS)]


# Final reads and checkers


def final_reads(plan: Plan, options: Mapping[str, Any]) -> list[FinalRead]:
    """A scan by a client of every server, and a search for each color."""
    scans = [FinalRead("scan", None, server) for server in plan.servers]
    return [*scans, *(FinalRead("find", [color, None]) for color in COLORS)]


def checkers(options: Mapping[str, Any], consistency: str) -> tuple[Checker, ...]:
    """Searches agree with the items."""
    return (index_agreement(),)


KIND = WorkloadKind(
    name=NAME,
    description="items found by a secondary index and by scans, while ranges may move",
    options=OPTIONS,
    methods=METHODS,
    perform=perform,
    operations=operations,
    final=final_reads,
    checkers=checkers,
    idempotent=frozenset({"find", "scan"}),
    refusable=frozenset({MOVE}),
    words={
        "put": Words(
            "makes {argument.0:name} {argument.1.0} (number {argument.1.1})",
            "{argument.0:name}={argument.1.0} {argument.1.1}",
        ),
        "delete": Words("deletes {argument.0:name}", "delete {argument.0:name}"),
        "find": Words(
            "looks for {argument.0:name}[ -> {result.1}]", "{argument.0:name}->{result.1}"
        ),
        "scan": Words("reads all items[ -> {result}]", "all->{result}"),
        MOVE: Words("moves the range of {argument.0:name}[ to {result.1:name}]", "{done}"),
    },
)


def scan(client: ClientFactory, **options: int | float | None) -> Workload:
    """Items with a color, for a client that offers `ItemsClient`'s methods.

    Args:
        client: makes a client; a class whose ``__init__`` takes a node and a server's name does.
        options: see `OPTIONS`. The share of an operation without its method is 0.

    Raises:
        InvalidPlan: the client lacks a method that is needed, or another one though the options ask
            for it; an option is unknown or cannot have its value.
    """
    return KIND.workload(client, options)
