"""What the log's commands do, and the sessions that make retries harmless.

There are registers, a set, a table of messages, and a sequence of numbers. A command is a
statement, which each replica evaluates; ``("rows", rows, result)``, what the leader evaluated; or
``("blocks", changes, result)``, the bytes which that changes in the blocks that hold all rows.

Deterministic: replicas that apply the same log are equal. A session is one client object; its
commands are numbered, one at a time. The number and result of its latest command are part of the
replicated state, so whichever server leads, a command sent again is answered from memory and not
done again (Raft dissertation, section 6.3). Sessions are never forgotten.
"""

from __future__ import annotations

from typing import Any, ClassVar

from splitbrain.systems.replication.leader_follower.blocks import Blocks, Place
from splitbrain.systems.replication.leader_follower.log import Entry

ARGUMENTS = {"write": 2, "add": 1, "cas": 3, "post": 2, "generate": 0}
"""The commands, and how many arguments each takes."""

Row = tuple[Any, ...]
"""What a command changes: ``("register", key, value)``, ``("element", element)``,
``("message", message, after, token)`` or ``("numbered", number)``."""

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
    """

    blocks: ClassVar[Blocks] = Blocks()

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
            case ("write", key, value):
                return (("register", key, value),), None
            case ("add", element):
                return (("element", element),), None
            case ("cas", key, old, new):
                matches = self.registers.get(key) == old
                return ((("register", key, new),) if matches else ()), matches
            case ("post", message, after, token):
                return (("message", message, after, token),), None
            case ("generate",):
                return (("numbered", self.numbered + 1),), self.numbered + 1
        raise ValueError(f"{command!r} is no command: send one of {', '.join(ARGUMENTS)}")

    def laid_out(self) -> dict[Place, Row]:
        """All rows, by their places."""
        rows: list[Row] = [("register", *each) for each in self.registers.items()]
        rows += (("element", each) for each in self.elements)
        rows += (("message", each, *row) for each, row in self.messages.items())
        rows += [("numbered", self.numbered)] if self.numbered else []
        return {self.blocks.place(row): row for row in rows}

    def _put(self, row: Row) -> None:
        match row:
            case ("register", key, value):
                self.registers[key] = value
            case ("element", element):
                self.elements[element] = None
            case ("message", message, after, token):
                self.messages[message] = after, token
            case ("numbered", number):
                self.numbered = number

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
