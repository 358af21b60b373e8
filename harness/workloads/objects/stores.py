"""A store on a disk: put, delete, get, batches that are atomic, scans of one moment, housekeeping.

What a storage engine owes whoever puts data into it (Kleppmann, "Designing Data-Intensive
Applications", chapter 3): acknowledged writes survive crashes, in order; what was deleted stays
away; a batch is there wholly or not at all; damage is reported and never returned as data. Every
put carries a number of its own, so that a value tells which write it is of. Clients also have the
store write out its memory, rewrite its files, and look for what is wrong with them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import accumulate
from random import Random
from typing import Any, Protocol

from splitbrain.checkers.storage import (
    atomic_batch,
    detects_corruption,
    durable,
    no_resurrection,
    prefix_durable,
    read_durable,
    structure,
)
from splitbrain.checkers.verdict import Checker
from splitbrain.harness.generators import PENDING, Context, Generator, Invocation, Step
from splitbrain.harness.generators.base import Unmoved
from splitbrain.harness.plan import Plan
from splitbrain.harness.workloads.parts.abilities import Method
from splitbrain.harness.workloads.parts.keyed import key_names, remainder
from splitbrain.harness.workloads.parts.kind import WorkloadKind
from splitbrain.harness.workloads.parts.options import Option
from splitbrain.harness.workloads.parts.words import Words
from splitbrain.harness.workloads.workload import ClientFactory, FinalRead, Workload

NAME = "store"

SHARES = ("get", "delete", "batch", "scan", "flush", "compact", "verify")

OPTIONS = (
    Option("keys", 6, "how many keys", least=1),
    Option("size", 60, "length of values, in characters", least=1),
    Option("get", 0.25, "share of gets among the operations", most=1),
    Option("delete", 0.1, "share of deletes", most=1),
    Option("batch", 0.15, "share of batches of writes", most=1),
    Option("scan", 0.1, "share of scans of all keys", most=1),
    Option("flush", 0.04, "share of requests to write memory out", most=1),
    Option("compact", 0.04, "share of requests to rewrite files", most=1),
    Option("verify", 0.04, "share of looks for damage; puts are what is left", most=1),
)


# Client protocol


class StoreClient(Protocol):
    """What a client must offer: ``get`` and ``put``; the others may be missing.

    A method that returns has done it; see `splitbrain.harness.client` for what raising means. A
    store that finds its data damaged raises.
    """

    async def get(self, key: str) -> str | None:
        """The key's value; None if it is absent."""
        ...

    async def put(self, key: str, value: str) -> None:
        """Make `value` the key's value."""
        ...

    async def delete(self, key: str) -> None:
        """Make the key absent, if it is not."""
        ...

    async def batch(self, writes: list[tuple[str, str | None]]) -> None:
        """Do all these puts, and deletes where the value is None, or none of them."""
        ...

    async def scan(self) -> list[tuple[str, str]]:
        """All keys with their values, at one moment."""
        ...

    async def flush(self) -> None:
        """Write out what is in memory alone, if there is such a thing."""
        ...

    async def compact(self) -> None:
        """Rewrite the files without what is obsolete, if there is such a thing."""
        ...

    async def verify(self) -> list[str]:
        """What is wrong with the store's files, each in a sentence; nothing if all is well."""
        ...


METHODS = (
    Method("get", "get(key)", "gets", needed=True),
    Method("put", "put(key, value)", "puts", needed=True),
    Method("delete", "delete(key)", "deletes"),
    Method("batch", "batch(writes)", "batches"),
    Method("scan", "scan()", "scans"),
    Method("flush", "flush()", "flushing memory"),
    Method("compact", "compact()", "rewriting files"),
    Method("verify", "verify()", "looking for damage"),
)


async def perform(client: Any, f: str, value: Any) -> Any:
    """Do one operation by the client's methods; see `splitbrain.harness.client.Perform`."""
    match f:
        case "get":
            return [value[0], await client.get(value[0])]
        case "put":
            await client.put(*value)
        case "delete":
            await client.delete(value[0])
        case "batch":
            await client.batch([(key, new) for key, new in value])
        case "scan":
            return [list(pair) for pair in await client.scan()]
        case "flush":
            await client.flush()
        case "compact":
            await client.compact()
        case "verify":
            return list(await client.verify())
        case _:
            known = ", ".join(("put", *SHARES[:-1]))
            raise ValueError(f"workload store has no operation {f!r}: it has {known} and verify")
    return value


# Generator


