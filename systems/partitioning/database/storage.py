"""What a server holds: its ranges' data, what it receives, and how far it knows the map.

Records of its log (`splitbrain.systems.log_file`)::

    ("life", n)                               the server starts for the n-th time
    ("map", map)                              a version of the map that it has heard of
    ("cell", key, cell)                       a key's value, and what is remembered with it
    ("frozen", move)                          it serves this outgoing range no more
    ("staged", move, attempt, chunk, cells, last)   a part of an incoming range

What is written counts at once; nobody is told of it, or of anything that rests on it, before it is
durable (`sync`). As the log survives as a prefix of itself, whatever a record rests on is there if
the record is. A version of the map settles what came before it: a range that arrived becomes part
of the data, and what belongs to others goes, both in this one record.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from splitbrain.harness.node import Disk
from splitbrain.systems.log_file import LogFile
from splitbrain.systems.partitioning.database.indexing import LocalIndex, color_of
from splitbrain.systems.partitioning.database.keymap import Bounds, KeyMap, Move, map_of

PATH = "data"
_START = 0x50415254  # what the first frame's checksum continues

Done = tuple[tuple[int, int, Any], ...]
"""By client's session, its last change of the key, by number, and the result."""


class Cell(NamedTuple):
    """What is known of a key.

    Attributes:
        value: its value; None if it was deleted.
        done: the last change of each client, so that none is made twice. It goes wherever the
            value goes.
    """

    value: Any
    done: Done


EMPTY = Cell(None, ())
"""The cell of a key that was never written."""

Cells = tuple[tuple[str, Cell], ...]


class Staged:
    """An incoming range, as far as it has come.

    Attributes:
        attempt: the sender's life; a later one begins anew.
        chunks: how many parts are here.
        cells: what they hold.
        complete: whether that is all, and the sender serves the range no more.
    """

    def __init__(self, attempt: int) -> None:
        self.attempt = attempt
        self.chunks = 0
        self.cells: dict[str, Cell] = {}
        self.complete = False


