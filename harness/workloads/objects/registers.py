"""Registers: read, write, and compare-and-set, over a few independent keys.

The workhorse of linearizability testing (Jepsen's ``linearizable-register``, Maelstrom's
``lin-kv``): small, and nearly every consistency bug of a key-value store shows in it. Each key is a
register that starts as null; histories are checked against the cas-register model, key by key.

By default a key's written values are all different, so that a read names the write it saw, and a
stale read cannot pass for a fresh one.
"""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import Any, Protocol

from splitbrain.checkers.linearizability import linearizable
from splitbrain.checkers.models import cas_register
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

NAME = "register"

OPTIONS = (
    Option("keys", 3, "how many independent keys", least=1),
    SKEW,
    TURNOVER,
    Option("read", 0.5, "share of reads among the operations", most=1),
    Option("cas", 0.2, "share of compare-and-sets; writes are what is left", most=1),
    Option(
        "values",
        None,
        "how many different values a key takes",
        least=2,
        none="every write of a key writes a value of its own",
    ),
)


# Client protocol


class RegisterClient(Protocol):
    """What a client must offer; ``cas`` and `replicas.ReplicaClient`'s method may be missing.

    A method that returns has done it; see `splitbrain.harness.client` for what raising means.
    """

    async def read(self, key: str) -> Any:
        """The key's value; None if it was never written."""
        ...

    async def write(self, key: str, value: int) -> None:
        """Make `value` the key's value."""
        ...

    async def cas(self, key: str, old: int | None, new: int) -> bool:
        """Make `new` the key's value if it is `old` now; return whether it was."""
        ...


METHODS = (
    Method("read", "read(key)", "reads", needed=True),
    Method("write", "write(key, value)", "writes", needed=True),
    Method("cas", "cas(key, old, new)", "compare-and-set"),
    replicas.METHOD,
)


async def perform(client: Any, f: str, value: Any) -> Any:
    """Do one operation by the client's methods; see `splitbrain.harness.client.Perform`."""
    key, argument = value
    if f == "read":
        return [key, await client.read(key)]
    if f == "write":
        await client.write(key, argument)
    elif f == "cas":
        old, new = argument
        if not matched(await client.cas(key, old, new)):
            raise Definite(f"{key} was not {old}")
    else:
        raise ValueError(f"workload register has no operation {f!r}: it has read, write and cas")
    return value


# Generator


def operations(options: Mapping[str, Any]) -> Generator:
    """Endless reads, writes and compare-and-sets in the shares that the options say."""
    values = options["values"]

    def argument(f: str, state: KeyState, random: Random) -> tuple[Any, KeyState]:
        if f == "read":
            return None, state
        after = KeyState(state.fresh + 1, state.seen)
        new = state.fresh if values is None else random.randrange(values)
        return (new if f == "write" else [_guess(state, random, values), new]), after

    shares = {"read": options["read"], "cas": options["cas"]}
    weights = remainder(NAME, shares, "write")
    names, choice = key_names(options["keys"]), Choice.of(options)
    return keyed_operations(names, weights, argument, _seen, choice)


def _guess(state: KeyState, random: Random, values: int | None) -> Any:
    """What a cas compares with."""
    if state.fresh and random.random() >= CAS_WITH_SEEN:
        return random.randrange(state.fresh if values is None else values)
    return state.seen


def _seen(f: str, value: Any, state: KeyState) -> KeyState:
    return KeyState(state.fresh, value[1] if f == "cas" else value)


# Final reads and checkers


def final_reads(plan: Plan, options: Mapping[str, Any]) -> list[FinalRead]:
    """A read of every key."""
    return key_reads("read", plan, options["keys"])


def checkers(options: Mapping[str, Any], consistency: str) -> tuple[Checker, ...]:
    """Every key is linearizable."""
    return (linearizable(cas_register(), keyed=True),)


KIND = WorkloadKind(
    name=NAME,
    description="linearizable registers: read, write and compare-and-set on a few keys",
    options=OPTIONS,
    methods=METHODS,
    perform=perform,
    operations=operations,
    final=final_reads,
    checkers=checkers,
    idempotent=frozenset({"read"}),
    refusable=frozenset({"cas"}),
    words={
        "read": Words(
            "reads {argument.0:name}[ -> {result.1}]", "{argument.0:name}->{result.1}", "{result.1}"
        ),
        "write": Words(
            "writes {argument.0:name} = {argument.1}",
            "{argument.0:name}={argument.1}",
            "{argument.1}",
        ),
        "cas": Words(
            "compare-and-sets {argument.0:name}: {argument.1.0} -> {argument.1.1}",
            "{argument.0:name}:{argument.1.0}->{argument.1.1}",
            "{argument.1.1}",
        ),
    },
)


def register(client: ClientFactory, **options: int | float | None) -> Workload:
    """Registers, for a client that offers `RegisterClient`'s methods.

    Args:
        client: makes a client; a class whose ``__init__`` takes a node and a server's name does.
        options: see `OPTIONS`. Without a method ``cas`` the share of compare-and-sets is 0.

    Raises:
        InvalidPlan: the client lacks ``read`` or ``write``, or lacks ``cas`` though the options ask
            for it; an option is unknown or cannot have its value.
    """
    return KIND.workload(client, options)
