"""Planted bugs of Viewstamped Replication: the store as it is, with one decision wrong."""

from __future__ import annotations

from splitbrain.harness.bug import Bug, planted
from splitbrain.systems.consensus.viewstamped.messages import DoViewChange
from splitbrain.systems.consensus.viewstamped.rules import Rules
from splitbrain.systems.consensus.viewstamped.server import ViewstampedKV
from splitbrain.systems.consensus.viewstamped.state import Server


class Amnesiac(Rules):
    """Takes part at once when it starts again, with an empty log."""

    def must_recover(self, life: int) -> bool:
        """Never."""
        return False


class RespondsInAnyState(Rules):
    """Tells a recovering server what it has, whether it is in order or not."""

    def may_respond(self, server: Server) -> bool:
        """Always."""
        return True


class TakesTheFirst(Rules):
    """Goes on with the first log that it was sent, its own perhaps."""

    def is_better(self, one: DoViewChange, other: DoViewChange) -> bool:
        """None is better than another."""
        return False


class AcknowledgesGaps(Rules):
    """Puts any later operation at the end of its log, over whatever it missed."""

    def may_acknowledge(self, op: int, held: int) -> bool:
        """Whatever is new."""
        return op > held


class ReadsLocally(Rules):
    """Answers queries as the primary of its view, without asking whether there is a later one."""

    def confirms_reads(self) -> bool:
        """Never."""
        return False


_LOST = ("view-completeness", "agreement", "one-log", "commit-quorum", "never-back", "lost")

BUGS: tuple[Bug, ...] = (
    Bug(
        id="CON-18",
        title="a server that lost its memory takes part with an empty log",
        server=planted(ViewstampedKV, rules=Amnesiac),
        workload="set",
        faults=("process.kill",),
        nodes=5,
        seeds=20,
        shows=(*_LOST, "diverged"),
        source="Liskov and Cowling 2012, section 4.3; Redis-Raft (Jepsen); FAST 2018",
    ),
    Bug(
        id="CON-18-RESPONDS",
        title="a server that recovers tells others that recover what it has, which is nothing",
        server=planted(ViewstampedKV, rules=RespondsInAnyState),
        workload="set",
        faults=("process.kill", "process.power_loss"),
        nodes=5,
        seeds=20,
        shows=(*_LOST, "diverged"),
        source="Liskov and Cowling 2012, section 4.3, step 2",
    ),
    Bug(
        id="CON-18-FIRST",
        title="a new primary goes on with the first log that it is sent",
        server=planted(ViewstampedKV, rules=TakesTheFirst),
        workload="set",
        faults=("scenario.rollback", "net.partition", "net.loss"),
        nodes=5,
        seeds=40,
        shows=(*_LOST, "diverged"),
        source="Liskov and Cowling 2012, section 4.2, step 3",
    ),
    Bug(
        id="CON-18-GAPS",
        title="a backup acknowledges an operation without those before it",
        server=planted(ViewstampedKV, rules=AcknowledgesGaps),
        workload="set",
        faults=("net.loss", "net.latency"),
        nodes=5,
        seeds=20,
        shows=(*_LOST, "diverged"),
        source="Liskov and Cowling 2012, section 4.1, step 4",
    ),
    Bug(
        id="CON-04-VIEW",
        title="a primary answers reads without confirming that its view is the latest",
        server=planted(ViewstampedKV, rules=ReadsLocally),
        workload="register",
        faults=("scenario.rollback", "net.partition"),
        nodes=5,
        seeds=60,
        shows=("stale-answer", "stale-read", "nonlinearizable"),
        source="Liskov and Cowling 2012, section 6.3",
    ),
)
