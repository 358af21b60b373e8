"""A partitioned log whose brokers replicate each other's partitions, with transactions and a group.

    producer --send--> leader n3 [.. 15 16 17]  <--fetch-- n2 [.. 15 16]   in sync: n2 n3
                           |   high watermark 17 --------> n4 [.. 12]      lags
                           '-- consumers read what is before it
    controller n1: who leads, in which epoch, who is in sync; which transactions commit;
                   who of the group reads what, in which generation, and how far it is

The problem (DDIA chapter 11, "Partitioned Logs"; chapter 5, "Leaders and Followers"): a record that
was acknowledged must have one offset for ever, though its leader dies, and though a leader that
only seemed dead goes on. Producers ask again and must not send twice; records of several
partitions shall be there together or not at all.

The idea: a leader takes records and followers fetch them. Those that keep up are in sync; a record
is committed when all of them have it, and only then seen or acknowledged. One of them leads next,
in a higher epoch, which every entry carries: a follower whose last entry has another epoch than the
leader's at that place cuts off until the two agree. Producers number what they send. A transaction
has an epoch of its own, a coordinator that makes its end durable first, and a marker in each of its
partitions; readers stop before the first that is open, and skip what was aborted.

Consumers share the work as a group: each key has one owner in a numbered generation, and who joins,
leaves or falls silent begins another one. How far a key has been read is taken of its present owner
only. A transaction that reads commits that with what it sends, in one record, or not at all.

The topic of changes is compacted: of each key the newest value stays, and that a key is gone stays
for a while. Who makes a table of it reads on where it was; if tombstones went meanwhile that it had
not read, it begins anew.

The other topics are kept for so many records and so long. What is older goes, in whole segments,
once a leader has said so by an entry of the log that is committed: the log begins at one offset,
whoever leads, and that never goes back. It is announced before anything goes. Numbers of producers
stay, so that what is sent again is known though it is forgotten. A reader that is behind is told
that it is out of range, and goes on with the oldest that there is.

Sources: Kafka Improvement Proposals 98 (transactions), 447 (their readers' generations), 101 and
279 (leader epochs), 595 (fetch and diverge), 890 (an epoch for each transaction), 534 (tombstones),
107 (the start of a log), 360 (numbers of producers whose records are gone);
Wang et al., "Consistency and Completeness: Rethinking Distributed Stream Processing in Apache
Kafka" (SIGMOD 2021); DDIA, chapters 5, 9 and 11.

Guarantees: an acknowledged record is never lost, moved or repeated, a process' records keep their
order, and transactions are there whole or not at all, under any number of crashes, power losses,
pauses and partitions, until retention forgets it. The group is given every record that is there,
and by transactions that succeeded at most once. Nothing is promised of the order of two
transactions' records in several partitions (G0). A partition whose in-sync brokers are all down
waits for one of them; transactions and elections wait for the controller.

Invariants: see ``Broker`` and ``Controller``.

Layout: ``partition`` is what entries say, ``store`` has them on disk, ``leading`` is who is in
sync, ``retention`` what is forgotten, ``groups`` who reads what, ``table`` what is made of changes,
``broker`` and ``controller`` are the servers, ``client`` produces and consumes, ``membership`` is
its part in the group; ``bugs`` has them with one decision wrong, ``pictures`` what reports show of
them.

Left out: a controller that is itself replicated, giving back the headers of what compaction took
away, and forgetting producers that are gone.
"""

from splitbrain.harness.knobs import Knob
from splitbrain.harness.nemesis.claims import Claims
from splitbrain.harness.system import System
from splitbrain.systems.streams.replicated_log.bugs import BUGS
from splitbrain.systems.streams.replicated_log.client import LogClient
from splitbrain.systems.streams.replicated_log.pictures import LEADERS, OWNERS
from splitbrain.systems.streams.replicated_log.servers import LogServer

__all__ = ["SYSTEM"]

KNOBS = (
    Knob("session", 0.2, 1.0, "silence that ends a leadership, in seconds", "controller.session_s"),
    Knob("lag", 0.15, 1.0, "lag that ends being in sync, in seconds", "broker.lag_s"),
    Knob("batch", 1, 32, "most entries in an answer", "broker.batch"),
    Knob("compact", 0.1, 2.0, "seconds between compactions", "broker.compact_s"),
    Knob("keep", 1, 150, "newest entries of a partition that are kept", "broker.keep"),
    Knob("keep_s", 0.1, 20.0, "seconds for which entries are kept", "broker.keep_s"),
    Knob("member", 0.3, 2.0, "silence of a consumer, in seconds", "controller.member_s"),
)

SYSTEM = System(
    name="replicated-log",
    title="a partitioned log with in-sync replicas, epochs and transactions (chapters 5 and 11)",
    server=LogServer,
    client=LogClient,
    workloads=("kafka", "cdc"),
    claims=Claims(
        ("process", "net", "clock", "disk.slow", "disk.stall", "client", "scenario"),
        max_down="all",
    ),
    nodes=4,
    sizes=range(3, 8),
    bugs=BUGS,
    knobs=KNOBS,
    pictures=(LEADERS, OWNERS),
)
