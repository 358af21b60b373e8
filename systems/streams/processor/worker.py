"""A worker: processes the events of its groups, and takes a snapshot of each at a barrier.

It keeps nothing: where to go on, and with which state, the hub tells it with each attempt.
"""

from __future__ import annotations

from typing import Any

import trio

from splitbrain.harness.node import Node
from splitbrain.systems.roles import first_server
from splitbrain.systems.streams.processor.hub import Barrier
from splitbrain.systems.streams.processor.keyed import Event, Keyed

POLL_S = 0.04
"""How often it says that it is alive, and asks for events."""


class Worker:
    """One worker.

    Invariants: a snapshot of a group has seen all that is before a barrier, in each partition, and
    nothing that is behind it: a partition that is at its barrier waits for the others.

    Attributes:
        groups: how many groups of users there are.
        keyed_class: what processes the events of a group.
    """

    groups = 4
    keyed_class: type[Keyed] = Keyed

    def __init__(self, node: Node) -> None:
        self.node = node
        self.hub = first_server(node)
        self.life = node.random.getrandbits(62)  # what another life was told is not for us
        self.attempt = -1
        self.tasks: dict[int, Keyed] = {}
        self.barrier: Barrier | None = None
        self._done = 0  # checkpoints up to this one are complete
        self._taken: dict[int, tuple[Any, ...]] = {}

    async def run(self) -> None:
        """Serve until cancelled."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._poll)
            while True:
                sender, message = await self.node.network.receive()
                match message:
                    case ("job", life, *job) if life == self.life:
                        self._job(*job)
                    case ("events", attempt, *given) if attempt == self.attempt:
                        self._events(*given)
                    case ("request", number, *_):
                        answer = ("reply", number, "refused", f"ask {self.hub}")
                        self.node.network.send(sender, answer)

    async def _poll(self) -> None:
        while True:
            self.node.network.send(self.hub, ("join", self.life, self.attempt))
            for snapshot in self._taken.values():
                self.node.network.send(self.hub, snapshot)
            wanted = tuple(
                (group, partition, offset)
                for group, task in self.tasks.items()
                for partition, offset in enumerate(task.positions)
            )
            self.node.network.send(self.hub, ("fetch", self.attempt, wanted))
            await trio.sleep(POLL_S)

    def _job(self, attempt: int, mine: tuple[Any, ...], checkpoint: int) -> None:
        """A new attempt begins, or ours goes on and has a checkpoint more."""
        before = self.attempt
        if attempt < before:
            return  # an old message
        if attempt > before:
            self.attempt = attempt
            # Another life of the hub may have lost the checkpoints that we know of.
            self._done = checkpoint
            self.tasks = {
                group: self.keyed_class(group, self.groups, positions, dict(state))
                for group, positions, state in mine
            }
        if attempt > before or (self.barrier is not None and checkpoint >= self.barrier[0]):
            self.barrier = None
            self._taken.clear()
        self._done = max(self._done, checkpoint)

    def _events(
        self,
        group: int,
        partition: int,
        offset: int,
        events: tuple[Any, ...],
        barrier: Barrier | None,
    ) -> None:
        if barrier is not None and barrier[0] > (self.barrier or (self._done,))[0]:
            self.barrier, self._done = barrier, barrier[0] - 1
            self._taken.clear()
        task = self.tasks.get(group)
        if task is None:
            return
        if offset == task.positions[partition]:
            now = int(self.node.clock.time() * 1000)
            taken = [Event(*event) for event in events[: self.upto(group, partition) - offset]]
            for event in taken:
                task.take(partition, event, now)
            if taken:
                known = task.watermark if task.watermark > float("-inf") else None
                latest = max(event.time for event in taken)
                self.node.trace("took", group, partition, latest, known)
        if self.barrier is not None and group not in self._taken and self.is_aligned(task):
            number, _ = self.barrier
            changes, outputs = task.snapshot()
            message = ("snapshot", self.attempt, number, group, changes, tuple(outputs))
            self._taken[group] = message
            self.node.network.send(self.hub, message)

    def upto(self, group: int, partition: int) -> int:
        """Before which offset a group may read a partition now."""
        if self.barrier is None or group in self._taken:
            return 1 << 60
        return self.barrier[1][partition]

    def is_aligned(self, task: Keyed) -> bool:
        """Whether a group is at the barrier in each partition."""
        assert self.barrier is not None
        return all(at >= end for at, end in zip(task.positions, self.barrier[1], strict=True))
