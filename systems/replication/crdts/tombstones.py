"""A set that has a tombstone for each addition that was removed, until nobody needs it.

A tombstone may go once all servers have it on disk (`stability`). An old message may come after
that, from a time when its sender had the addition and not the tombstone: it would bring the element
back, as nothing here says that it was removed. But whoever forgot the tombstone had heard all that
its sender knew later, so such a message has nothing new, and is not merged::

    n1  {x}, tells: {x} seen n1:1  -------------------------------.
    n2  removes x: tombstone, seen n1:1 n2:1                       | (late)
    n1  hears it, tells: tombstone, seen n1:1 n2:1                 |
    n2  all have it: forgets the tombstone, seen n1:1 n2:1         |
    n2  {x} seen n1:1: nothing new, not merged  <------------------'

Source: Shapiro, Preguiça, Baquero and Zawirski, INRIA RR-7506, 2011, specification 15 and section
4.2 (garbage collection).
"""

from __future__ import annotations

from collections.abc import Collection, Hashable

from splitbrain.systems.clocks.vectors import covers
from splitbrain.systems.replication.crdts.document import Document, Types
from splitbrain.systems.replication.crdts.sets import TombstoneSet


class TombstoneTypes(Types):
    """Types of which the set keeps tombstones."""

    set_type = TombstoneSet

    def erased(self, document: Document) -> Collection[Hashable]:
        """Letters that are erased, and additions that were removed."""
        return (*super().erased(document), *document.elements.tombstones)

    def collected(self, document: Document, erased: Collection[Hashable]) -> Document:
        """The document without the tombstones of what is erased everywhere, too."""
        after = super().collected(document, erased)
        elements = after.elements.purged(erased)
        return after if elements == after.elements else after._replace(elements=elements)

    def merged(self, one: Document, other: Document) -> Document:
        """What both know; of one that has nothing new, nothing."""
        return one if covers(one.seen, other.seen) else super().merged(one, other)
