"""What must hold of the members at every moment, watched from outside at every step.

==================  ================================================================================
members-agreement   no two servers know different members of one version
majorities-meet     members of a version and the next have majorities that meet: from one list to
                    both, or from both to the new one
==================  ================================================================================

The first server is not looked at: what it has just decided may be lost with it, and nobody else has
heard of it then.
"""

from __future__ import annotations

from typing import Any

from splitbrain.harness.invariants import Breach
from splitbrain.systems.replication.cas_paxos.acceptor import Members


class MembersInvariants:
    """A probe (`splitbrain.harness.invariants.Probe`) of servers with ``members``."""

    def __init__(self) -> None:
        self.known: dict[int, Members] = {}

    def __call__(self, name: str, server: Any) -> Breach | None:
        """See `splitbrain.harness.invariants.Probe`."""
        members: Members = server.members
        known = self.known.get(members.version)
        if known is members or name == server.servers[0]:
            return None
        if known is not None and known != members:
            said = f"{name} knows other members of version {members.version} than others do"
            return Breach("members-agreement", said)
        self.known[members.version] = members
        for version in (members.version, members.version + 1):
            before, after = self.known.get(version - 1), self.known.get(version)
            if before is not None and after is not None and not follows(before, after):
                said = f"members {version - 1} and {version} have majorities that need not meet"
                return Breach("majorities-meet", said)
        return None


def follows(before: Members, after: Members) -> bool:
    """Whether members may come right after others."""
    if before.old == before.new:
        return after.old == before.new
    return after.old == after.new == before.new
