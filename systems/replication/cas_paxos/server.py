"""One server: home of some rows, does rounds for the clients that ask it, and the first one changes
the members.

    client -> server   ("request", id, "add", element)             -> ("ok",)
                       ("request", id, "read")                     -> ("ok", elements)
                       ("request", id, "members")                  -> ("ok", version, members)
                       ("request", id, "change", version, server)  likewise; the first server's
    server -> home     ("prepare", round, members, row, ballot)
                       ("accept", round, members, row, ballot, value)
    home -> server     ("yes", round, accepted, value)
                       ("no", round, number, members)     more was promised, or members are others
    first -> server    ("members", members)
    server -> first    ("known", version, rows)           again and again, and in answer

A round that is refused, or answered by too few in time, is begun anew with a greater ballot. To add
an element twice changes nothing, so a round may have been done by then.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any

import trio

from splitbrain.harness.node import Message, Node
from splitbrain.harness.pictures.telling import Teller
from splitbrain.systems.replication.cas_paxos.acceptor import (
    NO_BALLOT,
    Acceptor,
    Ballot,
    Members,
)
from splitbrain.systems.roles import by_number

Change = Callable[[tuple[int, ...]], tuple[int, ...]]

PATIENCE_S = 4.0
"""How long a server tries for a client, in seconds; nobody waits any more then."""

MOST_DOUBLINGS = 4
"""How often what a server waits for is doubled, at most."""

TICK_S = 0.1
"""How often servers tell the first one what they know."""


class CasPaxosServer:
    """See the module.

    Attributes:
        resend_s: seconds until a round is begun anew; longer where answers come later.
        rows: rows that the set is kept in.
    """

    resend_s = 0.1
    rows = 3

    def __init__(self, node: Node) -> None:
        self.node = node
        self.servers = by_number((node.name, *node.peers))
        self.acceptor = Acceptor(node.disk, self.servers)
        self._teller = Teller(node)
        self.known: dict[str, int] = {}  # by server, the version of the members that it knows
        self.everywhere: dict[str, None] = {}  # rows that some server has
        self._highest = 0
        # What another life used is forgotten.
        self._proposer = f"{node.name}/{node.random.getrandbits(48):x}"
        self._round = node.random.getrandbits(62)
        self._open: dict[int, _Answers] = {}
        self._patience = self.resend_s
        self._changing = trio.Lock()

    async def run(self) -> None:
        """Serve until cancelled."""
        await self.acceptor.open()
        self._show()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._tell)
            if self._first:
                nursery.start_soon(self._finish)
            while True:
                sender, message = await self.node.network.receive()
                match message:
                    case ("request", number, *request):
                        nursery.start_soon(self._serve, sender, number, request)
                    case ("prepare" | "accept", *_):
                        nursery.start_soon(self._answer, sender, message)
                    case ("members", members):
                        self.acceptor.learn(Members(*members))
                        self._show()
                        nursery.start_soon(self._tell_first)
                    case _:
                        self._hear(sender, message)

    @property
    def _first(self) -> bool:
        return self.node.name == self.servers[0]

    @property
    def members(self) -> Members:
        """The latest that this server knows."""
        return self.acceptor.members

    def _hear(self, sender: str, message: Message) -> None:
        match message:
            case ("yes", number, *answer) if number in self._open:
                self._open[number].yes(sender, tuple(answer))
            case ("no", number, highest, members):
                self._highest = max(self._highest, highest)
                self.acceptor.learn(Members(*members))
                if number in self._open:
                    self._open[number].no()
            case ("known", version, rows):
                self.known[sender] = max(version, self.known.get(sender, 0))
                self.everywhere.update(dict.fromkeys(rows))
                if version < self.members.version:
                    self.node.network.send(sender, ("members", self.members))

    # The acceptor

    async def _answer(self, sender: str, message: Message) -> None:
        f, number, members, row, ballot, *value = message
        self.acceptor.learn(Members(*members))
        answer: Message | None = None
        if members[0] == self.members.version:
            if f == "prepare":
                known = self.acceptor.prepare(row, ballot)
                answer = known and ("yes", number, known.accepted, known.value)
            elif self.acceptor.accept(row, ballot, value[0]):
                answer = ("yes", number, ballot, value[0])
        if answer is None:
            promised = self.acceptor.row(row).promised
            answer = ("no", number, promised[0], self.members)
        self._show()
        await self.acceptor.sync()
        self.node.network.send(sender, answer)

    def _show(self) -> None:
        """Show who the members are, and what is accepted here of each row."""
        if self._teller.heard:
            version, old, new = self.members
            change = f" to {' '.join(new)}" if new != old else ""
            self._teller.state("members", f"{version}: {' '.join(old)}{change}")
            for name, row in sorted(self.acceptor.rows.items()):
                self._teller.state(name, f"{list(row.value)} by {row.accepted[0]}")

    # Rounds

    async def change_row(self, row: str, change: Change) -> tuple[int, ...]:
        """Change a row, and return what it is then."""
        for tried in count():
            members = self.members
            await self.acceptor.sync()  # of the members that are sent along
            self._highest += 1
            ballot = (self._highest, self._proposer)
            promises = await self._ask(members, row, "prepare", ballot)
            if promises is not None:
                _, value = max(promises, default=(NO_BALLOT, ()))
                after = change(value)
                if await self._ask(members, row, "accept", ballot, after) is not None:
                    return after
            # Longer each time: rounds that outbid each other would go on for ever.
            longest = self._patience * 2.0 ** min(tried, MOST_DOUBLINGS)
            await trio.sleep(self.node.random.uniform(0.0, longest))
        raise AssertionError("unreachable")  # `count` has no end

    async def _ask(
        self, members: Members, row: str, f: str, ballot: Ballot, *value: Any
    ) -> list[tuple[Ballot, tuple[int, ...]]] | None:
        """What a majority of the homes answers; None if one refuses, or there are too few."""
        self._round += 1
        answers = self._open[self._round] = _Answers(members.homes(row))
        for home in dict.fromkeys(each for homes in answers.homes for each in homes):
            self.node.network.send(home, (f, self._round, members, row, ballot, *value))
        number = self._round
        with trio.move_on_after(self._patience) as waiting:
            await answers.complete.wait()
        if waiting.cancelled_caught:  # disks may be that slow
            self._patience = min(2 * self._patience, self.resend_s * 2.0**MOST_DOUBLINGS)
        del self._open[number]
        return list(answers.given.values()) if answers.agreed else None

    # Members

    async def _tell(self) -> None:
        while True:
            await self._tell_first()
            await trio.sleep(TICK_S)

    async def _tell_first(self) -> None:
        message = ("known", self.members.version, tuple(self.acceptor.rows))
        await self.acceptor.sync()  # of what the message tells, which was known before
        self.node.network.send(self.servers[0], message)

    async def _decide(self, members: Members) -> None:
        """Have other members, and wait until every server knows."""
        self.acceptor.learn(members)
        await self.acceptor.sync()
        while any(self.known.get(name, 0) < members.version for name in self.servers):
            for name in self.servers:
                if self.known.get(name, 0) < members.version:
                    self.node.network.send(name, ("members", self.members))
            await trio.sleep(TICK_S)

    async def _finish(self) -> None:
        """Go on with a change that was under way when this server died."""
        async with self._changing:
            await self.settle()

    async def settle(self) -> None:
        """From both lists to the new one alone."""
        members = self.members
        if members.old == members.new:
            return
        await self._decide(members)
        for row in sorted(self.everywhere):
            await self.change_row(row, lambda value: value)
        await self._decide(Members(members.version + 1, members.new, members.new))

    async def change_members(self, version: int, server: str) -> Message:
        """Have a server be a member that is none, or the other way round; the members then."""
        async with self._changing:
            await self.settle()  # what was given up half way, by who asked for it
            before = self.members
            if version == before.version:
                members = by_number(set(before.new) ^ {server})
                if len(members) < 2:
                    return "refused", "two have to be members"
                await self.begin(Members(version + 1, before.new, members))
                await self.settle()
        return "ok", self.members.version, self.members.new

    async def begin(self, members: Members) -> None:
        """Have old and new homes count both."""
        await self._decide(members)

    # Clients

    async def _serve(self, client: str, number: int, request: list[Any]) -> None:
        answer: Message | None = None
        with trio.move_on_after(PATIENCE_S):
            answer = await self._do(request)
        if answer is None and request == ["read"]:
            answer = ("refused", "others are in the way")
        if answer is not None:  # of an addition nobody knows then whether it was done
            self.node.network.send(client, ("reply", number, *answer))

    async def _do(self, request: list[Any]) -> Message:
        match request:
            case ["add", int() as element]:
                row = f"row{element % self.rows}"
                await self.change_row(row, lambda value: tuple(sorted({*value, element})))
                return ("ok",)
            case ["read"]:
                found: dict[int, tuple[int, ...]] = {}

                async def read(number: int) -> None:
                    found[number] = await self.change_row(f"row{number}", lambda value: value)

                async with trio.open_nursery() as nursery:
                    for number in range(self.rows):
                        nursery.start_soon(read, number)
                return "ok", tuple(each for number in sorted(found) for each in found[number])
            case ["members"] if self._first:
                return "ok", self.members.version, self.members.new
            case ["change", int() as version, str() as server] if self._first:
                return await self.change_members(version, server)
        return "refused", f"ask {self.servers[0]}"


class _Answers:
    """Answers to one question: enough if a majority of either kind of homes said yes."""

    def __init__(self, homes: tuple[tuple[str, ...], ...]) -> None:
        self.homes = homes
        self.given: dict[str, tuple[Ballot, tuple[int, ...]]] = {}
        self.complete = trio.Event()

    @property
    def agreed(self) -> bool:
        """Whether enough have said yes."""
        return all(
            2 * sum(home in self.given for home in homes) > len(homes) for homes in self.homes
        )

    def yes(self, home: str, answer: tuple[Ballot, tuple[int, ...]]) -> None:
        """One more; what comes after the last one needed is not looked at."""
        if not self.complete.is_set():
            self.given[home] = answer
            if self.agreed:
                self.complete.set()

    def no(self) -> None:
        """That was it."""
        self.complete.set()
