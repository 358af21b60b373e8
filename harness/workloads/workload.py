"""What a workload is, and the experiment that it makes of a plan.

A workload joins four things that belong together: how operations become calls of the client's
methods, which operations are invoked and when, what is read at the end, and which checkers judge
the history. It is data; `splitbrain.harness.workloads` has constructors that make one for a client.

A plan is data, too; what it runs is code. An `Experiment` is the two together:
`splitbrain.harness.runs.running` runs it, `splitbrain.harness.searching` tries it under many seeds,
`splitbrain.harness.shrinking` makes its plan smaller. The command line makes experiments from the
registry of systems, a user's test makes its own with `Plan.using`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

from splitbrain.checkers.invariants.coverage import Shows
from splitbrain.checkers.verdict import Checker
from splitbrain.harness.client import Perform
from splitbrain.harness.generators import Generator, stagger
from splitbrain.harness.invariants import Invariants
from splitbrain.harness.knobs import Knob, apply
from splitbrain.harness.nemesis.claims import Claims
from splitbrain.harness.node import Node, ServerFactory
from splitbrain.harness.plan import Plan
from splitbrain.harness.plan_options import burst
from splitbrain.harness.workloads.parts.words import Words

ClientFactory = Callable[[Node, str], Any]
"""Makes a client from its own node and the name of the server it talks to (first).

A class whose ``__init__`` takes these is one.
"""


DRAIN_S = 60.0
"""How long a final read may take that goes through all there is, one element after the other, on a
slow network: virtual seconds."""


@dataclass(frozen=True, slots=True)
class FinalRead:
    """An operation to invoke when faults are healed and the system has settled.

    Attributes:
        f: what to do.
        value: its argument.
        server: the server whose client is to do it; None for any.
        seconds: how long an attempt may take; None: as long as most.
    """

    f: str
    value: Any
    server: str | None = None
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """A change of the cluster that faults may ask clients for (`member.add`, `shard.move`).

    Attributes:
        f: the operation.
        method: the client's method that it needs.
        draw: its argument, from the workload's options.
    """

    f: str
    method: str
    draw: Callable[[Mapping[str, Any], Random], Any]


@dataclass(frozen=True, slots=True)
class Workload:
    """A kind of test, for one kind of client.

    Attributes:
        name: ``register``, ``set``, ...
        client: makes a client.
        perform: does an operation by a client's methods: ``await perform(client, f, value)``.
        generator: the load for a plan, with the plan's rate applied.
        final: what to read in the end.
        checkers: what judges the history; a system may add its own.
        idempotent: operations that change nothing, so that doubt about them is ``fail``.
        options: all of the workload's options with their values, defaults included; a plan's
            ``options`` go before them.
        notes: sentences about what is left out and why, for the report.
        words: how an operation is told, by its f (`parts.words`).
        shows: whether a read (f, argument, result) shows anything of a write; unless given, one
            does that is neither empty nor as it was invoked
            (`splitbrain.checkers.invariants.coverage`).
        refusable: operations that a right system may refuse for what they ask (a compare-and-set
            that doesn't match), so that a few may all fail.
        offers: for a plan, what draws the argument of each change of the cluster that faults may
            ask for, by its f.
    """

    name: str
    client: ClientFactory
    perform: Perform
    generator: Callable[[Plan], Generator]
    final: Callable[[Plan], list[FinalRead]]
    checkers: tuple[Checker, ...]
    idempotent: frozenset[str]
    options: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    words: Mapping[str, Words] = field(default_factory=dict)
    shows: Shows | None = None
    refusable: frozenset[str] = frozenset()
    offers: Callable[[Plan], Mapping[str, Callable[[Random], Any]]] = lambda plan: {}

    def experiment(
        self,
        plan: Plan,
        server: ServerFactory,
        claims: Claims | None,
        checkers: Sequence[Checker],
        invariants: Invariants | None = None,
    ) -> Experiment:
        """This workload on `server` as the plan says: what `Plan.using` makes.

        The plan is given their names, unless it has names already.
        """
        name = f"{getattr(server, '__module__', '')}.{getattr(server, '__qualname__', server)}"
        named = plan.with_(system=plan.system or name, workload=plan.workload or self.name)
        return Experiment(named, server, self, claims, tuple(checkers), invariants=invariants)


@dataclass(frozen=True, slots=True)
class Experiment:
    """What to run and how to judge it: a plan with the code that its names stand for.

    Attributes:
        plan: everything that varies, as data.
        server: makes the code of one node, the plan's settings aside; a class whose ``__init__``
            takes the node is such a thing.
        workload: what clients do, and which checkers judge it.
        claims: what faults the system claims to survive; None if it claims nothing.
        checkers: what else judges the system, besides the workload's.
        knobs: the settings that the plan may choose.
        invariants: what is watched while it runs, if anything (`splitbrain.harness.invariants`).
    """

    plan: Plan
    server: ServerFactory
    workload: Workload
    claims: Claims | None = None
    checkers: tuple[Checker, ...] = ()
    knobs: tuple[Knob, ...] = ()
    invariants: Invariants | None = None

    @property
    def configured(self) -> ServerFactory:
        """The server with the settings that the plan chooses.

        Raises:
            InvalidPlan: there is no such setting, or its value is out of range.
        """
        return apply(self.plan.system, self.knobs, self.plan, self.server)

    def with_plan(self, plan: Plan) -> Experiment:
        """The same code under another plan."""
        return replace(self, plan=plan)


def at_rate(plan: Plan, operations: Generator) -> Generator:
    """The operations at the plan's rate (Poisson, perhaps in bursts); the run ends them at the
    plan's time limit.

    Raises:
        InvalidPlan: the plan's burst makes no sense.
    """
    return stagger(1 / plan.rate, operations, burst(plan))
