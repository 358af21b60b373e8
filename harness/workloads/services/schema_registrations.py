"""Schemas: a registry takes those that are compatible, and gives each an id of its own, for ever.

Clients register small schemas, drawn so that about as many are compatible as not, and ask for all
versions of a subject (`splitbrain.checkers.encoding.registrations`; DDIA chapter 4). A subject
names its format and the mode in which its schemas must be compatible.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random
from typing import Any, Protocol

from splitbrain.checkers.encoding import schema_compatible
from splitbrain.checkers.verdict import Checker
from splitbrain.harness.generators import Context, Generator, Invocation
from splitbrain.harness.plan import Plan
from splitbrain.harness.workloads.parts.abilities import Method
from splitbrain.harness.workloads.parts.drawn import Drawn
from splitbrain.harness.workloads.parts.kind import WorkloadKind
from splitbrain.harness.workloads.parts.options import Option
from splitbrain.harness.workloads.parts.words import Words
from splitbrain.harness.workloads.workload import ClientFactory, FinalRead, Workload

NAME = "schemas"

OPTIONS = (Option("read", 0.3, "share of reads of all versions; the rest registers", most=1),)

SUBJECTS = (
    "avro/backward",
    "avro/backward-transitive",
    "avro/forward",
    "avro/full-transitive",
    "tagged/full",
    "tagged/full-transitive",
)


# Client protocol


class RegistryClient(Protocol):
    """What a client must offer.

    A method that returns has done it; see `splitbrain.harness.client` for what raising means.
    """

    async def register(self, subject: str, schema: Any) -> int:
        """The schema's id; the same one if it is registered already.

        Raises:
            Definite: it is not compatible with those before.
        """
        ...

    async def versions(self, subject: str) -> Sequence[tuple[int, Any]]:
        """All schemas of a subject with their ids, in order."""
        ...


METHODS = (
    Method("register", "register(subject, schema) -> id", "registers", needed=True),
    Method("versions", "versions(subject) -> ids and schemas", "reads all", needed=True),
)


async def perform(client: Any, f: str, value: Any) -> Any:
    """Do one operation by the client's methods; see `splitbrain.harness.client.Perform`."""
    if f == "register":
        return await client.register(*value)
    if f == "versions":
        return [[id, schema] for id, schema in await client.versions(value)]
    raise ValueError(f"workload schemas has no operation {f!r}: it has register and versions")


# Generator


def a_schema(format: str, random: Random) -> Any:
    """A small schema of a format, from a few."""
    if format == "tagged":
        numbers = sorted(random.sample(range(1, 5), random.randint(1, 3)))
        return [[n, f"f{n}", random.choice(("int32", "int64", "string", "bytes"))] for n in numbers]
    fields = []
    for name in sorted(random.sample("abcd", random.randint(1, 3))):
        type = random.choices(("int", "long", "string"), (3, 2, 1))[0]
        default: Any = "" if type == "string" else 0
        with_default = {"default": default} if random.random() < 0.7 else {}
        fields.append({"name": name, "type": type, **with_default})
    return {"type": "record", "name": "R", "fields": fields}


def operations(options: Mapping[str, Any]) -> Generator:
    """Endless registrations and reads, by random free clients."""

    def draw(context: Context, client: int, number: int) -> Invocation:
        random = context.random
        subject = random.choice(SUBJECTS)
        if random.random() < options["read"]:
            return Invocation(context.time, client, "versions", subject)
        schema = a_schema(subject.partition("/")[0], random)
        return Invocation(context.time, client, "register", [subject, schema])

    return Drawn(draw)


# Final reads and checkers


def final_reads(plan: Plan, options: Mapping[str, Any]) -> list[FinalRead]:
    """A read of every subject by every server."""
    return [FinalRead("versions", s, server) for server in plan.servers for s in SUBJECTS]


def checkers(options: Mapping[str, Any], consistency: str) -> tuple[Checker, ...]:
    """Registered schemas are compatible, and ids name one for ever."""
    return (schema_compatible(),)


KIND = WorkloadKind(
    name=NAME,
    description="a registry of schemas: compatible with those before, ids never used again",
    options=OPTIONS,
    methods=METHODS,
    perform=perform,
    operations=operations,
    final=final_reads,
    checkers=checkers,
    idempotent=frozenset({"versions"}),
    refusable=frozenset({"register"}),
    words={
        "register": Words(
            "registers {argument.1} as {argument.0:name}[ -> id {result}]",
            "{argument.0:name}[={result}]",
        ),
        "versions": Words("reads all of {argument:name}[ -> {result}]", "{argument:name}?"),
    },
)


def schemas(client: ClientFactory, **options: int | float | None) -> Workload:
    """A registry, for a client that offers `RegistryClient`'s methods.

    Args:
        client: makes a client; a class whose ``__init__`` takes a node and a server's name does.
        options: see `OPTIONS`.

    Raises:
        InvalidPlan: the client lacks a method; an option is unknown or cannot have its value.
    """
    return KIND.workload(client, options)
