"""What a server keeps: of each row what it promised and accepted, and who the members are.

Records of its log (`splitbrain.systems.log_file`)::

    ("row", row, promised, accepted, value)
    ("members", version, old, new)
"""

from __future__ import annotations

from typing import Any, NamedTuple

from splitbrain.harness.node import Disk
from splitbrain.systems.log_file import LogFile
from splitbrain.systems.partitioning.rendezvous import preference

PATH = "rows"
_START = 0x43415350  # what the first frame's checksum continues

Ballot = tuple[int, str]
"""A number, and the server in one of its lives whose it is; greater ones win."""

NO_BALLOT: Ballot = (0, "")

COPIES = 3
"""Homes of a row, if there are so many members."""


class Row(NamedTuple):
    """A row at one of its homes.

    Attributes:
        promised: no lesser ballot is accepted.
        accepted: the ballot of what was accepted last.
        value: what was.
    """

    promised: Ballot
    accepted: Ballot
    value: tuple[int, ...]


class Members(NamedTuple):
    """Who has rows: one list, or two while they change.

    Attributes:
        version: the later one counts.
        old, new: the lists, sorted; the same if nothing changes.
    """

    version: int
    old: tuple[str, ...]
    new: tuple[str, ...]

    def homes(self, row: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The homes of a row, by the old list and by the new one."""
        return preference(row, self.old)[:COPIES], preference(row, self.new)[:COPIES]


class Acceptor:
    """One server's part in all rows.

    What is written counts at once; nobody is told of it before it is durable (`sync`).
    """

    def __init__(self, disk: Disk, members: tuple[str, ...]) -> None:
        self._log = LogFile(disk, PATH, _START)
        self.rows: dict[str, Row] = {}
        self.members = Members(0, members, members)

    async def open(self) -> None:
        """Read what survived."""
        for record in await self._log.open():
            self._apply(record)

    async def sync(self) -> None:
        """Wait until all that is written now is durable; who waits meanwhile shares the fsync."""
        await self._log.sync()

    def learn(self, members: Members) -> None:
        """Know of members, if they are later ones."""
        if members.version > self.members.version:
            self._write("members", *members)

    def prepare(self, row: str, ballot: Ballot) -> Row | None:
        """Promise to accept no lesser ballot; what was accepted, or None if more was promised."""
        known = self.row(row)
        if ballot <= known.promised:
            return None
        self._write("row", row, ballot, known.accepted, known.value)
        return known

    def accept(self, row: str, ballot: Ballot, value: tuple[int, ...]) -> bool:
        """Have a value, unless more was promised; whether it was accepted."""
        if ballot < self.row(row).promised:
            return False
        self._write("row", row, ballot, ballot, value)
        return True

    def row(self, row: str) -> Row:
        """What is here of a row."""
        return self.rows.get(row, Row(NO_BALLOT, NO_BALLOT, ()))

    def _write(self, *record: Any) -> None:
        self._log.append([record])
        self._apply(record)

    def _apply(self, record: tuple[Any, ...]) -> None:
        match record:
            case ("row", row, promised, accepted, value):
                self.rows[row] = Row(promised, accepted, value)
            case ("members", version, old, new):
                self.members = Members(version, old, new)
