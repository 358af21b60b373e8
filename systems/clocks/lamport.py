"""Lamport clocks: an event's stamp is greater than that of everything that happened before it.

Source: Lamport, "Time, Clocks, and the Ordering of Events in a Distributed System", Communications
of the ACM 21(7), 1978: rules IR1 and IR2, and the total order ⇒ by stamp and then by process.

>>> one, other = LamportClock("n1"), LamportClock("n2")
>>> sent = one.tick()
>>> sent, other.receive(sent)
(Stamp(counter=1, node='n1'), Stamp(counter=2, node='n2'))

The other direction does not hold: of two events, the one with the smaller stamp may be concurrent
with the other, and come later by any wall clock. That stamps order everything is known in
hindsight only: no node can tell that nobody will send it a smaller one (DDIA chapter 9, "Timestamp
ordering is not sufficient").
"""

from __future__ import annotations

from typing import NamedTuple


class Stamp(NamedTuple):
    """When an event was; compared by counter, then by node, so that no two are equal."""

    counter: int
    node: str


class LamportClock:
    """The clock of one node.

    A node that may restart gives a `counter` that is not smaller than any it used: durable, or
    counted by lives; else it repeats stamps.

    Args:
        node: the node's name; no other node has it.
        counter: the counter of the last event.
    """

    def __init__(self, node: str, counter: int = 0) -> None:
        self.node = node
        self.counter = counter

    def tick(self) -> Stamp:
        """An event of this node's own; to send a message is one, and its stamp goes along."""
        self.counter += 1
        return Stamp(self.counter, self.node)

    def receive(self, stamp: Stamp) -> Stamp:
        """The arrival of a message that was sent at `stamp`."""
        self.counter = max(self.counter, stamp.counter)
        return self.tick()
