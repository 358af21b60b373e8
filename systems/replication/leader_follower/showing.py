"""What a server shows of itself, for `pictures`; nothing rests on it.

part     what it does (`effects.Role`), in which epoch, whom it follows
entries  to how many entries its log was cut, by what (epoch, session, sequence) each of those
         that follow is known, how many are in the snapshot
"""

from __future__ import annotations

from collections.abc import Iterable

from splitbrain.harness.node import Node
from splitbrain.harness.pictures.telling import Teller
from splitbrain.systems.replication.leader_follower.core import Core
from splitbrain.systems.replication.leader_follower.log import Adopt, Entry, Extend, Log, Record


class Shown:
    """One life of a server, as it is shown.

    Attributes:
        heard: whether anybody looks.
    """

    def __init__(self, node: Node) -> None:
        self._node = node
        self._teller = Teller(node)
        self.heard = self._teller.heard
        self._applied = -1
        self._length = 0  # of the log, as far as its records have come by

    def begin(self, log: Log) -> None:
        """This is the log that it starts with."""
        self._entries(log.base.length, log.entries, log)

    def record(self, record: Record, log: Log) -> None:
        """A record is about to be written."""
        match record:
            case Adopt(_, keep, entries, _):
                self._entries(keep, entries, log)
            case Extend(entries):
                self._entries(self._length, entries, log)

    def _entries(self, keep: int, entries: Iterable[Entry], log: Log) -> None:
        if self.heard:
            names = tuple((entry.epoch, entry.session, entry.sequence) for entry in entries)
            self._length = keep + len(names)
            self._node.show("entries", keep, names, log.base.length)

    def changes(self, core: Core) -> None:
        """Show what is another than it was: whom it follows, and what it has applied."""
        if not self.heard:
            return
        self._teller.changed(("part",), core.role.value, core.epoch, core.leader)
        if self._applied != core.applied:
            self._applied = core.applied
            self._teller.state("applied", self._applied)
            for key, value in core.machine.registers.items():
                self._teller.holds(key, value)
