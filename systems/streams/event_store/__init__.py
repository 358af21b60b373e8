"""An event store with snapshots, and an outbox relay that publishes what it has.

    append s1 at 3: [7, 8] ──► store n1   log  .. s1[7 8] s2[4] s1[9] ─── relay ──► topic n2: s1 ..
    (refused if s1 has more)              live s1 = fold of its events          └─► topic n3: s2 ..
                                          snapshot: live at position 40         "I have up to 41"

The problem (DDIA chapter 11, "Event Sourcing"): what happened is kept, and what is so follows from
it. Then what is in memory, in a snapshot and in the log must be the same thing; two who decide on
what they read must not both append; and who subscribes must hear of each event once and in order,
though the database and the message broker have no transaction in common.

The idea: an append names the version that it was decided on, and is one record. A snapshot is of a
position that is durable in the log. The log itself is the outbox: whatever is durable will be
published, and nothing else. A topic keeps the position of what it has with what it has, so the
relay needs no memory: it asks, and goes on from there.

Sources: DDIA chapter 11, "Event Sourcing"; Young, "CQRS Documents" (2010); Richardson,
"Microservices Patterns" (2018), section 3.3 (transactional outbox).

Guarantees: an acknowledged append is there for ever, whole, at the version that it named; what is
read from memory is what the log makes; each event is published once, a stream's in their order;
under any number of crashes and power losses of any servers. Nothing is appended while the store is
down, nothing published while its topic is.

Invariants: see ``Streams``, ``Store`` and ``Topic``.

Layout: ``streams`` is the log, the snapshot and what they make, ``store`` and ``topic`` are the
servers, ``client`` appends and reads; ``bugs`` has them with one decision wrong.

Left out: a log that is cut where a snapshot makes it needless: what is rebuilt is rebuilt from all.
"""

from splitbrain.harness.knobs import Knob
from splitbrain.harness.nemesis.claims import Claims
from splitbrain.harness.system import System
from splitbrain.systems.streams.event_store.bugs import BUGS
from splitbrain.systems.streams.event_store.client import EventClient
from splitbrain.systems.streams.event_store.servers import EventServer

__all__ = ["SYSTEM"]

KNOBS = (Knob("snapshot", 1, 16, "appends between two snapshots", "store.streams_class.every"),)

SYSTEM = System(
    name="event-store",
    title="an event store with snapshots, and an outbox that publishes its events (chapter 11)",
    server=EventServer,
    client=EventClient,
    workloads=("event-store", "outbox"),
    claims=Claims(
        ("process", "net", "clock", "disk.slow", "disk.stall", "client", "scenario"),
        max_down="all",
    ),
    sizes=range(2, 10),
    bugs=BUGS,
    knobs=KNOBS,
)
