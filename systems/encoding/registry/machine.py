"""The registry as a state machine: what the log of a consensus protocol is applied to.

("register", subject, schema) -> id; refused if it is not compatible    (schemas are JSON text)
("versions", subject)         -> ((id, schema), ...)                    (query)
("schema", id)                -> the schema, or None                    (query)
"""

from __future__ import annotations

from typing import Any, ClassVar

from splitbrain.systems.consensus.asking import OK, REFUSED
from splitbrain.systems.encoding.registry.store import Refused, Registered, Registry


class SchemaMachine:
    """A replicated registry. Equal logs give equal ids, since ids are counted in it.

    Attributes:
        registry_class: what keeps the schemas.
    """

    registry_class: ClassVar[type[Registry]] = Registry

    def __init__(self) -> None:
        self.registry = self.registry_class()

    def apply(self, operation: Any) -> tuple[str, Any]:
        """Register a schema; or see `query`."""
        match operation:
            case ("register", str(subject), str(schema)):
                return registered(self.registry, subject, schema)
        return self.query(operation)

    def query(self, operation: Any) -> tuple[str, Any]:
        """What there is."""
        match operation:
            case ("versions", str(subject)):
                found = self.registry.versions(subject)
                return OK, tuple((one.id, one.schema) for one in found)
            case ("schema", int(id)):
                known = self.registry.by_id.get(id)
                return OK, None if known is None else known.schema
        return REFUSED, f"unknown operation {operation!r}"

    def state(self) -> tuple[tuple[int, tuple[str, str]], ...]:
        """All schemas by id, in order."""
        return tuple((one.id, (one.subject, one.schema)) for one in self.registry.by_id.values())

    def restore(self, state: Any) -> None:
        """Have these schemas, and no others."""
        self.registry = self.registry_class()
        for id, (subject, schema) in state:
            self.registry.add(Registered(id, subject, schema))


def registered(registry: Registry, subject: str, schema: str) -> tuple[str, Any]:
    """The id of a schema in a registry, or why it was refused."""
    try:
        return OK, registry.register(subject, schema)
    except Refused as refused:
        return REFUSED, str(refused)
