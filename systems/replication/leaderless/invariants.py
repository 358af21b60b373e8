"""What must hold of the servers together at every moment, watched from outside at every step.

================  ==================================================================================
write-kept        a write that as many servers once had on disk as acknowledge a write is known to
                  some server: at home or as a hint, as a value or as one that was replaced
================  ==================================================================================

A client sees such a loss only if nobody brings the value back: its coordinator does, with its next
write of the key, if it still remembers. Until then no crash may come, and nobody reads it.

A server that is down is taken as it was when it was seen last: it comes back with what it had on
disk. What it has not on disk counts for it as known, and not as acknowledged.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from splitbrain.harness.invariants import Breach
from splitbrain.systems.replication.leaderless.siblings import Cell
from splitbrain.systems.replication.leaderless.storage import Storage

Dot = tuple[str, int]
"""A write of a key: its actor, and the how-manyeth of that actor it is."""

Known = dict[str, dict[str, int]]
"""By key and actor, how many of its writes somebody knows of."""


class KeptWrites:
    """A probe (`splitbrain.harness.invariants.Probe`) of servers with a ``storage``.

    Attributes:
        seen: by server, the storage of its present life and how far it was when it was looked at.
        known: by server, what it knows of, for whomever it keeps it.
        on_disk: by key and write, which servers have had it on disk.
        kept: by key, the writes that are to be kept, each with its value.
    """

    def __init__(self) -> None:
        self.seen: dict[str, tuple[Storage, int, int]] = {}
        self.known: dict[str, Known] = {}
        self.on_disk: dict[tuple[str, Dot], set[str]] = {}
        self.kept: dict[str, dict[Dot, Any]] = {}

    def __call__(self, name: str, server: Any) -> Breach | None:
        """See `splitbrain.harness.invariants.Probe`."""
        storage: Storage = server.storage
        put, synced = storage.progress
        if not storage.opened or self.seen.get(name) == (storage, put, synced):
            return None
        self.seen[name] = storage, put, synced
        before, self.known[name] = self.known.get(name, {}), known_to(storage)
        if put == synced:
            self._note(name, storage, server.to_write)
        return self._missed(name, before)

    def _note(self, name: str, storage: Storage, enough: int) -> None:
        """All that is at a server is on its disk."""
        for key, cell in cells(storage):
            for actor, number, value in cell.siblings:
                having = self.on_disk.setdefault((key, (actor, number)), set())
                having.add(name)
                if len(having) >= enough:
                    self.kept.setdefault(key, {})[actor, number] = value

    def _missed(self, name: str, before: Known) -> Breach | None:
        """What this server knew of, and nobody knows now."""
        now = self.known[name]
        for key, counts in before.items():
            if now.get(key) == counts:
                continue
            for (actor, number), value in self.kept.get(key, {}).items():
                if not any(
                    each.get(key, {}).get(actor, 0) >= number for each in self.known.values()
                ):
                    said = f"{name} let go of {value!r} of key {key!r}, and no server has it"
                    return Breach("write-kept", said)
        return None


def cells(storage: Storage) -> Iterator[tuple[str, Cell]]:
    """What a server holds by key, for itself and for others."""
    yield from storage.cells.items()
    for (_, key), cell in storage.hints.items():
        yield key, cell


def known_to(storage: Storage) -> Known:
    """Which writes a server knows of."""
    known: Known = {}
    for key, cell in cells(storage):
        counts = known.setdefault(key, {})
        for actor, number in cell.context:
            counts[actor] = max(counts.get(actor, 0), number)
    return known
