"""The hub: keeps the log of events, hands it to workers, and coordinates their checkpoints.

client -> hub    ("request", id, "add", event), ("request", id, "results"), (..., "joins")
worker -> hub    ("join", life, attempt)
                 ("fetch", attempt, ((group, partition, offset), ...))
                 ("snapshot", attempt, checkpoint, group, changes, outputs)
hub -> worker    ("job", life, attempt, ((group, positions, state), ...), checkpoint)
                 ("events", attempt, group, partition, offset, events, barrier)

A checkpoint begins with a barrier in each partition: the offset where that ends now. It is told
with the events, so that no worker passes one unseen. Each group's state when it is at all barriers,
and what came out before, together are the checkpoint. When a worker falls silent, or starts, a new
attempt begins: all groups go on from the last checkpoint, and what they did after it counts for
nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import trio

from splitbrain.checkers.streams.stream_joins import SEARCH
from splitbrain.harness.node import Node
from splitbrain.systems.streams.processor.keyed import BOUND_MS, Event
from splitbrain.systems.streams.processor.store import HubStore, Snapshot

TICK_S = 0.03
"""How often members are looked at."""

_ATTEMPTS = 1 << 20
"""So many in a life of the hub, at most: another life's are greater."""

Told = tuple[tuple[str, Any], ...]
"""What a client reads, by name."""

Barrier = tuple[int, tuple[int, ...]]
"""The number of a checkpoint, and by partition the offset before which it ends."""


