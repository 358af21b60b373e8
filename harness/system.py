"""A registered system: what the harness needs to know to run it by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from splitbrain.checkers.verdict import Checker
from splitbrain.harness.bug import Bug
from splitbrain.harness.nemesis.claims import Claims
from splitbrain.harness.node import ServerFactory
from splitbrain.harness.workloads.parts.kind import CONSISTENCY
from splitbrain.harness.workloads.workload import ClientFactory


@dataclass(frozen=True, slots=True)
class System:
    """A system that can be run by its name.

    Attributes:
        name: what people type.
        title: what it is, in a few words, with its chapter in the book.
        server: the code of one node.
        client: its client; serves every workload in `workloads`.
        workloads: names of the workloads that fit, the most telling first.
        claims: the faults that it claims to survive.
        consistency: the isolation level that its transactions claim, if it has any: a name of
            `splitbrain.checkers.isolation.consistency`.
        checkers: what else can be judged from what its nodes announce.
        form: ``reference`` (built properly) or ``summary`` (as the book's summary sketches it).
        nodes: how many nodes it has unless the user says otherwise.
        bugs: the planted bugs that it can be run with.
    """

    name: str
    title: str
    server: ServerFactory
    client: ClientFactory
    workloads: tuple[str, ...]
    claims: Claims = field(default_factory=Claims)
    consistency: str = CONSISTENCY
    checkers: tuple[Checker, ...] = ()
    form: str = "reference"
    nodes: int = 3
    bugs: tuple[Bug, ...] = ()

    def bugs_by_id(self) -> Mapping[str, Bug]:
        """The planted bugs, by id."""
        return {bug.id: bug for bug in self.bugs}
