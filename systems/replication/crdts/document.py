"""What the servers replicate: a set, a counter and a register, and which updates it has seen."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar, NamedTuple

from splitbrain.systems.clocks.vectors import Vector, joined
from splitbrain.systems.replication.crdts.counters import PNCounter
from splitbrain.systems.replication.crdts.registers import LWWRegister
from splitbrain.systems.replication.crdts.sets import ORSet


class Document(NamedTuple):
    """A state; each part is merged by itself.

    Attributes:
        seen: by actor, how many of its updates are in it.
        elements: a set, of the type that `Types` says.
        counter: a counter.
        register: a register.
    """

    seen: Vector = ()
    elements: Any = ORSet()
    counter: PNCounter = PNCounter()
    register: LWWRegister = LWWRegister()

    @property
    def value(self) -> tuple[tuple[Any, ...], int, Any]:
        """What a client sees: elements, counter, register."""
        return self.elements.elements, self.counter.value, self.register.value


class Types:
    """The type of each part, and how documents of them are made, changed and merged.

    Attributes:
        set_type: of the set.
        register_type: of the register.
    """

    set_type: ClassVar[Any] = ORSet
    register_type: ClassVar[Any] = LWWRegister

    def empty(self) -> Document:
        """The document that nobody has changed."""
        return Document((), self.set_type(), PNCounter(), self.register_type())

    def of(self, raw: Iterable[Any]) -> Document:
        """A document from a message or a record, where it is plain tuples."""
        seen, elements, counter, register = raw
        return Document(
            tuple(seen),
            self.set_type.of(elements),
            PNCounter.of(counter),
            self.register_type.of(register),
        )

    def merged(self, one: Document, other: Document) -> Document:
        """What both know."""
        return Document(
            joined(one.seen, other.seen),
            one.elements.merged(other.elements),
            one.counter.merged(other.counter),
            one.register.merged(other.register),
        )

    def changed(
        self, document: Document, actor: str, now: int, f: str, argument: Any
    ) -> Document | None:
        """The document after an update by this actor; None if there is nothing to change."""
        number = dict(document.seen).get(actor, 0) + 1
        after = document._replace(seen=joined(document.seen, ((actor, number),)))
        match f:
            case "add":
                return after._replace(elements=after.elements.added(actor, argument))
            case "remove" if argument in after.elements.elements:
                return after._replace(elements=after.elements.removed(argument))
            case "increment":
                return after._replace(counter=after.counter.changed(actor, argument))
            case "assign":
                return after._replace(register=after.register.assigned(now, actor, argument))
        return None
