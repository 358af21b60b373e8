"""Planted bugs of the registry: it, with one decision wrong."""

from __future__ import annotations

from typing import Any

from splitbrain.harness.bug import Bug, planted
from splitbrain.systems.consensus.asking import Request
from splitbrain.systems.consensus.raft.core import Raft
from splitbrain.systems.consensus.raft.effects import Effect
from splitbrain.systems.consensus.raft.phases import LEADER
from splitbrain.systems.encoding.avro.schemas import Field, Record
from splitbrain.systems.encoding.registry.machine import SchemaMachine, registered
from splitbrain.systems.encoding.registry.server import RegistryServer
from splitbrain.systems.encoding.registry.store import Format, Registered, Registry


class LatestOnly(Registry):
    """Compares a new schema with the one before it, whatever its mode."""

    def to_compare(self, subject: str, mode: str) -> tuple[Registered, ...]:
        """A number that was given up and means something else now passes."""
        return self.versions(subject)[-1:]


class DefaultsForgotten(Registry):
    """Takes every added field for one that has a default."""

    def conflict(self, format: Format, mode: str, schema: Any, before: Registered) -> str | None:
        """A reader's field without default is no reason."""
        if isinstance(schema, Record):
            fields = [Field(f.name, f.schema, 0, f.aliases) for f in schema.fields]
            schema = Record(schema.name, schema.aliases, fields)
        return super().conflict(format, mode, schema, before)


class NumbersFirst(Raft):
    """Numbers a registration when it comes, by a counter that it has kept since it first led."""

    given = 0

    def receive(self, now: float, sender: str, message: tuple[Any, ...]) -> list[Effect]:
        """Others may have led meanwhile."""
        match message:
            case (kind, id, ("command", session, sequence, ("register", subject, schema))) if (
                self.role == LEADER
            ):
                known = self.server.replica.machine.state()
                self.given = (self.given or len(known)) + 1
                operation = "number", self.given, subject, schema
                message = Request(kind, id, ("command", session, sequence, operation))
        return super().receive(now, sender, message)


class Numbered(Registry):
    """Takes the id that it is told."""

    wanted = 0

    def next_id(self) -> int:
        """Whether or not a schema has it."""
        return self.wanted


class NumberedMachine(SchemaMachine):
    """Applies registrations that a leader has numbered."""

    registry_class = Numbered
    registry: Numbered

    def apply(self, operation: Any) -> tuple[str, Any]:
        """With the id that it says."""
        match operation:
            case ("number", int(id), str(subject), str(schema)):
                self.registry.wanted = id
                return registered(self.registry, subject, schema)
        return super().apply(operation)


def _registry(registry: type[Registry]) -> type[RegistryServer]:
    machine = planted(SchemaMachine, registry_class=registry)
    return planted(RegistryServer, application_class=machine)


BUGS: tuple[Bug, ...] = (
    Bug(
        id="ENC-03",
        title="transitive modes look at the last schema: a number is used again for another type",
        server=_registry(LatestOnly),
        workload="schemas",
        faults=("net.latency",),
        nodes=5,
        seeds=10,
        shows=("incompatible",),
        source="DDIA chapter 4, Thrift and Protocol Buffers (field tags and schema evolution)",
    ),
    Bug(
        id="ENC-04",
        title="a field without default passes as backward compatible",
        server=_registry(DefaultsForgotten),
        workload="schemas",
        faults=("net.latency",),
        nodes=5,
        seeds=10,
        shows=("incompatible",),
        source="DDIA chapter 4, Avro (schema evolution rules)",
    ),
    Bug(
        id="ENC-08",
        title="the leader numbers schemas: the next one gives an id away again",
        server=planted(RegistryServer, core_class=NumbersFirst, application_class=NumberedMachine),
        workload="schemas",
        faults=("process.pause", "net.partition"),
        nodes=5,
        seeds=40,
        shows=("id-reused", "lost", "rewritten"),
        source="DDIA chapter 4, Avro (what is the writer's schema?)",
    ),
)
