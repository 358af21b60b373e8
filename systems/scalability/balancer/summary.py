"""A load balancer as a page of code sketches it: ``select_server``, and ``forward``.

Guarantees: none. The design's weaknesses are kept, since they are what there is to see:

* Servers get their turns, whether they are dead, fail at once or have most under way: there is no
  health in the selection.
* A server that is restarted loses what it is working on.
"""

from __future__ import annotations

from splitbrain.harness.bug import planted
from splitbrain.harness.nemesis.claims import Claims
from splitbrain.harness.node import Message
from splitbrain.harness.system import System
from splitbrain.systems.scalability.balancer.backend import Backend
from splitbrain.systems.scalability.balancer.balancer import Balancer
from splitbrain.systems.scalability.balancer.client import BalancedClient
from splitbrain.systems.scalability.balancer.servers import BalancedServer


class SummaryBalancer(Balancer):
    """One server after the other."""

    turn = 0

    async def call(self, call: int) -> Message:
        """Have a server do it; the answer."""
        return await self.forward(call, self.select_server(), list(self.health.backends))

    def select_server(self) -> str:
        """Whose turn it is."""
        self.turn += 1
        return self.health.backends[self.turn % len(self.health.backends)]

    async def drain(self, backend: str) -> bool:
        """The sketch doesn't."""
        return True


SYSTEM = System(
    name="load-balancer-summary",
    title="a load balancer that forwards to one server after the other, as sketched (chapter 1)",
    server=planted(
        BalancedServer, balancer=SummaryBalancer, backend=planted(Backend, waits_for_work=False)
    ),
    client=BalancedClient,
    workloads=("lb",),
    claims=Claims(kinds=(), max_down=0),
    form="summary",
    nodes=4,
    sizes=range(3, 10),
)
