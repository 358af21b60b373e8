"""Planted bugs of the leases: they, with one decision wrong."""

from __future__ import annotations

from typing import Any

from splitbrain.harness.bug import Bug, planted
from splitbrain.harness.node import Message
from splitbrain.systems.locks.leases.servers import LeaseServer
from splitbrain.systems.locks.leases.service import LockService
from splitbrain.systems.locks.leases.storage import Storage


class Unfenced(Storage):
    """Lets everybody write who says that he holds the lock (figure 8-4)."""

    def admits(self, token: int) -> bool:
        """Whatever the token."""
        return True


class FencedByWritesAlone(Storage):
    """Compares a token with those of writes only."""

    async def seen(self, token: int) -> None:
        """To read is not to be seen."""


class ChecksBeforeItsTurn(Storage):
    """Compares a token when a request arrives, and lets it wait for its turn after that."""

    async def _answer(self, client: str, number: int, request: list[Any]) -> None:
        fenced = request[0] == "write" and request[1] < self.fence
        async with self._busy:
            answer = ("fenced", self.fence) if fenced else await self.do(*request)
        self.node.network.send(client, ("reply", number, *answer))

    def admits(self, token: int) -> bool:
        """That was looked at when the request came."""
        return True


class CountsInMemory(LockService):
    """Begins to count anew after a crash."""

    async def recover(self) -> None:
        """There is nothing to read."""

    async def next_token(self) -> int:
        """One more than the last of this life."""
        return self.token + 1


class TakesAnyRelease(LockService):
    """Whoever gives the lock back, it is free."""

    async def do(self, f: str, *arguments: Any) -> Message:
        """A release is the holder's, whatever its token."""
        return await super().do(f, *((self.token,) if f == "release" else arguments))


_LOST = ("lost", "nonlinearizable")

BUGS: tuple[Bug, ...] = (
    Bug(
        id="CLK-01",
        title="the storage checks no token: who was paused past a lease writes all the same",
        server=planted(LeaseServer, storage=Unfenced),
        workload="counter",
        faults=("client.pause", "net.latency"),
        nodes=2,
        seeds=40,
        shows=_LOST,
        source="DDIA chapter 8, figure 8-4; Jepsen: etcd 3.4.3 (locks)",
    ),
    Bug(
        id="CLK-02",
        title="a token is compared before its request waits in a queue, and not after",
        server=planted(LeaseServer, storage=ChecksBeforeItsTurn),
        workload="counter",
        faults=("client.pause", "disk.slow", "net.latency"),
        nodes=2,
        seeds=60,
        shows=_LOST,
        source="Jepsen: etcd 3.4.3 (locks); DDIA chapter 8",
    ),
    Bug(
        id="CLK-03",
        title="reads don't raise the fence: an older holder writes between read and write",
        server=planted(LeaseServer, storage=FencedByWritesAlone),
        workload="counter",
        faults=("client.pause", "net.latency"),
        nodes=2,
        seeds=60,
        shows=_LOST,
        source="DDIA chapter 8, Fencing tokens",
    ),
    Bug(
        id="CLK-03-RELEASE",
        title="any token releases the lease: one that comes late frees what somebody else holds",
        server=planted(LeaseServer, service=TakesAnyRelease),
        workload="counter",
        faults=("net.duplicate", "net.latency", "client.pause"),
        nodes=2,
        seeds=20,
        shows=("granted-while-held",),
        source="Redis, SET: a key is deleted by whoever set it (the pattern with a random value)",
    ),
    Bug(
        id="CLK-04",
        title="tokens are counted in memory: after a crash they are given again",
        server=planted(LeaseServer, service=CountsInMemory),
        workload="counter",
        faults=("process.kill",),
        nodes=2,
        seeds=10,
        shows=("token-reused",),
        source="DDIA chapter 8, Fencing tokens",
    ),
)