class Hub:
    """The one server that keeps everything.

    Invariants: a checkpoint has one snapshot of each group, all of one attempt and at one barrier;
    clients are told of events, and of results, once they are durable.

    Attributes:
        session_s: a worker silent for so long is out.
        every_s: how often a checkpoint begins.
        partitions: how many the log has.
        groups: how many groups of users there are.
        batch: most events in an answer.
        grain_ms: times of events are kept in steps of so many milliseconds.
    """

    session_s = 0.3
    every_s = 0.15
    partitions = 3
    groups = 4
    batch = 8
    grain_ms = 1

    def __init__(self, node: Node) -> None:
        self.node = node
        self.store = HubStore(node.disk, self.partitions, self.groups)
        self.attempt = 0
        self.barrier: Barrier | None = None
        self.members: dict[str, float] = {}
        self.owners: dict[int, str] = {}
        self._lives: dict[str, int] = {}
        self._snapshots: dict[int, Snapshot] = {}
        self._checked = trio.Event()  # at the next checkpoint

    async def run(self) -> None:
        """Serve until cancelled."""
        await self.store.open()
        self.attempt = self.store.lives * _ATTEMPTS
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._look_at_members)
            nursery.start_soon(self._begin_checkpoints)
            while True:
                sender, message = await self.node.network.receive()
                match message:
                    case ("join", life, attempt):
                        nursery.start_soon(self._join, sender, life, attempt)
                    case ("fetch", attempt, wanted) if attempt == self.attempt:
                        for group, partition, offset in wanted:
                            self._hand_out(sender, group, partition, offset)
                    case ("snapshot", attempt, *snapshot) if self.admits(attempt):
                        self._snapshot(*snapshot)
                    case ("request", number, *request):
                        nursery.start_soon(self._serve, sender, number, request)

    # Workers

    async def _join(self, worker: str, life: int, attempt: int) -> None:
        is_new = worker not in self.members or self._lives[worker] != life
        self.members[worker], self._lives[worker] = trio.current_time(), life
        if is_new:
            self._restart()
        mine: tuple[Any, ...] = ()
        if attempt != self.attempt:
            mine = tuple(
                (group, tuple(self.store.positions), tuple(self.store.states[group].items()))
                for group, owner in self.owners.items()
                if owner == worker
            )
        job = ("job", life, self.attempt, mine, self.store.checkpoint)
        await self.store.sync()
        self.node.network.send(worker, job)

    async def _look_at_members(self) -> None:
        while True:
            await trio.sleep(TICK_S)
            silent = trio.current_time() - self.session_s
            gone = [name for name, heard in self.members.items() if heard < silent]
            for name in gone:
                del self.members[name]
            if gone:
                self._restart()

    def _restart(self) -> None:
        """A new attempt, from the last checkpoint."""
        self.attempt += 1
        self.barrier = None
        self._snapshots.clear()
        names = sorted(self.members)
        self.owners = {group: names[group % len(names)] for group in range(self.groups) if names}

    def _hand_out(self, worker: str, group: int, partition: int, offset: int) -> None:
        events = tuple(
            tuple(event) for event in self.store.events[partition][offset : offset + self.batch]
        )
        if events or self.barrier is not None:
            told = ("events", self.attempt, group, partition, offset, events, self.barrier)
            self.node.network.send(worker, told)

    # Checkpoints

    async def _begin_checkpoints(self) -> None:
        while True:
            await trio.sleep(self.every_s)
            ends = self.store.ends
            if self.barrier is None and self.owners and ends != tuple(self.store.positions):
                # At once: a worker that has what comes later would have passed the barrier. The
                # checkpoint will stand behind these events in the log, and survive only with them.
                self.barrier = self.store.checkpoint + 1, ends

    def _snapshot(
        self, number: int, group: int, changes: tuple[Any, ...], outputs: tuple[Any, ...]
    ) -> None:
        if self.barrier is None or number != self.barrier[0]:
            return
        self._snapshots[group] = self.received((group, changes, outputs))
        if len(self._snapshots) == self.groups:
            snapshots = [self._snapshots[each] for each in sorted(self._snapshots)]
            self.store.commit(number, self.barrier[1], snapshots)
            self._checked.set()
            self._checked = trio.Event()
            self._snapshots.clear()
            self.barrier = None

    def admits(self, attempt: int) -> bool:
        """Whether a snapshot is of an attempt that goes on."""
        return attempt == self.attempt

    def received(self, snapshot: Snapshot) -> Snapshot:
        """A snapshot, to be kept until those of all groups are there."""
        return snapshot

    # Clients

    async def _serve(self, client: str, number: int, request: list[Any]) -> None:
        match request:
            case ["add", tuple() as event] if len(event) == len(Event._fields):
                told = Event(*event)
                self.store.add(told._replace(time=told.time - told.time % self.grain_ms))
                await self.store.sync()
                answer: tuple[Any, ...] = ("ok", None)
            case ["results"]:
                answer = ("ok", await self._settled(self._results))
            case ["joins"]:
                answer = ("ok", await self._settled(self._joins))
            case _:
                answer = ("refused", "no such request")
        self.node.network.send(client, ("reply", number, *answer))

    async def _settled(self, told: Callable[[], Told]) -> Told:
        """What came of all events that are there now, once they are in a checkpoint."""
        ends = self.store.ends
        while any(at < end for at, end in zip(self.store.positions, ends, strict=True)):
            await self._checked.wait()
        results = told()
        await self.store.sync()
        return results

    def _results(self) -> Told:
        store = self.store
        items = [item for state in store.states for item in state.items()]
        opened = [
            ("session" if key[0] == "session" else key[1], *key[-3:], *value)
            for key, value in items
            if key[0] in ("window", "session")
        ]
        return (
            ("events", self._input()),
            ("late", self._came_out("late")),
            ("closed", self._came_out("closed")),
            ("open", tuple(opened)),
            ("joined", self._came_out("joined")),
            ("waiting", tuple(key[2] for key, _ in items if key[0] == "waiting")),
            ("bound", BOUND_MS),
            ("partitions", self.partitions),
        )

    def _joins(self) -> Told:
        keys = [key for state in self.store.states for key in state]
        return (
            ("events", self._input()),
            ("late", self._came_out("late")),
            ("pairs", self._came_out("pairs")),
            ("rows", self._came_out("rows")),
            ("open", tuple(key[3] for key in keys if key[0] == SEARCH)),
            ("waiting", tuple(key[2] for key in keys if key[0] == "changed")),
            ("bound", BOUND_MS),
            ("partitions", self.partitions),
        )

    def _input(self) -> tuple[tuple[Any, ...], ...]:
        """All events before the positions."""
        return tuple(
            (partition, *event)
            for partition, upto in enumerate(self.store.positions)
            for event in self.store.events[partition][:upto]
        )

    def _came_out(self, name: str) -> tuple[Any, ...]:
        """All outputs of this name."""
        return tuple(row for outputs in self.store.outputs for row in getattr(outputs, name))
