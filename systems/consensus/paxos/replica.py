"""One server's copy of the data: what it knows to be chosen, and the machine that this feeds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from splitbrain.systems.consensus.paxos.effects import Snapshot, Stored
from splitbrain.systems.consensus.sessions import Sessions


class Replica:
    """It sends nothing and saves nothing: that is its callers' part.

    Attributes:
        machine: what chosen commands are applied to, by slot, each once.
        chosen: by slot, values known to be chosen, for slots after `base`. There may be holes, also
            before `applied` after a snapshot.
        applied: how far the machine is; never decreases.
        base: values up to here are gone; not after the snapshot's last slot, nor `applied`.
        snapshot: the last that was taken or installed.
    """

    __slots__ = ("applied", "base", "chosen", "machine", "snapshot")

    def __init__(self, machine: Sessions, stored: Stored) -> None:
        self.machine = machine
        self.chosen: dict[int, Any] = {}
        self.base = stored.base
        self.applied = 0
        self.snapshot = stored.snapshot
        if stored.snapshot is not None:
            machine.restore(stored.snapshot.data)
            self.applied = stored.snapshot.last

    def choose(self, slot: int, value: Any) -> None:
        """Learn what was chosen in a slot."""
        if slot > self.base:
            known = self.chosen.setdefault(slot, value)
            assert known == value, f"{known!r} and {value!r} are both chosen in slot {slot}"

    def apply(self) -> Iterator[tuple[int, str, Any]]:
        """Apply what is chosen, as far as there is no hole; slot and result of each."""
        while self.applied + 1 in self.chosen:
            slot = self.applied + 1
            status, value = self.machine.apply(slot, self.chosen[slot])
            self.applied = slot
            yield slot, status, value

    def known_from(self, first: int, limit: int) -> tuple[Any, ...]:
        """At most `limit` chosen values from a slot on, up to the first hole."""
        values: list[Any] = []
        while first in self.chosen and len(values) < limit:
            values.append(self.chosen[first])
            first += 1
        return tuple(values)

    def compact(self, keep: int) -> None:
        """Take a snapshot of what is applied; forget all values before it but the last `keep`."""
        self.snapshot = Snapshot(self.applied, self.machine.snapshot())
        self._forget(max(self.base, self.applied - keep))

    def install(self, snapshot: Snapshot) -> None:
        """Become another server's snapshot, which is of later than what is applied."""
        self.machine.restore(snapshot.data)
        self.applied, self.snapshot = snapshot.last, snapshot
        self._forget(snapshot.last)

    def _forget(self, base: int) -> None:
        self.base = base
        for slot in [each for each in self.chosen if each <= base]:
            del self.chosen[slot]
