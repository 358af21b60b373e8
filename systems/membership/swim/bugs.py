"""Planted bugs of gossip membership: it, with one decision wrong."""

from __future__ import annotations

from collections.abc import Iterable

from splitbrain.checkers.vocabulary import LEADER
from splitbrain.harness.bug import Bug
from splitbrain.harness.node import Message, Node
from splitbrain.systems.membership.swim.server import Member
from splitbrain.systems.membership.swim.table import ALIVE, DEAD, Record, Table, merged


class BelievesAnySignOfLife(Member):
    """Takes whoever is said to be alive for alive, whatever else it knows of that incarnation."""

    def merge(self, one: Table, other: Table) -> Table:
        """A message that was under way for long raises the dead."""
        known = {record.name: record for record in one}
        living = [
            record
            for record in other
            if record.rank == ALIVE
            and record.name in known
            and record.incarnation >= known[record.name].incarnation
        ]
        risen = {record.name for record in living}
        rest = [record for record in (*one, *other) if record.name not in risen]
        return merged(rest, living)


class TakesItAsItComes(Member):
    """Says nothing when it hears that it is dead."""

    async def refute(self) -> None:
        """Somebody must know better."""


class LeavesTheDead(Member):
    """Never asks a member again that was declared dead."""

    def tries_the_dead(self) -> bool:
        """The dead don't answer."""
        return False


class WallClock(Member):
    """Declares dead whom it has not heard from for seconds, by the time of day."""

    patience_s = 2.0

    def __init__(self, node: Node) -> None:
        super().__init__(node)
        self.heard = dict.fromkeys(node.peers, node.clock.time())

    async def handle(self, sender: str, message: Message) -> None:
        """Note when it was."""
        self.heard[sender] = self.node.clock.time()
        await super().handle(sender, message)

    def condemn(self) -> None:
        """A clock that jumps forward has everybody dead at once."""
        super().condemn()
        now = self.node.clock.time()
        for name in self.node.peers:
            if now - self.heard[name] > self.patience_s and self.rank(name) != DEAD:
                self.accuse(name, DEAD)


class LeadsByName(Member):
    """Takes itself for the leader while it knows of nobody alive with a greater name: the bully
    algorithm (Garcia-Molina, IEEE Transactions on Computers C-31(1), 1982) over this membership.

    There are no terms, so nobody can tell which of two leaders is the later one.
    """

    leads = False

    def learn(self, told: Iterable[Record]) -> None:
        """The greatest of those who are left leads."""
        super().learn(told)
        names = [record.name for record in self.table if record.rank != DEAD]
        greatest = len(names) > 1 and max(names) == self.node.name
        if greatest and not self.leads:
            self.node.announce(LEADER, {"term": 0})
        self.leads = greatest


BUGS: tuple[Bug, ...] = (
    Bug(
        id="CON-27",
        title="a dead member rises by an old sign of life: incarnations are not compared",
        server=BelievesAnySignOfLife,
        workload="membership",
        faults=("process.pause", "net.partition"),
        nodes=4,
        seeds=20,
        shows=("membership/resurrected",),
        source="Das, Gupta and Motivala, DSN 2002, section 4.2",
    ),
    Bug(
        id="CON-27-REFUTE",
        title="a member that hears of its death does not refute it",
        server=TakesItAsItComes,
        workload="membership",
        faults=("process.pause",),
        nodes=4,
        seeds=20,
        shows=("membership/false-death", "membership/disagreement"),
        source="Das, Gupta and Motivala, DSN 2002, section 4.2",
    ),
    Bug(
        id="CON-27-SPLIT",
        title="two halves that were cut off from each other stay so: nobody asks the dead",
        server=LeavesTheDead,
        workload="membership",
        faults=("net.partition",),
        nodes=4,
        seeds=20,
        shows=("membership/false-death", "membership/disagreement"),
        source="HashiCorp memberlist and Serf: reconnection to failed members",
    ),
    Bug(
        id="CLK-06",
        title="timeouts are measured by the wall clock: a jump declares the living dead",
        server=WallClock,
        workload="membership",
        faults=("clock.bump", "clock.strobe"),
        nodes=4,
        seeds=40,
        shows=("membership/needless-death",),
        source="DDIA chapter 8, Monotonic Versus Time-of-Day Clocks",
    ),
    Bug(
        id="CON-23",
        title="the greatest name alive leads, by each member's own table, and there are no terms",
        server=LeadsByName,
        workload="membership",
        faults=("net.partition",),
        nodes=4,
        seeds=20,
        shows=("leader-per-term/two-leaders",),
        source="Garcia-Molina, 1982 (bully); DDIA chapter 9, Epoch numbering and quorums",
    ),
)
