"""What the hub has on disk: the log of events, and checkpoints with what came of the events.

Records (`splitbrain.systems.log_file`)::

    ("life",)                                                      the hub has started once more
    ("event", partition, event)
    ("checkpoint", number, positions, ((group, changes, outputs), ...))

State, positions and outputs of a checkpoint are one record, so that none is there alone.
"""

from __future__ import annotations

from typing import Any

from splitbrain.harness.node import Disk
from splitbrain.systems.log_file import LogFile
from splitbrain.systems.streams.processor.keyed import Event, Outputs, place_of
from splitbrain.systems.streams.processor.state import Key

_START = 0x464C4F57  # what the first frame's checksum continues

Snapshot = tuple[int, tuple[tuple[Key, Any], ...], tuple[Any, ...]]
"""A group, what changed in its state, and its outputs."""


class HubStore:
    """The log and the checkpoints of a job.

    Attributes:
        events: by partition, in order; the position is the offset.
        lives: how often the hub has started.
        checkpoint: the number of the last checkpoint, from 1.
        positions: by partition, how far that is.
        states: by group, the state at it.
        outputs: all that came of what is before it.
    """

    def __init__(self, disk: Disk, partitions: int, groups: int) -> None:
        self._log = LogFile(disk, "job", _START)
        self.events: list[list[Event]] = [[] for _ in range(partitions)]
        self.lives = 0
        self.checkpoint = 0
        self.positions = [0] * partitions
        self.states: list[dict[Key, Any]] = [{} for _ in range(groups)]
        self.outputs: list[Outputs] = []
        self._known: set[int] = set()

    async def open(self) -> None:
        """Read what survived; all of it is durable then."""
        for record in await self._log.open():
            self._apply(record)
        self._write("life")
        await self._log.sync()

    def _apply(self, record: tuple[Any, ...]) -> None:
        match record:
            case ("life",):
                self.lives += 1
            case ("event", partition, event):
                self.events[partition].append(Event(*event))
                self._known.add(event[1])
            case ("checkpoint", number, positions, snapshots):
                self.checkpoint, self.positions = number, list(positions)
                for group, changes, outputs in snapshots:
                    self.states[group].update(changes)
                    for key, value in changes:
                        if value is None:
                            del self.states[group][key]
                    self.outputs.append(Outputs(*outputs))

    def _write(self, *record: Any) -> None:
        self._log.append([record])
        self._apply(record)

    def add(self, event: Event) -> None:
        """Put an event at the end of its user's partition, unless it is there."""
        if event.id not in self._known:
            place = place_of(event.user, len(self.events), "partition")
            self._write("event", place, tuple(event))

    def commit(self, number: int, positions: tuple[int, ...], snapshots: list[Snapshot]) -> None:
        """Note a checkpoint."""
        self._write("checkpoint", number, positions, tuple(snapshots))

    @property
    def ends(self) -> tuple[int, ...]:
        """By partition, the offset of the next event."""
        return tuple(len(events) for events in self.events)

    async def sync(self) -> None:
        """Wait until all that is written now is durable."""
        await self._log.sync()
