"""The book as runs: anomalies of *Designing Data-Intensive Applications*, each told by a live run.

A story is a planted bug that shows it, or a system as the summary of the book sketches it, run and
drawn each time it is asked for. The plan that it is
told by was found and made small once, and is kept in ``told/NAME.json``:
``pytest tests/systems/test_stories.py --nightly --pin-seeds`` finds them all anew.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from splitbrain.checkers.verdict import INVALID, Verdict
from splitbrain.harness.plan import InvalidPlan


@dataclass(frozen=True, slots=True)
class Sketch:
    """How a system fails that keeps the weaknesses of its sketch.

    Attributes:
        system: its name.
        workload: the workload that shows it.
        faults: the kinds of faults that provoke it.
        shows: the kind of the anomaly.
    """

    system: str
    workload: str
    faults: tuple[str, ...]
    shows: str

    def shown_by(self, verdicts: Iterable[Verdict]) -> bool:
        """Whether verdicts on a run show this."""
        invalid = [verdict for verdict in verdicts if verdict.validity is INVALID]
        return any(a.kind == self.shows for verdict in invalid for a in verdict.anomalies)


@dataclass(frozen=True, slots=True)
class Story:
    """An anomaly that a run tells.

    Attributes:
        name: what the book calls it.
        shown: the planted bug that shows it, or how a sketch does.
        chapter: where the book has it.
        told: what happens, in a sentence or two.
    """

    name: str
    shown: str | Sketch
    chapter: str
    told: str

    @property
    def subject(self) -> str:
        """The planted bug's name, or the sketch's."""
        return self.shown if isinstance(self.shown, str) else self.shown.system

    @property
    def kept(self) -> Path:
        """The file that keeps the seed and the small plan that tell it."""
        return Path(__file__).with_name("told") / f"{self.name}.json"


STORIES = (
    Story(
        "lost-write",
        "REP-01",
        'chapter 5, "Handling Node Outages"',
        "A leader acknowledges a write before any follower has it, and fails. The follower that "
        "takes over has never heard of it.",
    ),
    Story(
        "split-brain",
        "REP-02",
        'chapter 5, "Handling Node Outages"',
        "A leader that was cut off returns and goes on leading: two nodes accept writes.",
    ),
    Story(
        "stale-read",
        "CON-04",
        'chapter 9, "Linearizability"',
        "A leader that no longer leads answers a read from its own state, and misses a write that "
        "another leader has acknowledged.",
    ),
    Story(
        "quorums-that-miss",
        "LL-01",
        'chapter 5, "Quorums for reading and writing"',
        "With w + r not greater than n, a read may ask only replicas that a write did not reach.",
    ),
    Story(
        "read-skew",
        "TX-04",
        'chapter 7, "Snapshot Isolation and Repeatable Read"',
        "A transaction reads two keys as of two moments: what it sees never was.",
    ),
    Story(
        "lost-update",
        "TX-05",
        'chapter 7, "Preventing Lost Updates"',
        "Two transactions read a value and write a new one. The later commit wins, and the other "
        "might as well not have been.",
    ),
    Story(
        "write-skew",
        "TX-06",
        'chapter 7, "Write Skew and Phantoms"',
        "Two doctors see that both are on call, and each goes home: snapshot isolation lets both.",
    ),
    Story(
        "phantom",
        "TX-07",
        'chapter 7, "Write Skew and Phantoms"',
        "Two bookings each find the room free, since a lock on rows locks none that is not there.",
    ),
    Story(
        "unsynced-write",
        "STO-02",
        'chapter 3, "Making B-trees reliable"',
        "A store acknowledges a write that is in a cache of the operating system only, and power "
        "fails.",
    ),
    Story(
        "paid-twice",
        "RES-01",
        'chapter 8, "Unreliable Networks"',
        "A payment whose answer did not come in time is tried again, and both are paid.",
    ),
    Story(
        "dirty-read",
        "TX-02",
        'chapter 7, "Read Committed"',
        "A transaction sees what another one has written and not committed yet, or never will.",
    ),
    Story(
        "fencing",
        "CLK-01",
        'chapter 8, "The leader and the lock"',
        "A client is paused past the end of its lease, wakes up and writes, over the write of the "
        "client that holds the lock by now.",
    ),
    Story(
        "last-write-wins",
        "ML-01",
        'chapter 8, "Timestamps for ordering events"',
        "Conflicts are resolved by wall clocks: what a server with a slow clock acknowledges is "
        "older than what was there, and never shows.",
    ),
    Story(
        "sloppy-quorum",
        "LL-03",
        'chapter 5, "Sloppy Quorums and Hinted Handoff"',
        "Stand-ins take writes while the homes of a key can't be reached; reads of the homes do "
        "not see them.",
    ),
    Story(
        "in-doubt",
        "TX-20",
        'chapter 9, "Atomic Commit and Two-Phase Commit (2PC)"',
        "A participant that has voted yes loses patience and rolls back, and the others commit.",
    ),
    Story(
        "figure-8",
        "CON-01",
        'chapter 9, "Consensus algorithms and total order broadcast"',
        "A leader counts copies of an entry of an earlier term, calls it committed, and the next "
        "leader replaces it.",
    ),
    Story(
        "lost-root",
        "BT-04",
        'chapter 3, "Making B-trees reliable"',
        "The pages of a B-tree are synced, and the page that tells where its root is is not: after "
        "a power loss an older tree is there.",
    ),
    Story(
        "key-from-the-dead",
        "LSM-01",
        'chapter 3, "SSTables and LSM-Trees"',
        "A compaction drops a tombstone while a deeper level still has the key, which comes back.",
    ),
    Story(
        "skipped-event",
        "STR-01",
        'chapter 11, "Message delivery and replay"',
        "A consumer commits an offset before it has done what the event asks for, and crashes.",
    ),
    Story(
        "retried-blindly",
        Sketch("payments-summary", "payments", ("service.answers_lost",), "duplicated"),
        'chapter 11, "Idempotence"',
        "A client library, as sketched, makes a call again that timed out, though it may have been "
        "done: an account pays twice.",
    ),
    Story(
        "cached-for-an-hour",
        Sketch("cache-aside-summary", "cache", (), "stale"),
        'chapter 1, "Thinking About Data Systems"',
        "A cache in front of a database, as sketched, is filled by reads and never told of writes.",
    ),
    Story(
        "edge-to-nowhere",
        Sketch("graph-summary", "graph", (), "dangling"),
        'chapter 2, "Property Graphs"',
        "A graph, as sketched, takes an edge whether its nodes are there or not: who follows it "
        "comes to a node that nobody has.",
    ),
    Story(
        "failed-over",
        Sketch("leader-follower-summary", "set", ("net.partition",), "lost"),
        'chapter 5, "Handling Node Outages"',
        "Replication, as sketched, acknowledges a write whatever the followers answered: the one "
        "that takes over lacks it, and the old leader goes on beside it.",
    ),
    Story(
        "gone-with-its-node",
        Sketch("ring-store-summary", "changing-set", (), "lost"),
        'chapter 6, "Rebalancing Partitions"',
        "A consistent-hash ring, as sketched, says who has a key now, and nothing of moving what "
        "is there: a node that leaves takes its keys along.",
    ),
    Story(
        "copy-left-behind",
        Sketch("partitioned-database-summary", "scan", (), "duplicated"),
        'chapter 6, "Rebalancing Partitions"',
        "A partitioned database, as sketched, copies a partition to another server and deletes it "
        "nowhere: a read of all data finds items twice.",
    ),
    Story(
        "forgotten-document",
        Sketch("documents-summary", "set", ("process.kill",), "lost"),
        'chapter 2, "Document databases"',
        "A document store, as sketched, keeps everything in memory: what it acknowledged is gone "
        "when it starts again.",
    ),
    Story(
        "modulo-shards",
        Sketch("sharded-database-summary", "changing-set", (), "lost"),
        'chapter 6, "How not to do it: hash mod N"',
        "A shard comes, the hash modulo their number says another one for nearly every key, and "
        "what was there is looked for elsewhere.",
    ),
    Story(
        "calls-to-the-dead",
        Sketch("load-balancer-summary", "lb", ("process.kill",), "request-to-dead"),
        'chapter 1, "Hardware Faults"',
        "A load balancer, as sketched, gives each server its turn, and a dead one too.",
    ),
    Story(
        "stuck-breaker",
        Sketch("service-calls-summary", "breaker", ("net.partition",), "stuck-open"),
        'chapter 8, "Timeouts and Unbounded Delays"',
        "A circuit breaker, as sketched, waits from the last failure that it hears of: calls that "
        "were under way when it opened keep it open, though the service is well again.",
    ),
)


def story_named(name: str) -> Story:
    """The story of this name.

    Raises:
        InvalidPlan: there is none; the message has all names.
    """
    found = next((story for story in STORIES if story.name == name), None)
    if found is None:
        known = ", ".join(story.name for story in STORIES)
        raise InvalidPlan(f"there is no story {name!r}: there are {known}")
    return found
