"""What workloads of transactions have in common: the client's claims, and micro-operations.

A transaction is one operation, f ``txn``, whose value is a list of micro-operations ``[f, key,
value]``, as Jepsen and elle-cli write them: ``["append", "x", 1]``, ``["w", "x", 1]`` and ``["r",
"x", null]``; an ``ok`` completion has what the reads saw.

They are judged by the consistency model that the system claims (a name of
`splitbrain.checkers.isolation.consistency`): strict serializability, unless said.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Any, Protocol

from splitbrain.checkers.isolation.consistency import model_named
from splitbrain.checkers.verdict import Checker
from splitbrain.harness.generators import PENDING, Context, Generator, Invocation, Step
from splitbrain.harness.generators.base import Unmoved
from splitbrain.harness.plan import InvalidPlan, Plan
from splitbrain.harness.workloads.parts.abilities import Method
from splitbrain.harness.workloads.parts.keyed import SKEW, any_of, key_names
from splitbrain.harness.workloads.parts.kind import WorkloadKind
from splitbrain.harness.workloads.parts.options import Option
from splitbrain.harness.workloads.parts.words import Words
from splitbrain.harness.workloads.workload import FinalRead

TXN = "txn"

MOST_READ = 4
"""Keys that one transaction reads in the end: a client that has patience for those of the load need
not have it for many more, one after the other."""

WORDS = {TXN: Words("does T{number}: {done:transaction}", "T{number}: {done:transaction}")}
"""Transactions are numbered as checkers of isolation number them."""

OPTIONS = (
    Option("keys", 4, "how many keys; each grows with the run, so long runs want more", least=1),
    Option("length", 4, "the most micro-operations of a transaction", least=1),
    Option("read", 0.5, "share of reads among the micro-operations; writes are the rest", most=1),
    SKEW,
)


class TransactionClient(Protocol):
    """What a client must offer.

    A method that returns has done it; see `splitbrain.harness.client` for what raising means. A
    transaction that was rolled back is `splitbrain.harness.client.Definite`.
    """

    async def transaction(self, micro_operations: Sequence[Sequence[Any]]) -> list[list[Any]]:
        """Do these in one transaction; return them with what the reads saw."""
        ...


METHOD = Method(
    "transaction", "transaction(micro_operations)", "transactions of several operations", True
)


async def perform(client: Any, f: str, value: Any, workload: str, write: str) -> Any:
    """Do a transaction by the client's method; see `splitbrain.harness.client.Perform`.

    Raises:
        ValueError: f is none, or a micro-operation is none of this workload.
        TypeError: the client returned something else than the micro-operations it was given.
    """
    if f != TXN:
        raise ValueError(f"workload {workload} has no operation {f!r}: it has {TXN}")
    for micro in value:
        if micro[0] not in ("r", write):
            raise ValueError(
                f"workload {workload} has no micro-operation {micro[0]!r}: it has {write} and r"
            )
    completed = await client.transaction(value)
    asked = [(kind, key) for kind, key, _ in value]
    if not isinstance(completed, list) or [tuple(m[:2]) for m in completed] != asked:
        raise TypeError(
            f"the client's transaction returned {completed!r} for {value!r}: return the same "
            "micro-operations in the same order, with what the reads saw"
        )
    return completed


@dataclass(frozen=True, slots=True)
class Transactions(Unmoved):
    """Endless transactions of one to `length` micro-operations, by random free clients.

    Every write of a key writes another number.
    """

    write: str
    keys: tuple[str, ...]
    length: int
    read: float
    skew: float = 0.0
    fresh: tuple[int, ...] = ()

    def next(self, context: Context) -> Step | None:
        """A transaction if any client is free."""
        if not context.free:
            return PENDING, self
        fresh = list(self.fresh or (1,) * len(self.keys))
        draw = context.random
        client = draw.choice(context.free)
        micros = [self._micro(fresh, draw) for _ in range(draw.randint(1, self.length))]
        answer = Invocation(context.time, client, TXN, micros)
        return answer, replace(self, fresh=tuple(fresh))

    def _micro(self, fresh: list[int], draw: Random) -> list[Any]:
        position = any_of(len(self.keys), self.skew, draw)
        key = self.keys[position]
        if draw.random() < self.read:
            return ["r", key, None]
        value = fresh[position]
        fresh[position] += 1
        return [self.write, key, value]


def final_reads(plan: Plan, keys: Sequence[str]) -> list[FinalRead]:
    """A transaction that reads all keys, by a client of every server."""
    parts = [keys[at : at + MOST_READ] for at in range(0, len(keys), MOST_READ)]
    return [
        FinalRead(TXN, [["r", key, None] for key in part], name)
        for name in plan.servers
        for part in parts
    ]


def kind(name: str, description: str, write: str, judge: Callable[[str], Checker]) -> WorkloadKind:
    """The workload of this name, whose transactions write by the micro-operation `write`.

    Args:
        name: the workload's name.
        description: one sentence for people.
        write: ``append`` or ``w``.
        judge: makes the checker of a consistency model.
    """

    def operations(options: Mapping[str, Any]) -> Generator:
        keys = key_names(options["keys"])
        return Transactions(write, keys, options["length"], options["read"], options["skew"])

    def final(plan: Plan, options: Mapping[str, Any]) -> list[FinalRead]:
        return final_reads(plan, key_names(options["keys"]))

    def checkers(options: Mapping[str, Any], consistency: str) -> tuple[Checker, ...]:
        try:
            model = model_named(consistency)
        except ValueError as error:
            raise InvalidPlan(str(error)) from None
        return (judge(model.name),)

    return WorkloadKind(
        name=name,
        description=description,
        options=OPTIONS,
        methods=(METHOD,),
        perform=functools.partial(perform, workload=name, write=write),
        operations=operations,
        final=final,
        checkers=checkers,
        refusable=frozenset({write}),
        words=WORDS,
    )
