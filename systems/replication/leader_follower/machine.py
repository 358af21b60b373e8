"""What the log's commands do, and the sessions that make retries harmless.

There are registers, a set, a table of messages, and a sequence of numbers. A command is a
statement, which each replica evaluates; or what the leader evaluated, in one of three forms:

    ("rows", rows, result)        whole rows, as this version of the store has their columns
    ("changes", changes, result)  a logical log: which columns of which row come to have which
                                  values, all by name, for versions that lay out rows otherwise
    ("blocks", changes, result)   which bytes change in the blocks that hold all rows

Deterministic: replicas that apply the same log are equal. A session is one client object; its
commands are numbered, one at a time. The number and result of its latest command are part of the
replicated state, so whichever server leads, a command sent again is answered from memory and not
done again (Raft dissertation, section 6.3). Sessions are never forgotten.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, ClassVar

from splitbrain.systems.replication.leader_follower.blocks import Blocks, Place
from splitbrain.systems.replication.leader_follower.log import Entry

ARGUMENTS = {"write": 2, "add": 1, "cas": 3, "post": 2, "generate": 0}
"""The commands, and how many arguments each takes."""

Row = tuple[Any, ...]
"""What a command changes: a table and its columns' values, as ``("register", key, value)``,
``("element", element)``, ``("message", message, after, token)`` or ``("numbered", number)``."""

LogicalChange = tuple[str, Any, tuple[tuple[str, Any], ...]]
"""A table, the row's key in it (None where it has one row), and the columns that are others."""

Query = tuple[Any, ...]
"""What can be asked of a replica's state: ``("read", key)``, ``("read-all",)``,
``("messages",)``, ``("state",)``; and ``("aged", key)``, a value with an age of 0."""


class Machine:
    """One replica's state.

    Attributes:
        registers: value by key; a key never written reads as None.
        elements: the set, in the order in which its elements came.
        messages: the rows of the table, by message: what it answers, and a token.
        numbered: the last number of the sequence.
        sessions: the number and result of each session's latest command.
        blocks: how rows lie on disk.
        columns: by table, its columns in the order in which rows have them, the key first.
    """

    blocks: ClassVar[Blocks] = Blocks()
    columns: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "register": ("key", "value"),
        "element": ("element",),
        "message": ("message", "after", "token"),
        "numbered": ("number",),
    }

    def __init__(self) -> None:
        self.registers: dict[Any, Any] = {}
        self.elements: dict[Any, None] = {}
        self.messages: dict[int, tuple[int | None, int]] = {}
        self.numbered = 0
        self.sessions: dict[int, tuple[int, Any]] = {}

    @classmethod
    def of(cls, state: tuple[Any, ...]) -> Machine:
        """A replica with this state; without any, one to which nothing has happened."""
        machine = cls()
        if state:
            registers, elements, messages, machine.numbered, sessions = state
            machine.registers = dict(registers)
            machine.elements = dict.fromkeys(elements)
            machine.messages = dict(messages)
            machine.sessions = dict(sessions)
        return machine

    def state(self) -> tuple[Any, ...]:
        """All of the state, in immutable form."""
        return (
            tuple(self.registers.items()),
            tuple(self.elements),
            tuple(self.messages.items()),
            self.numbered,
            tuple(self.sessions.items()),
        )

    def apply(self, entry: Entry) -> Any:
        """Do the entry's command, unless it was done before; its result either way."""
        latest, result = self.sessions.get(entry.session, (-1, None))
        if entry.sequence > latest:
            result = self._do(entry.command)
            self.sessions[entry.session] = (entry.sequence, result)
        return result

    def _do(self, command: tuple[Any, ...]) -> Any:
        rows, result = self.evaluated(command)
        for row in rows:
            self._put(row)
        return result

    def evaluated(self, command: tuple[Any, ...]) -> tuple[tuple[Row, ...], Any]:
        """The rows that a command makes of this state, and its result."""
        match command:
            case ("rows", rows, result):
                return rows, result
            case ("blocks", changes, result):
                return tuple(self.blocks.rows(self.laid_out(), changes)), result
            case ("changes", changes, result):
                return tuple(map(self._after, changes)), result
            case ("write", key, value):
                return (self._row("register", key=key, value=value),), None
            case ("add", element):
                return (self._row("element", element=element),), None
            case ("cas", key, old, new):
                matches = self.registers.get(key) == old
                row = self._row("register", key=key, value=new)
                return ((row,) if matches else ()), matches
            case ("post", message, after, token):
                return (self._row("message", message=message, after=after, token=token),), None
            case ("generate",):
                return (self._row("numbered", number=self.numbered + 1),), self.numbered + 1
        raise ValueError(f"{command!r} is no command: send one of {', '.join(ARGUMENTS)}")

    def logged(self, rows: Iterable[Row]) -> Iterator[LogicalChange]:
        """What putting some rows changes in those that are there, by the names of columns."""
        for table, *values in rows:
            named = dict(zip(self.columns[table], values, strict=True))
            key = None if table == "numbered" else values[0]
            before = self._columns(table, key)
            others = tuple(
                (name, value) for name, value in named.items() if _is_new(before, name, value)
            )
            if others:
                yield table, key, others

    def _after(self, change: LogicalChange) -> Row:
        """The whole row that a logical change makes."""
        table, key, columns = change
        return self._row(table, **{**self._columns(table, key), **dict(columns)})

    def _columns(self, table: str, key: Any) -> dict[str, Any]:
        """The columns of the row that is there, by name; empty if there is none."""
        match table:
            case "register" if key in self.registers:
                return {"key": key, "value": self.registers[key]}
            case "element" if key in self.elements:
                return {"element": key}
            case "message" if key in self.messages:
                after, token = self.messages[key]
                return {"message": key, "after": after, "token": token}
            case "numbered" if self.numbered:
                return {"number": self.numbered}
        return {}

    def _row(self, table: str, **columns: Any) -> Row:
        return table, *(columns[name] for name in self.columns[table])

    def laid_out(self) -> dict[Place, Row]:
        """All rows, by their places."""
        keys = {"register": self.registers, "element": self.elements, "message": self.messages}
        rows = [
            self._row(table, **self._columns(table, key)) for table in keys for key in keys[table]
        ]
        rows += [self._row("numbered", number=self.numbered)] if self.numbered else []
        return {self.blocks.place(row): row for row in rows}

    def _put(self, row: Row) -> None:
        table, *values = row
        named = dict(zip(self.columns[table], values, strict=True))
        match table:
            case "register":
                self.registers[named["key"]] = named["value"]
            case "element":
                self.elements[named["element"]] = None
            case "message":
                self.messages[named["message"]] = named["after"], named["token"]
            case "numbered":
                self.numbered = named["number"]

    def answer(self, query: Query) -> Any:
        """The answer to a query, in immutable form."""
        match query:
            case ("read", key):
                return self.registers.get(key)
            case ("aged", key):
                return self.registers.get(key), 0.0
            case ("read-all",):
                return tuple(self.elements)
            case ("messages",):
                return tuple(self.messages)
            case ("state",):
                registers, rows = tuple(self.registers.items()), tuple(self.messages.items())
                return registers, tuple(self.elements), rows
        raise ValueError(f"{query!r} is no query: send read, read-all, messages or state")


def _is_new(before: Mapping[str, Any], name: str, value: Any) -> bool:
    return name not in before or before[name] != value
