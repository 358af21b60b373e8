"""Who hears what happens in a simulated world.

Two sorts of listeners: to what *nodes* report (`subscribe`), and to what their *machines* do
(`watch`): messages and fsyncs, of which there are so many that they are told only while somebody
watches.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from splitbrain.harness.simulation.heap import EventHeap
from splitbrain.harness.simulation.network import SimulatedNetwork

Listener = Callable[[str, str, Any], None]
"""Called with the kind of a node's event, the node's name, and details."""


class Listeners:
    """Those who listen to a world.

    Attributes:
        watchers: who watches machines, by the sort of event; empty while nobody does.
    """

    def __init__(self, heap: EventHeap, network: SimulatedNetwork) -> None:
        self.watchers: dict[str, list[Listener]] = {}
        self._heap = heap
        self._network = network
        self._listeners: list[Listener] = []

    def tell(self, kind: str, name: str, details: Any) -> None:
        """Tell of a node's event, after the node's step."""
        for listener in tuple(self._listeners):
            # Not now: the node is in the middle of a step, and a listener may want to kill it.
            self._heap.at(self._heap.now, listener, kind, name, details)

    def machine_event(self, event: str, name: str, details: Any) -> None:
        """Tell those who watch; only called while somebody does."""
        for watcher in tuple(self.watchers.get(event, ())):
            watcher(event, name, details)

    def watch(self, event: str, listener: Listener) -> Callable[[], None]:
        """Call `listener` at each event of this sort; the result ends that."""
        self.watchers.setdefault(event, []).append(listener)
        self._network.told = self.machine_event

        def stop() -> None:
            self.watchers[event].remove(listener)
            if not self.watchers[event]:
                del self.watchers[event]
            self._network.told = self.machine_event if self.watchers else None

        return stop

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` after each node's event; the result ends the subscription."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)
