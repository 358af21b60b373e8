"""A workload before it has a client: what a file of a workload exports as ``KIND``.

    KIND = WorkloadKind(
        name="leases",
        description="leases: nobody holds what somebody else holds",
        options=(Option("keys", 3, "how many leases", least=1),),
        methods=(Method("take", "take(key)", "takes", needed=True), ...),
        perform=perform,                # does an operation by the client's methods
        operations=operations,          # the load, from the options
        final=final_reads,              # what is read in the end
        checkers=checkers,              # what judges it
        idempotent=frozenset({"read"}),
        words={"take": Words("takes {argument}")},
    )

    workload = KIND.workload(MyClient, {"keys": 5})

What all workloads have in common is here, once: options settled for each plan, the plan's rate and
time limit, and the comparison of replicas where the client can ask one for its state.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from random import Random
from typing import Any

from splitbrain.checkers.convergence import converged
from splitbrain.checkers.invariants.coverage import Shows
from splitbrain.checkers.verdict import Checker
from splitbrain.harness.client import Perform
from splitbrain.harness.generators import Generator
from splitbrain.harness.plan import InvalidPlan, Plan
from splitbrain.harness.workloads.parts import replicas
from splitbrain.harness.workloads.parts.abilities import Method, capabilities
from splitbrain.harness.workloads.parts.options import Option
from splitbrain.harness.workloads.parts.words import Words
from splitbrain.harness.workloads.workload import (
    Change,
    ClientFactory,
    FinalRead,
    Workload,
    at_rate,
)

CONSISTENCY = "strong-serializable"
"""The isolation that a system of transactions claims, unless it says otherwise."""

Options = Mapping[str, Any]
"""All options of a workload with their values."""


@dataclass(frozen=True, slots=True)
class WorkloadKind:
    """A workload before it has a client.

    Attributes:
        name: as plans write it.
        description: one sentence for people.
        options: its options.
        methods: what it calls of a client; with `replicas.METHOD` among them, replicas are read and
            compared in the end, if the client can ask for their state.
        perform: does an operation by a client's methods: ``await perform(client, f, value)``.
        operations: the endless load, from the options; rate and time limit are applied to it.
        final: what is read in the end, from the plan and the options.
        checkers: what judges the history, from the options and the consistency model that the
            system claims (which matters to transactions alone).
        idempotent: operations that change nothing, so that doubt about them is ``fail``.
        words: how an operation is told, by its f.
        fixed: options that the checkers depend on, so that they are the constructor's: a plan may
            not change them afterwards.
        shows: see `Workload.shows`.
        refusable: see `Workload.refusable`.
        changes: changes of the cluster that faults may ask for, where the client can do them.
    """

    name: str
    description: str
    options: tuple[Option, ...]
    methods: tuple[Method, ...]
    perform: Perform
    operations: Callable[[Options], Generator]
    final: Callable[[Plan, Options], list[FinalRead]]
    checkers: Callable[[Options, str], tuple[Checker, ...]]
    idempotent: frozenset[str] = frozenset()
    words: Mapping[str, Words] = field(default_factory=dict)
    fixed: tuple[str, ...] = ()
    shows: Shows | None = None
    refusable: frozenset[str] = frozenset()
    changes: tuple[Change, ...] = ()

    def workload(
        self,
        client: ClientFactory,
        options: Options | None = None,
        consistency: str = CONSISTENCY,
    ) -> Workload:
        """The workload for a client.

        Args:
            client: makes a client; a class whose ``__init__`` takes a node and a server's name
                does.
            options: values of `options`, by name; a plan's own go before them.
            consistency: the isolation level that the system claims, for workloads of transactions.

        Raises:
            InvalidPlan: the client lacks a method that is needed, or one that an option asks for;
                an option is unknown or cannot have its value; there is no such level.
        """
        given = options or {}
        has = capabilities(self.name, client, self.methods)
        made = has.settle(self.options, given, {})

        def settled(plan: Plan) -> Options:
            found = has.settle(self.options, given, plan.options)
            for name in self.fixed:
                if found[name] != made[name]:
                    raise InvalidPlan(
                        f"the plan's option {name!r} is {found[name]}, but workload {self.name} "
                        f"was made for {made[name]}: give {name} to its constructor as well"
                    )
            return found

        states = {replicas.REPLICA_STATE} if replicas.METHOD in self.methods else set()
        compares = replicas.METHOD.name in has.methods

        def final(plan: Plan) -> list[FinalRead]:
            reads = self.final(plan, settled(plan))
            return reads + replicas.replica_reads(plan) if compares else reads

        def offers(plan: Plan) -> dict[str, Callable[[Random], Any]]:
            found = settled(plan)
            able = [change for change in self.changes if change.method in has.methods]
            return {change.f: partial(change.draw, found) for change in able}

        self.operations(made)  # so that a mistake shows here, not when it runs
        judges = self.checkers(made, consistency)
        return Workload(
            name=self.name,
            client=client,
            perform=replicas.answering(self.perform) if compares else self.perform,
            generator=lambda plan: at_rate(plan, self.operations(settled(plan))),
            final=final,
            checkers=(*judges, converged()) if compares else judges,
            idempotent=self.idempotent | states,
            options=made,
            notes=has.notes(made),
            words={**replicas.WORDS, **self.words},
            shows=self.shows,
            refusable=self.refusable,
            offers=offers,
        )
