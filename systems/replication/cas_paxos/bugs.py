"""Planted bugs of light transactions: them, with one decision wrong."""

from __future__ import annotations

from splitbrain.harness.bug import Bug
from splitbrain.systems.replication.cas_paxos.acceptor import Members
from splitbrain.systems.replication.cas_paxos.server import CasPaxosServer


class ChangesAtOnce(CasPaxosServer):
    """Has the new homes count alone from the beginning, whatever they have."""

    async def begin(self, members: Members) -> None:
        """From one list to the other."""
        await self._decide(Members(members.version, members.new, members.new))


BUGS: tuple[Bug, ...] = (
    Bug(
        id="LL-10",
        title="the homes of a row change in one step: a majority of the new ones may not have it",
        server=ChangesAtOnce,
        workload="changing-set",
        faults=("member.add", "member.remove", "member.replace", "net.loss"),
        nodes=5,
        seeds=40,
        shows=("lost", "majorities-meet"),
        source="Jepsen: Scylla 4.2-rc3 (light transactions and membership changes)",
        options={"changes": 0.0},
    ),
)
