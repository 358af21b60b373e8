"""Planted bugs of the registry: it, with one decision wrong."""

from __future__ import annotations

from typing import Any

from splitbrain.harness.bug import Bug, planted
from splitbrain.systems.encoding.avro.schemas import Field, Record
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


class AnswersEarly(RegistryServer):
    """Gives ids away before they are durable."""

    async def before_answering(self) -> None:
        """After a power loss the next schema gets an id that somebody has."""


def _registry(registry: type[Registry]) -> type[RegistryServer]:
    return planted(RegistryServer, registry_class=registry)


BUGS: tuple[Bug, ...] = (
    Bug(
        id="ENC-03",
        title="transitive modes look at the last schema: a number is used again for another type",
        server=_registry(LatestOnly),
        workload="schemas",
        faults=("net.latency",),
        nodes=1,
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
        nodes=1,
        seeds=10,
        shows=("incompatible",),
        source="DDIA chapter 4, Avro (schema evolution rules)",
    ),
    Bug(
        id="ENC-08",
        title="an id is given away before it is durable, and names another schema later",
        server=AnswersEarly,
        workload="schemas",
        faults=("process.power_loss", "disk.slow"),
        nodes=1,
        seeds=20,
        shows=("id-reused", "lost", "rewritten"),
        source="DDIA chapter 4, Avro (what is the writer's schema?)",
    ),
)
