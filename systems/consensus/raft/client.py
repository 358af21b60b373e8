"""A client of the store that is replicated by Raft, which can also change its members and its
leader."""

from __future__ import annotations

from splitbrain.harness.client import Definite
from splitbrain.systems.consensus.client import StoreClient

LEAST_VOTERS = 2


class RaftClient(StoreClient):
    """One client with its own session; one operation at a time."""

    async def members(self) -> tuple[tuple[str, ...], ...]:
        """The voters, the outgoing voters while there are any, and the learners."""
        voters, outgoing, learners = self.result(await self.ask(("members",)))
        return voters, outgoing, learners

    async def change_members(self, voters: tuple[str, ...], learners: tuple[str, ...] = ()) -> None:
        """Have these members.

        Raises:
            Definite: another change has not settled yet.
        """
        self.result(await self.ask(("change", voters, learners)))

    async def change(self, number: int) -> list[str]:
        """Change something about the members, by a number of any size; the voters then.

        Raises:
            Definite: another change has not settled yet.
        """
        voters, _, learners = await self.members()
        wanted = changed(number, self.servers, voters, learners)
        await self.change_members(*wanted)
        return list(wanted[0])

    async def add_member(self, number: int) -> list[str]:
        """Have one more vote, by a number of any size; the voters then.

        Raises:
            Definite: all do, or another change has not settled yet.
        """
        voters, _, _ = await self.members()
        return await self._vote({*voters, self._outside(voters, number)})

    async def remove_member(self, number: int) -> list[str]:
        """Have one less vote, as `add_member`; at least two do."""
        voters, _, _ = await self.members()
        if len(voters) <= LEAST_VOTERS:
            raise Definite("too few would vote")
        return await self._vote({*voters} - {voters[number % len(voters)]})

    async def replace_member(self, number: int) -> list[str]:
        """Have one vote in the place of another one, in one change, as `add_member`."""
        voters, _, _ = await self.members()
        joining = self._outside(voters, number // len(voters))
        return await self._vote({*voters, joining} - {voters[number % len(voters)]})

    def _outside(self, voters: tuple[str, ...], number: int) -> str:
        others = [server for server in self.servers if server not in voters]
        if not others:
            raise Definite("all servers vote")
        return others[number % len(others)]

    async def _vote(self, voters: set[str]) -> list[str]:
        wanted = tuple(sorted(voters))
        await self.change_members(wanted)
        return list(wanted)

    async def transfer(self, number: int) -> str:
        """Have a server lead, by a number of any size; its name.

        Raises:
            Definite: it is no member, or does not catch up.
        """
        target = self.servers[number % len(self.servers)]
        self.result(await self.ask(("transfer", target)))
        return target


def changed(
    number: int, servers: tuple[str, ...], voters: tuple[str, ...], learners: tuple[str, ...]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Other voters and learners: one server more or less, or two at once, or a learner's promotion.
    At least two vote.
    """
    first, rest = number % len(servers), number // len(servers)
    struck = {servers[first]}
    if rest % 3 == 1:
        struck.add(servers[(first + 1) % len(servers)])
    voting = set(voters) ^ struck
    learning = set(learners) - struck
    if rest % 3 == 2:
        learning |= struck - voting  # who votes no more goes on learning
    if len(voting) < LEAST_VOTERS:
        voting, learning = set(servers), set()
    return tuple(sorted(voting)), tuple(sorted(learning))
