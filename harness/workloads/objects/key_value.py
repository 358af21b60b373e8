"""A key-value store of strings: get, put, append, compare-and-set, and delete.

The object of MIT 6.5840's labs and of Porcupine's examples, over a few independent keys; an absent
key is null. Histories are checked against the kv model, key by key. Every put and append carries a
number of its own, so that a value tells which writes it consists of, and a lost or repeated append
is seen by the next get.
"""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import Any, Protocol

from splitbrain.checkers.linearizability import linearizable
from splitbrain.checkers.models import kv as kv_model
from splitbrain.checkers.verdict import Checker
from splitbrain.harness.client import Definite
from splitbrain.harness.generators import Generator
from splitbrain.harness.plan import Plan
from splitbrain.harness.workloads.parts import replicas
from splitbrain.harness.workloads.parts.abilities import Method
from splitbrain.harness.workloads.parts.keyed import (
    CAS_WITH_SEEN,
    SKEW,
    TURNOVER,
    Choice,
    KeyState,
    key_names,
    key_reads,
    keyed_operations,
    matched,
    remainder,
)
from splitbrain.harness.workloads.parts.kind import WorkloadKind
from splitbrain.harness.workloads.parts.options import Option
from splitbrain.harness.workloads.parts.words import Words
from splitbrain.harness.workloads.workload import ClientFactory, FinalRead, Workload

NAME = "kv"

OPTIONS = (
    Option("keys", 3, "how many independent keys", least=1),
    SKEW,
    TURNOVER,
    Option("get", 0.4, "share of gets among the operations", most=1),
    Option("append", 0.2, "share of appends", most=1),
    Option("cas", 0.1, "share of compare-and-sets", most=1),
    Option("delete", 0.05, "share of deletes; puts are what is left", most=1),
)


# Client protocol


class KvClient(Protocol):
    """What a client must offer: ``get`` and ``put``; the others may be missing.

    A method that returns has done it; see `splitbrain.harness.client` for what raising means.
    """

    async def get(self, key: str) -> str | None:
        """The key's value; None if it is absent."""
        ...

    async def put(self, key: str, value: str) -> None:
        """Make `value` the key's value."""
        ...

    async def append(self, key: str, value: str) -> None:
        """Add `value` at the end of the key's value; an absent key counts as empty."""
        ...

    async def cas(self, key: str, old: str | None, new: str) -> bool:
        """Make `new` the key's value if it is `old` now (None: absent); return whether it was."""
        ...

    async def delete(self, key: str) -> None:
        """Make the key absent, if it is not."""
        ...


METHODS = (
    Method("get", "get(key)", "gets", needed=True),
    Method("put", "put(key, value)", "puts", needed=True),
    Method("append", "append(key, value)", "append"),
    Method("cas", "cas(key, old, new)", "compare-and-set"),
    Method("delete", "delete(key)", "delete"),
    replicas.METHOD,
)


async def perform(client: Any, f: str, value: Any) -> Any:
    """Do one operation by the client's methods; see `splitbrain.harness.client.Perform`."""
    key, argument = value
    match f:
        case "get":
            return [key, await client.get(key)]
        case "put":
            await client.put(key, argument)
        case "append":
            await client.append(key, argument)
        case "delete":
            await client.delete(key)
        case "cas":
            old, new = argument
            if not matched(await client.cas(key, old, new)):
                raise Definite(f"{key} was not {old!r}")
        case _:
            known = "get, put, append, cas and delete"
            raise ValueError(f"workload kv has no operation {f!r}: it has {known}")
    return value


# Generator


def operations(options: Mapping[str, Any]) -> Generator:
    """Endless operations in the shares that the options say."""
    shares = {f: options[f] for f in ("get", "append", "cas", "delete")}
    weights = remainder(NAME, shares, "put")
    names, choice = key_names(options["keys"]), Choice.of(options)
    return keyed_operations(names, weights, _argument, _seen, choice)


def _argument(f: str, state: KeyState, random: Random) -> tuple[Any, KeyState]:
    if f in ("get", "delete"):
        return None, state
    after = KeyState(state.fresh + 1, state.seen)
    if f == "append":
        return f",{state.fresh}", after
    new = str(state.fresh)
    return (new if f == "put" else [_guess(state, random), new]), after


def _guess(state: KeyState, random: Random) -> str | None:
    """What a cas compares with."""
    if state.fresh and random.random() >= CAS_WITH_SEEN:
        return str(random.randrange(state.fresh))
    seen: str | None = state.seen
    return seen


def _seen(f: str, value: Any, state: KeyState) -> KeyState:
    match f:
        case "cas":
            seen = value[1]
        case "append":
            seen = f"{state.seen or ''}{value}"
        case "delete":
            seen = None
        case _:
            seen = value
    return KeyState(state.fresh, seen)


# Final reads and checkers


def final_reads(plan: Plan, options: Mapping[str, Any]) -> list[FinalRead]:
    """A get of every key."""
    return key_reads("get", plan, options["keys"])


def checkers(options: Mapping[str, Any], consistency: str) -> tuple[Checker, ...]:
    """Every key is linearizable."""
    return (linearizable(kv_model(), keyed=True),)


KIND = WorkloadKind(
    name=NAME,
    description="a linearizable key-value store: get, put, append, compare-and-set and delete",
    options=OPTIONS,
    methods=METHODS,
    perform=perform,
    operations=operations,
    final=final_reads,
    checkers=checkers,
    idempotent=frozenset({"get"}),
    refusable=frozenset({"cas"}),
    words={
        "get": Words(
            "reads {argument.0:name}[ -> {result.1}]", "{argument.0:name}->{result.1}", "{result.1}"
        ),
        "put": Words(
            "writes {argument.0:name} = {argument.1}",
            "{argument.0:name}={argument.1}",
            "{argument.1}",
        ),
        "append": Words(
            "appends {argument.1} to {argument.0:name}", "{argument.0:name}+={argument.1}"
        ),
        "cas": Words(
            "compare-and-sets {argument.0:name}: {argument.1.0} -> {argument.1.1}",
            "{argument.0:name}:{argument.1.0}->{argument.1.1}",
            "{argument.1.1}",
        ),
        "delete": Words("deletes {argument.0:name}", "delete {argument.0:name}"),
    },
)


def kv(client: ClientFactory, **options: int | float | None) -> Workload:
    """A key-value store, for a client that offers `KvClient`'s methods.

    Args:
        client: makes a client; a class whose ``__init__`` takes a node and a server's name does.
        options: see `OPTIONS`. The share of an operation without its method is 0.

    Raises:
        InvalidPlan: the client lacks ``get`` or ``put``, or another method though the options ask
            for it; an option is unknown or cannot have its value.
    """
    return KIND.workload(client, options)
