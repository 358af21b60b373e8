"""Codec: records that old and new code write, read and change, in several formats.

Clients put whole records, read them back, change one field of them (by whatever version of the code
they happen to talk to), and have records read whose bytes were cut. What each version of the code
knows of a record is said by `splitbrain.checkers.encoding.person`; what is read must follow
(`splitbrain.checkers.encoding.records`; DDIA chapter 4). Values are those that encodings trip over:
numbers beyond 2**53, -0.0, NaN, text with quotes, control characters and all of Unicode, what is
empty and what is absent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, Protocol

from splitbrain.checkers.encoding import round_trip, unknown_fields_preserved
from splitbrain.checkers.encoding.person import SYMBOLS, VERSIONS
from splitbrain.checkers.verdict import Checker
from splitbrain.harness.generators import Context, Generator, Invocation
from splitbrain.harness.plan import Plan
from splitbrain.harness.workloads.parts.abilities import Method
from splitbrain.harness.workloads.parts.drawn import Drawn
from splitbrain.harness.workloads.parts.keyed import SKEW, any_of, key_names, remainder
from splitbrain.harness.workloads.parts.kind import WorkloadKind
from splitbrain.harness.workloads.parts.options import Option
from splitbrain.harness.workloads.parts.words import Words
from splitbrain.harness.workloads.workload import ClientFactory, FinalRead, Workload

NAME = "codec"

OPTIONS = (
    Option("keys", 4, "how many records there are at a time", least=1),
    SKEW,
    Option("get", 0.45, "share of reads among the operations", most=1),
    Option("edit", 0.2, "share of changes of one field", most=1),
    Option("cut", 0.05, "share of reads of cut records; puts are what is left", most=1),
)

FORMATS = ("json", "tagged", "avro")


# Client protocol


class RecordsClient(Protocol):
    """What a client must offer; records are dictionaries, doubles in them are text.

    A method that returns has done it; see `splitbrain.harness.client` for what raising means.
    """

    async def put(self, key: str, format: str, record: Mapping[str, Any]) -> Sequence[int]:
        """Write a record, what the server's version knows of it; the version and the position."""
        ...

    async def edit(self, key: str, note: str) -> Sequence[int]:
        """Change the record's note, and nothing else; likewise.

        Raises:
            Definite: there is no record, or others were faster.
        """
        ...

    async def get(self, key: str) -> Sequence[Any]:
        """``("read", version, position, record)``, ``("unreadable", version, position, why)`` or
        ``("none", version)``."""
        ...

    async def cut(self, key: str, count: int) -> Sequence[Any]:
        """Read the record without its last bytes: ``("refused", why)`` or ``("read", record)``.

        Raises:
            Definite: there is no record.
        """
        ...


METHODS = (
    Method("put", "put(key, format, record) -> version, position", "writes", needed=True),
    Method("get", "get(key) -> what was found", "reads", needed=True),
    Method("edit", "edit(key, note) -> version, position", "changes a field", needed=True),
    Method("cut", "cut(key, count) -> what was found", "reads cut bytes", needed=True),
)


async def perform(client: Any, f: str, value: Any) -> Any:
    """Do one operation by the client's methods; see `splitbrain.harness.client.Perform`."""
    if f == "get":
        return list(await client.get(value))
    if f in ("put", "edit", "cut"):
        return list(await getattr(client, f)(*value))
    raise ValueError(f"workload codec has no operation {f!r}: it has put, get, edit and cut")


# Generator

_TEXTS = (
    *("", "Ada", "é ü ß", "snow ☃ and \U0001f600", 'quo"te \\ back', "line\nline\r\ttab"),
    *("\ufeffmark", "nul\x00 bell\x07", "\u2028 separator", "null", "0", " x " * 20),
)
_DOUBLES = ("0.0", "-0.0", "1.5", "-1e+300", "5e-324", "0.1", "nan", "inf", "-inf")


def a_record(number: int, random: Random) -> dict[str, Any]:
    """A record with this number, of all fields that any version knows."""
    one = random.choice
    return {
        # Half of them are more than a double can tell apart.
        "number": number if random.random() < 0.5 else 2**53 + 2 * number + 1,
        "name": one(_TEXTS),
        "email": one((None, "", *_TEXTS)),
        "score": one(_DOUBLES),
        "kind": one(SYMBOLS[VERSIONS[-1]]),
        "tags": [one(_TEXTS) for _ in range(random.choice((0, 1, 3)))],
        "note": "",
        "fax": one(_TEXTS),
        "phone": one(_TEXTS),
        "city": one(_TEXTS),
    }


@dataclass(frozen=True, slots=True)
class _Draw:
    keys: tuple[str, ...]
    skew: float
    weights: Mapping[str, float]

    def __call__(self, context: Context, client: int, number: int) -> Invocation:
        random = context.random
        key = self.keys[any_of(len(self.keys), self.skew, random)]
        f = random.choices(tuple(self.weights), tuple(self.weights.values()))[0]
        value: Any = key
        if f == "put":
            value = [key, random.choice(FORMATS), a_record(number, random)]
        elif f == "edit":
            value = [key, f"e{number}"]
        elif f == "cut":
            value = [key, random.randint(1, 40)]
        return Invocation(context.time, client, f, value)


def operations(options: Mapping[str, Any]) -> Generator:
    """Endless operations in the shares that the options say, on a few keys."""
    shares = {f: options[f] for f in ("get", "edit", "cut")}
    return Drawn(_Draw(key_names(options["keys"]), options["skew"], remainder(NAME, shares, "put")))


# Final reads and checkers


def final_reads(plan: Plan, options: Mapping[str, Any]) -> list[FinalRead]:
    """A read of every record by every server."""
    keys = key_names(options["keys"])
    return [FinalRead("get", key, server) for server in plan.servers for key in keys]


def checkers(options: Mapping[str, Any], consistency: str) -> tuple[Checker, ...]:
    """What was put is read, and edits keep the rest."""
    return (round_trip(), unknown_fields_preserved())


def found(f: str, argument: Any, result: Any) -> bool:
    """Whether a read found a record."""
    return bool(result) and result[0] != "none"


KIND = WorkloadKind(
    name=NAME,
    description="records that old and new code write, read and change: nothing is lost on the way",
    options=OPTIONS,
    methods=METHODS,
    perform=perform,
    operations=operations,
    final=final_reads,
    checkers=checkers,
    idempotent=frozenset({"get", "cut"}),
    shows=found,
    refusable=frozenset({"put", "edit", "cut"}),
    words={
        "put": Words(
            "puts record {argument.2.number} as {argument.0:name}, in {argument.1:name}"
            "[ (version {result.0})]",
            "{argument.0:name}={argument.2.number}",
        ),
        "edit": Words(
            "edits {argument.0:name}: note {argument.1}[ (version {result.0})]",
            "{argument.0:name}.note={argument.1}",
        ),
        "get": Words("gets {argument:name}[ -> {result}]", "{argument:name}->{result.0:name}"),
        "cut": Words(
            "reads {argument.0:name} without its last {argument.1} bytes[ -> {result.0:name}]",
            "{argument.0:name} cut->{result.0:name}",
        ),
    },
)


def codec(client: ClientFactory, **options: int | float | None) -> Workload:
    """Records, for a client that offers `RecordsClient`'s methods.

    Args:
        client: makes a client; a class whose ``__init__`` takes a node and a server's name does.
        options: see `OPTIONS`.

    Raises:
        InvalidPlan: the client lacks a method; an option is unknown or cannot have its value.
    """
    return KIND.workload(client, options)
