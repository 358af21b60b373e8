"""Single writes, read in groups: no two readers may disagree about the order of two writes.

Jepsen's ``long-fork`` (Sovran et al., SOSP 2011, section 2.2). Each key is written once, by a
transaction of its own; a transaction that reads has all keys of a group. Under parallel snapshot
isolation one reader may see the first write and not the second, and another the second and not the
first; a system with a single order of commits never shows that.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from splitbrain.checkers.invariants import long_fork as never_forked
from splitbrain.checkers.verdict import Checker
from splitbrain.harness.generators import PENDING, Context, Generator, Invocation, Step
from splitbrain.harness.generators.base import Unmoved
from splitbrain.harness.plan import Plan
from splitbrain.harness.workloads.parts import transactions
from splitbrain.harness.workloads.parts.kind import WorkloadKind
from splitbrain.harness.workloads.parts.options import Option
from splitbrain.harness.workloads.workload import ClientFactory, FinalRead, Workload

NAME = "long-fork"

OPTIONS = (
    Option("group", 2, "how many keys are read together", least=2),
    Option("read", 0.6, "share of reads among the transactions; writes are the rest", most=1),
)


@dataclass(frozen=True, slots=True)
class SingleWrites(Unmoved):
    """Endless writes of one new key each, and reads of the group that is being written, or was just
    before.

    Attributes:
        group: how many keys a group has.
        read: the share of reads.
        written: how many keys were written.
    """

    group: int
    read: float
    written: int = 0

    def next(self, context: Context) -> Step | None:
        """A transaction of a random free client."""
        if not context.free:
            return PENDING, self
        random = context.random
        client = random.choice(context.free)
        if random.random() < self.read:
            current = max(0, self.written - 1) // self.group
            group = max(0, current - random.randrange(2))
            keys = [f"k{group * self.group + i}" for i in range(self.group)]
            random.shuffle(keys)
            reads = [["r", key, None] for key in keys]
            return Invocation(context.time, client, transactions.TXN, reads), self
        write = [["w", f"k{self.written}", 1]]
        successor = SingleWrites(self.group, self.read, self.written + 1)
        return Invocation(context.time, client, transactions.TXN, write), successor


def operations(options: Mapping[str, Any]) -> Generator:
    """Endless writes and reads as the options say."""
    return SingleWrites(options["group"], options["read"])


def final_reads(plan: Plan, options: Mapping[str, Any]) -> list[FinalRead]:
    """Nothing: a fork shows while writes go on."""
    return []


def checkers(options: Mapping[str, Any], consistency: str) -> tuple[Checker, ...]:
    """No two reads see two writes in opposite orders."""
    return (never_forked(),)


KIND = WorkloadKind(
    name=NAME,
    description="single writes read in groups: no two readers disagree about their order",
    options=OPTIONS,
    methods=(transactions.METHOD,),
    perform=functools.partial(transactions.perform, workload=NAME, write="w"),
    operations=operations,
    final=final_reads,
    checkers=checkers,
    refusable=frozenset({"w"}),
    words=transactions.WORDS,
)


def long_fork(client: ClientFactory, **options: int | float | None) -> Workload:
    """Single writes read in groups, for a client that offers ``transaction``.

    Args:
        client: makes a client; see `splitbrain.harness.workloads.TransactionClient`.
        options: see `OPTIONS`.

    Raises:
        InvalidPlan: the client lacks ``transaction``; an option is unknown or cannot have its
            value.
    """
    return KIND.workload(client, options)
