"""What a leader knows of one partition's replicas, and when what it has appended is committed."""

from __future__ import annotations

from dataclasses import dataclass, field

from splitbrain.systems.streams.replicated_log.controller import State
from splitbrain.systems.streams.replicated_log.partition import Partition


@dataclass(slots=True)
class Replica:
    """A follower, by its fetches.

    Attributes:
        end: how far it has our entries, durably.
        goal: how far we had them when it fetched last.
        caught_up: when it last had all that we had at its fetch before.
    """

    end: int = 0
    goal: int = 0
    caught_up: float = 0.0


@dataclass(slots=True)
class Leadership:
    """One partition, in one epoch in which we lead it.

    Attributes:
        name: our own.
        state: the newest that the controller told.
        began: the end of our entries when we became leader: who is to be in sync has them, too,
            since an entry that was committed before may be the last of them.
        replicas: the followers that have fetched.
        joining: whom we have asked the controller to count as in sync. He may have done so.
    """

    name: str
    state: State
    began: int
    replicas: dict[str, Replica] = field(default_factory=dict)
    joining: set[str] = field(default_factory=set)

    def learn(self, state: State) -> None:
        """Take a newer state of the same epoch."""
        if state.version > self.state.version:
            self.state = state
            self.joining.clear()

    def fetched(self, follower: str, end: int, partition: Partition, now: float) -> None:
        """A follower has our entries up to `end`."""
        replica = self.replicas.setdefault(follower, Replica(caught_up=now))
        if end >= replica.goal:
            replica.caught_up = now
        replica.end, replica.goal = end, partition.durable

    def committed(self, partition: Partition) -> int:
        """How far all that are in sync, or may be, have our entries."""
        needed = {*self.state.in_sync, *self.joining} - {self.name}
        ends = [self.replicas[name].end if name in self.replicas else 0 for name in sorted(needed)]
        return min([partition.durable, *ends])

    def wished(self, partition: Partition, now: float, patience_s: float) -> tuple[str, ...]:
        """Who should be in sync: not who has lagged for so long; and who has caught up."""
        least = max(partition.high_watermark, self.began)
        stay = [
            name
            for name in self.state.in_sync
            if name == self.name
            or (name in self.replicas and self.replicas[name].caught_up >= now - patience_s)
        ]
        come = [
            name
            for name, replica in self.replicas.items()
            if name not in self.state.in_sync
            and replica.end >= least
            and replica.caught_up >= now - patience_s
        ]
        return tuple(sorted({*stay, *come}))
