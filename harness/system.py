"""A system: what the harness needs to know to run it by name.

A system's module exports one as ``SYSTEM``, with everything that there is to say of it::

    SYSTEM = System(
        name="kv",
        title="our key-value store",
        server=KvNode,
        client=KvClient,
        workloads=("register", "kv"),
    )

It is run by its name if it is registered (`splitbrain.systems.registry`), else by its import path,
``package.module:SYSTEM``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from splitbrain.checkers.nearest import suggestion
from splitbrain.checkers.verdict import Checker
from splitbrain.harness.bug import Bug
from splitbrain.harness.invariants import Invariants
from splitbrain.harness.knobs import Knob
from splitbrain.harness.nemesis.claims import Claims
from splitbrain.harness.node import ServerFactory
from splitbrain.harness.pictures.picture import Picture
from splitbrain.harness.plan import MOST_NODES, InvalidPlan, Plan
from splitbrain.harness.planning import draw
from splitbrain.harness.workloads import WORKLOADS, workload_for
from splitbrain.harness.workloads.parts.kind import CONSISTENCY
from splitbrain.harness.workloads.workload import ClientFactory, Experiment

ANY_SIZE = range(1, MOST_NODES + 1)
SINGLE_SERVER = range(1, 2)


@dataclass(frozen=True, slots=True)
class System:
    """A system that can be run by its name.

    Attributes:
        name: what people type.
        title: what it is, in a few words, with its chapter in the book.
        server: the code of one node.
        client: its client; serves every workload in `workloads`.
        workloads: names of the workloads that fit, the most telling first.
        claims: the faults that it claims to survive; None if it claims nothing.
        consistency: the isolation level that its transactions claim, if it has any: a name of
            `splitbrain.checkers.isolation.consistency`.
        checkers: what else can be judged from what its nodes announce.
        form: ``reference`` (built properly) or ``summary`` (as the book's summary sketches it).
        nodes: how many nodes it has unless the user says otherwise.
        sizes: how many nodes it may have.
        bugs: the planted bugs that it can be run with.
        knobs: the settings that a plan may choose, with the ranges in which it keeps its promises.
        invariants: what must hold between its servers at every moment; makes the probe that looks
            at them while they run (`splitbrain.harness.invariants`).
        pictures: what the report of a failed run draws of it besides what it draws of any
            (`splitbrain.harness.pictures`).
    """

    name: str
    title: str
    server: ServerFactory
    client: ClientFactory
    workloads: tuple[str, ...]
    claims: Claims | None = None
    consistency: str = CONSISTENCY
    checkers: tuple[Checker, ...] = ()
    form: str = "reference"
    nodes: int = 3
    sizes: range = ANY_SIZE
    bugs: tuple[Bug, ...] = ()
    knobs: tuple[Knob, ...] = ()
    invariants: Invariants | None = None
    pictures: tuple[Picture, ...] = ()

    def bugs_by_id(self) -> Mapping[str, Bug]:
        """The planted bugs, by id."""
        return {bug.id: bug for bug in self.bugs}

    def bug(self, name: str) -> Bug:
        """The planted bug of this id.

        Raises:
            InvalidPlan: there is no such bug of this system.
        """
        bugs = self.bugs_by_id()
        if name in bugs:
            return bugs[name]
        if not bugs:
            raise InvalidPlan(f"{self.name} has no planted bugs")
        raise InvalidPlan(
            f"there is no bug {name!r}: {suggestion(name, bugs)} (splitbrain list bugs)"
        )

    def experiment(self, plan: Plan) -> Experiment:
        """The code of this system, with its bug and settings if the plan has any, run as it says.

        Raises:
            InvalidPlan: the workload, bug or a setting is unknown, or the combination cannot run;
                the message says why.
        """
        WORKLOADS.named(plan.workload)
        # Whether one of a user's own fits is told by the client's methods.
        if plan.workload in WORKLOADS.ours and plan.workload not in self.workloads:
            raise InvalidPlan(
                f"{self.name} has no client for the workload {plan.workload!r}: "
                f"it runs {', '.join(self.workloads)}"
            )
        if plan.nodes not in self.sizes:
            raise InvalidPlan(f"{self.name} {self._size()}: run it with that, not {plan.nodes}")
        bug = None if plan.bug is None else self.bug(plan.bug)
        server = self.server if bug is None else bug.server
        client = self.client if bug is None or bug.client is None else bug.client
        workload = workload_for(plan, client, consistency=self.consistency)
        made = Experiment(
            plan, server, workload, self.claims, self.checkers, self.knobs, self.invariants
        )
        _ = made.configured  # settings that it doesn't have are refused at once
        return made

    def hunt(self, bug: Bug, seed: int) -> Experiment:
        """The run that looks for a planted bug under this seed: its own workload, faults, size."""
        plan = Plan(
            self.name,
            bug.workload,
            bug=bug.id,
            nodes=bug.nodes,
            seed=seed,
            options=dict(bug.options),
        )
        return self.experiment(draw(plan, bug.faults))

    def _size(self) -> str:
        if self.sizes == SINGLE_SERVER:
            return "is a single server (--nodes 1)"
        return f"takes {self.sizes[0]} to {self.sizes[-1]} nodes (--nodes)"
