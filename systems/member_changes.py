"""What an operator asks of a cluster whose first server says who is a member: one more, one less,
or one in the place of another.

A change is of one version of the members, and has a server be a member that was none, or the other
way round; so it may be asked for again and again, and two operators at once do not undo each other.
"""

from __future__ import annotations

from typing import Protocol

import trio

from splitbrain.harness.client import Definite

ANEW_S = 0.5
"""How long it takes to make a server anew, in seconds."""


class Members(Protocol):
    """A client of such a cluster."""

    @property
    def servers(self) -> tuple[str, ...]:
        """All servers, members or not."""
        ...

    async def members(self) -> tuple[int, tuple[str, ...]]:
        """The version of the members, and who they are."""
        ...

    async def toggle(self, version: int, server: str) -> tuple[int, tuple[str, ...]]:
        """Have a server be a member that is none in this version, or the other way round; the
        version and the members then."""
        ...


class MemberChanges:
    """The three changes, for a client; each by a number of any size, with the members then."""

    async def change(self: Members, number: int) -> list[str]:
        """Have a server be a member that is none, or the other way round.

        Raises:
            Definite: there would be too few.
        """
        version, _ = await self.members()
        _, after = await self.toggle(version, _chosen(self.servers, number))
        return list(after)

    async def add_member(self: Members, number: int) -> list[str]:
        """Have one more.

        Raises:
            Definite: all are members.
        """
        version, members = await self.members()
        others = _others(self.servers, members)
        if not others:
            raise Definite("all servers are members")
        _, after = await self.toggle(version, _chosen(others, number))
        return list(after)

    async def remove_member(self: Members, number: int) -> list[str]:
        """Have one less.

        Raises:
            Definite: there would be too few.
        """
        version, members = await self.members()
        _, after = await self.toggle(version, _chosen(members, number))
        return list(after)

    async def replace_member(self: Members, number: int) -> list[str]:
        """Have another one in the place of one: it joins before the other one leaves.

        If all are members, it leaves, and joins again after a while, as one that is made anew.

        Raises:
            Definite: there would be too few.
        """
        version, members = await self.members()
        leaving = _chosen(members, number)
        others = _others(self.servers, members)
        if not others:
            version, _ = await self.toggle(version, leaving)
            await trio.sleep(ANEW_S)
            _, after = await self.toggle(version, leaving)
            return list(after)
        version, _ = await self.toggle(version, _chosen(others, number // len(members)))
        _, after = await self.toggle(version, leaving)
        return list(after)


def _others(servers: tuple[str, ...], members: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(server for server in servers if server not in members)


def _chosen(names: tuple[str, ...], number: int) -> str:
    return names[number % len(names)]
