"""What the servers replicate: a set, a counter, a register, a text, a map; and what they have seen.

The map has registers that keep all that was written at once.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable
from typing import Any, ClassVar, NamedTuple

from splitbrain.systems.clocks.vectors import Vector, joined, newer
from splitbrain.systems.replication.crdts.counters import PNCounter
from splitbrain.systems.replication.crdts.maps import GrowOnlyMap
from splitbrain.systems.replication.crdts.registers import LWWRegister, MVRegister
from splitbrain.systems.replication.crdts.sets import ORSet
from splitbrain.systems.replication.crdts.text import Text


class Document(NamedTuple):
    """A state; each part is merged by itself.

    Attributes:
        seen: by actor, how many of its updates are in it.
        elements: a set, of the type that `Types` says.
        counter: a counter, of the type that `Types` says.
        register: a register.
        text: a text, whose letters are numbers.
        notes: by key, a register of which values that were written at once all stay.
    """

    seen: Vector = ()
    elements: Any = ORSet()
    counter: Any = PNCounter()
    register: LWWRegister = LWWRegister()
    text: Text = Text()
    notes: GrowOnlyMap = GrowOnlyMap()

    @property
    def value(self) -> tuple[tuple[Any, ...], int, Any]:
        """What a client sees: elements, counter, register."""
        return self.elements.elements, self.counter.value, self.register.value


class Types:
    """The type of each part, and how documents of them are made, changed and merged.

    Attributes:
        set_type: of the set.
        counter_type: of the counter.
        register_type: of the register.
        text_type: of the text.
        map_type: of the map.
        note_type: of a value of the map.
    """

    set_type: ClassVar[Any] = ORSet
    counter_type: ClassVar[Any] = PNCounter
    register_type: ClassVar[Any] = LWWRegister
    text_type: ClassVar[Any] = Text
    map_type: ClassVar[Any] = GrowOnlyMap
    note_type: ClassVar[Any] = MVRegister

    def empty(self) -> Document:
        """The document that nobody has changed."""
        return Document(
            (),
            self.set_type(),
            self.counter_type(),
            self.register_type(),
            self.text_type(),
            self.map_type(),
        )

    def of(self, raw: Iterable[Any]) -> Document:
        """A document from a message or a record, where it is plain tuples."""
        seen, elements, counter, register, text, notes = raw
        return Document(
            tuple(seen),
            self.set_type.of(elements),
            self.counter_type.of(counter),
            self.register_type.of(register),
            self.text_type.of(text),
            self.map_type.of(notes, self.note_type),
        )

    def merged(self, one: Document, other: Document) -> Document:
        """What both know."""
        return Document(
            joined(one.seen, other.seen),
            one.elements.merged(other.elements),
            one.counter.merged(other.counter),
            one.register.merged(other.register),
            one.text.merged(other.text),
            one.notes.merged(other.notes),
        )

    def since(self, document: Document, before: Document) -> Document:
        """What a document knows and an earlier one did not: merged with that, it is the document.

        The types must have parts that can be told apart, as `dotted.DottedSet` has."""
        return Document(
            newer(document.seen, before.seen),
            document.elements.since(before.elements),
            document.counter.since(before.counter),
            document.register.since(before.register),
            document.text.since(before.text),
            document.notes.since(before.notes),
        )

    def erased(self, document: Document) -> Collection[Hashable]:
        """What is erased in a document and kept in it nevertheless, for others may not know yet."""
        return document.text.deleted

    def collected(self, document: Document, erased: Collection[Hashable]) -> Document:
        """The document without what is erased everywhere, if nothing needs it; the same one if
        there is no such thing."""
        text = document.text.collected(erased)
        return document if text is document.text else document._replace(text=text)

    def note(self, document: Document, key: str) -> Any:
        """The register under a key of the map, empty if there is none yet."""
        found = document.notes.value(key)
        return self.note_type() if found is None else found

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
            case "insert":
                letters, behind = argument
                place = 0 if behind is None else _place(after.text, behind) + 1
                if behind is None or place:
                    return after._replace(text=after.text.inserted(actor, place, letters))
            case "erase":
                place = _place(after.text, argument)
                if place >= 0:
                    return after._replace(text=after.text.removed(place))
            case "put":
                key, over, value = argument
                note = self.note(after, key).assigned(actor, value, over)
                return after._replace(notes=after.notes.changed(key, note))
            case "take":
                key, over = argument
                note = self.note(after, key).cleared(over)
                return after._replace(notes=after.notes.changed(key, note))
        return None


def _place(text: Text, letter: Any) -> int:
    """Where a letter stands in a text, -1 if nowhere."""
    letters = text.letters
    return letters.index(letter) if letter in letters else -1
