"""A partitioned log, and consumers that book each of its events once.

    client --pay 17--> broker: partition 1 [.. 15 16 17]  --fetch--> consumer n3
                                                │          <--commit 15..18, effects--
                               ledger  [.. effects of 15, 16, 17]   offset 18, in one record

The problem (DDIA chapter 11, "Partitioned Logs"; chapter 12, "Exactly-once execution of an
operation"): events are appended to a log and processed by others, later. Consumers crash, fall
silent and come back; whoever takes over must neither skip nor repeat anything.

The idea: the log is there to be read again, so a consumer needs no memory. What it made of some
events is committed together with the offset up to which it has read, in one record: both are there,
or neither. A partition has one owner, in a numbered generation; what the owner of an old generation
commits is refused. Producers number their requests, so that they may repeat them.

Sources: Kreps, Narkhede and Rao, "Kafka: a Distributed Messaging System for Log Processing" (NetDB
2011); Kafka Improvement Proposal 98, "Exactly Once Delivery and Transactional Messaging"; DDIA,
chapters 11 and 12.

Guarantees: an acknowledged payment is booked exactly once, events of a key in the order of the log,
under any number of crashes and power losses of any servers, as long as the broker's disk keeps what
it synced. So is a record that was sent: it has one offset, for ever. A read of effects waits until
what was in the log when it came is booked. Nothing goes on while the broker, or every consumer, is
down.

Invariants: see `splitbrain.systems.streams.partitioned_log.broker.Broker`.

Layout: ``partitions`` is the log on disk, ``broker`` and ``consumer`` are the servers, ``servers``
says which is which, ``client`` produces and reads; ``bugs`` has them with one decision wrong.

Left out: log compaction and retention. `splitbrain.systems.streams.replicated_log` has brokers that
replicate each other's partitions, and transactions over several of them.
"""

from splitbrain.harness.knobs import Knob
from splitbrain.harness.nemesis.claims import Claims
from splitbrain.harness.system import System
from splitbrain.systems.streams.partitioned_log.bugs import BUGS
from splitbrain.systems.streams.partitioned_log.client import StreamClient
from splitbrain.systems.streams.partitioned_log.pictures import OFFSETS, OWNERS
from splitbrain.systems.streams.partitioned_log.servers import StreamServer

__all__ = ["SYSTEM"]

KNOBS = (
    Knob("session", 0.15, 1.0, "silence that ends a membership, in seconds", "broker.session_s"),
    Knob("partitions", 1, 6, "partitions of the log", "broker.partitions"),
    Knob("batch", 1, 32, "most events in an answer", "broker.batch"),
)

SYSTEM = System(
    name="partitioned-log",
    title="a partitioned log with a consumer group, effects exactly once (chapters 11 and 12)",
    server=StreamServer,
    client=StreamClient,
    workloads=("payments", "kafka", "log"),
    claims=Claims(
        (
            "process",
            "net",
            "clock",
            "disk.slow",
            "disk.stall",
            "client",
            "scenario",
            "service.slow",
        ),
        max_down="all",
    ),
    sizes=range(2, 10),
    bugs=BUGS,
    knobs=KNOBS,
    pictures=(OWNERS, OFFSETS),
)