class Storage:
    """The data of one server.

    Args:
        disk: where they are kept.
        name: the server.
        first: the map before any decision.
        compact_at: a log of more records than that is written anew when it is opened.

    Attributes:
        life: how often this server has started, this time included.
        map: the latest map that it has heard of.
        cells: by key, what is known of the keys of its ranges.
        frozen: outgoing moves whose ranges are not served any more.
        staged: incoming ranges by move.
        index: the keys of items by color.
        opened: whether all that survived was read.
    """

    def __init__(self, disk: Disk, name: str, first: KeyMap, compact_at: int = 200) -> None:
        self._compact_at = compact_at
        self._log = LogFile(disk, PATH, _START)
        self.name = name
        self.life = 0
        self.map = first
        self.cells: dict[str, Cell] = {}
        self.frozen: set[int] = set()
        self.staged: dict[int, Staged] = {}
        self.index = LocalIndex()
        self.opened = False

    async def open(self) -> None:
        """Read what survived, make it durable, and begin a new life."""
        for record in await self._log.recover():
            self._apply(record)
        self._write("life", self.life + 1)
        await self._log.settle()
        if self._log.records > self._compact_at:  # before anybody may append to it
            await self._log.replace(self._current())
        self.opened = True

    async def sync(self) -> None:
        """Wait until all that is written now is durable; who waits meanwhile shares the fsync."""
        await self._log.sync()

    # What is written

    def learn(self, known: KeyMap) -> bool:
        """Hear of a map; whether it is a later one."""
        if known.version <= self.map.version:
            return False
        self._write("map", known)
        return True

    def put(self, key: str, cell: Cell) -> None:
        """Have a key's cell."""
        self._write("cell", key, cell)

    def freeze(self, number: int) -> None:
        """Serve an outgoing range no more, until a map says what became of its move."""
        self._write("frozen", number)

    def stage(self, number: int, attempt: int, chunk: int, cells: Cells, *, last: bool) -> bool:
        """Keep a part of an incoming range; whether that part is here now."""
        staged = self.staged.get(number)
        if staged is not None and staged.complete:
            return True
        newer = staged is None or attempt > staged.attempt
        have = 0 if newer or staged is None else staged.chunks
        if staged is not None and attempt < staged.attempt:
            return False
        if chunk == have:
            self._write("staged", number, attempt, chunk, cells, last)
        return chunk <= have

    # What is read

    def serves(self, key: str) -> bool:
        """Whether this server answers for a key."""
        if self.map.owner(key) != self.name:
            return False
        move = self.map.move_of(key)
        return move is None or move.number not in self.frozen

    def found(self, low: str, high: str | None, color: str | None) -> tuple[tuple[str, Any], ...]:
        """The items from `low` on, before `high`, of a color; of any, if that is None."""
        keys = self.cells if color is None else self.index.keys(color)
        inside = [key for key in keys if low <= key and (high is None or key < high)]
        items = ((key, self.cells[key].value) for key in inside)
        return tuple((key, value) for key, value in items if color_of(value) is not None)

    def serves_all(self, low: str, high: str | None) -> bool:
        """Whether this server answers for all keys from `low` on, before `high`."""
        inside = [at for at, _ in self.map.ranges if low < at and (high is None or at < high)]
        return all(self.serves(key) for key in (low, *inside))

    def served(self) -> tuple[Bounds, ...]:
        """The ranges that this server answers for."""
        return tuple(bounds for bounds in self.map.owned(self.name) if self.serves(bounds[0]))

    def outgoing(self) -> list[Move]:
        """The moves under way from here."""
        return [move for move in self.map.moves if move.source == self.name]

    def arrived(self) -> tuple[int, ...]:
        """The moves under way to here of which all is here."""
        return tuple(number for number, staged in self.staged.items() if staged.complete)

    # Inside

    def _write(self, *record: Any) -> None:
        self._log.append([record])
        self._apply(record)

    def _apply(self, record: tuple[Any, ...]) -> None:
        match record:
            case ("life", number):
                self.life = number
            case ("map", raw):
                self._settle(map_of(raw))
            case ("cell", key, cell):
                self._have(key, Cell(*cell))
            case ("frozen", number):
                self.frozen.add(number)
            case ("staged", number, attempt, chunk, cells, last):
                if chunk == 0:
                    self.staged[number] = Staged(attempt)
                staged = self.staged[number]
                staged.cells.update((key, Cell(*cell)) for key, cell in cells)
                staged.chunks, staged.complete = chunk + 1, last

    def _current(self) -> list[tuple[Any, ...]]:
        """Records that say all there is to say."""
        staged: list[tuple[Any, ...]] = []
        for number, each in self.staged.items():
            cells = tuple(each.cells.items())
            if each.chunks > 1:
                staged.append(("staged", number, each.attempt, 0, (), False))
            last = ("staged", number, each.attempt, each.chunks - 1, cells, each.complete)
            staged.append(last)
        return [
            ("life", self.life),
            ("map", self.map),
            *(("cell", key, cell) for key, cell in self.cells.items()),
            *(("frozen", number) for number in sorted(self.frozen)),
            *staged,
        ]

    def _settle(self, after: KeyMap) -> None:
        """A later map: ranges that came are here, those that went are not."""
        before, self.map = self.map, after
        pending = after.numbers()
        for move in before.moves:
            if move.number in pending:
                continue
            staged = self.staged.pop(move.number, None)
            if staged is not None and staged.complete and after.owner(move.low) == self.name:
                self.drop(key for key in tuple(self.cells) if move.covers(key))
                for key, cell in staged.cells.items():
                    self._have(key, cell)
        self.frozen &= pending
        self.drop(key for key in tuple(self.cells) if after.owner(key) != self.name)

    def _have(self, key: str, cell: Cell) -> None:
        self.index.follow(key, self.cells.get(key, EMPTY).value, cell.value)
        self.cells[key] = cell

    def drop(self, keys: Iterable[str]) -> None:
        """Forget keys."""
        for key in keys:
            self.index.follow(key, self.cells.pop(key).value, None)
