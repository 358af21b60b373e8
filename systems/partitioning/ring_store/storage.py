"""What a server has on disk: elements, and the members as it knows them.

Records of its log (`splitbrain.systems.log_file`)::

    ("element", element)
    ("forgotten", element)
    ("members", version, names)
"""

from __future__ import annotations

from typing import Any

from splitbrain.harness.node import Disk
from splitbrain.systems.log_file import LogFile

PATH = "elements"
_START = 0x52494E47  # what the first frame's checksum continues


class Storage:
    """The elements of one server.

    What is written counts at once; nobody is told of it before it is durable (`sync`).

    Args:
        disk: where they are kept.
        members: who are members before any change.

    Attributes:
        elements: those that are here, in order of arrival.
        version: how often the members have changed.
        members: their names, sorted.
    """

    def __init__(self, disk: Disk, members: tuple[str, ...]) -> None:
        self._log = LogFile(disk, PATH, _START)
        self.elements: dict[int, None] = {}
        self.version = 0
        self.members = members

    async def open(self) -> None:
        """Read what survived."""
        for record in await self._log.open():
            self._apply(record)

    async def sync(self) -> None:
        """Wait until all that is written now is durable; who waits meanwhile shares the fsync."""
        await self._log.sync()

    def keep(self, element: int) -> None:
        """Have an element."""
        if element not in self.elements:
            self._write("element", element)

    def forget(self, element: int) -> None:
        """Have it no more."""
        self._write("forgotten", element)

    def learn(self, version: int, members: tuple[str, ...]) -> bool:
        """Know other members; whether they are later ones."""
        if version <= self.version:
            return False
        self._write("members", version, members)
        return True

    def _write(self, *record: Any) -> None:
        self._log.append([record])
        self._apply(record)

    def _apply(self, record: tuple[Any, ...]) -> None:
        match record:
            case ("element", element):
                self.elements[element] = None
            case ("forgotten", element):
                self.elements.pop(element, None)
            case ("members", version, members):
                self.version, self.members = version, members