@dataclass(frozen=True, slots=True)
class StoreOperations(Unmoved):
    """Endless operations in proportion to their shares; `number` is the next value's."""

    keys: tuple[str, ...]
    functions: tuple[str, ...]
    bounds: tuple[float, ...]
    size: int
    number: int = 0

    def next(self, context: Context) -> Step | None:
        """An operation if any client is free."""
        if not context.free:
            return PENDING, self
        draw = context.random
        f = draw.choices(self.functions, cum_weights=self.bounds)[0]
        value, number = self._argument(f, draw)
        client = draw.choice(context.free)
        return Invocation(context.time, client, f, value), replace(self, number=number)

    def _argument(self, f: str, draw: Random) -> tuple[Any, int]:
        if f == "put":
            return [draw.choice(self.keys), self._value(self.number)], self.number + 1
        if f in ("get", "delete"):
            return [draw.choice(self.keys), None], self.number
        if f == "batch":
            keys = draw.sample(self.keys, min(len(self.keys), draw.choice((2, 2, 3, 4))))
            values = [self._value(self.number + i) for i in range(len(keys))]
            # A batch of deletes alone could not be told from any other.
            deletes = [draw.random() < 0.2 and i > 0 for i in range(len(keys))]
            writes = [
                [key, None if gone else value]
                for key, value, gone in zip(keys, values, deletes, strict=True)
            ]
            return writes, self.number + len(keys)
        return None, self.number

    def _value(self, number: int) -> str:
        return f"{number}.".ljust(self.size, "v")


def operations(options: Mapping[str, Any]) -> Generator:
    """Endless operations in the shares that the options say."""
    weights = remainder(NAME, {f: options[f] for f in SHARES}, "put")
    functions = tuple(f for f, weight in weights.items() if weight > 0)
    bounds = tuple(accumulate(weights[f] for f in functions))
    return StoreOperations(key_names(options["keys"]), functions, bounds, options["size"])


# Final reads and checkers


def final_reads(plan: Plan, options: Mapping[str, Any]) -> list[FinalRead]:
    """A scan and a look for damage at each server, and a get of every key, in turns."""
    whole = [f for f in ("scan", "verify") if options[f]]
    return [FinalRead(f, None, server) for server in plan.servers for f in whole] + [
        FinalRead("get", [key, None], plan.servers[i % plan.nodes])
        for i, key in enumerate(key_names(options["keys"]))
    ]


def checkers(options: Mapping[str, Any], consistency: str) -> tuple[Checker, ...]:
    """What is acknowledged survives; of the rest, what the operations can show."""
    chosen = [detects_corruption(), durable(), read_durable()]
    if options["delete"]:
        chosen.append(no_resurrection())
    if options["scan"]:
        chosen.append(prefix_durable())
        if options["batch"] and options["keys"] > 1:
            chosen.append(atomic_batch())
    if options["verify"]:
        chosen.append(structure())
    return tuple(chosen)


KIND = WorkloadKind(
    name=NAME,
    description="a store on a disk: what was acknowledged survives, whole and unaltered",
    options=OPTIONS,
    methods=METHODS,
    perform=perform,
    operations=operations,
    final=final_reads,
    checkers=checkers,
    idempotent=frozenset({"get", "scan", "verify", "flush", "compact"}),
    words={
        "get": Words(
            "reads {argument.0:name}[ -> {result.1}]", "{argument.0:name}->{result.1}", "{result.1}"
        ),
        "put": Words(
            "writes {argument.0:name} = {argument.1}",
            "{argument.0:name}={argument.1}",
            "{argument.1}",
        ),
        "delete": Words("deletes {argument.0:name}", "delete {argument.0:name}"),
        "batch": Words("writes {argument} at once"),
        "scan": Words("reads all[ -> {result}]", "all->{result}"),
        "flush": Words("has memory written out", "flush"),
        "compact": Words("has files rewritten", "compact"),
        "verify": Words("looks for damage[ -> {result}]", "verify->{result}"),
    },
)


def store(client: ClientFactory, **options: int | float | None) -> Workload:
    """A store on a disk, for a client that offers `StoreClient`'s methods.

    Args:
        client: makes a client; a class whose ``__init__`` takes a node and a server's name does.
        options: see `OPTIONS`. The share of an operation without its method is 0.

    Raises:
        InvalidPlan: the client lacks ``get`` or ``put``, or another method though the options ask
            for it; an option is unknown or cannot have its value.
    """
    return KIND.workload(client, options)
