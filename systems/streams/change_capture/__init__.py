"""Change data capture: an index that is made from a store's write-ahead log, and from nothing else.

    client --put k7 red--> store n1    log 3:  [data] .. 41 k3 blue | 42 k7 red | 43 k3 gone
                                                              |
    view n2:  snapshot of 41, then 42, 43, ...  red: k7 k9   blue: k1
              a view that fell behind a log that was written anew begins with a snapshot again

The problem (DDIA chapter 11, "Keeping Systems in Sync"): the same data in two systems differ soon
if applications write to both. So only one is written to, and the other follows its log. Two places
are delicate: the beginning, where a copy of everything and the log must meet without a gap or an
overlap, and what a log no longer has: it must not be lost that a key is gone.

The idea: the database is `splitbrain.systems.storage.write_ahead_log`, with its files and its
server, and somebody who reads its log's file up to where it is durable. A snapshot is of one
position, and the log is read on from there. The store writes its log anew with what there is,
without what is gone, whenever it has grown, and at each start: who had read the old one to its end
goes on, everybody else begins anew. A view keeps each key's value, so that a change can take the
old entry away.

Sources: DDIA chapter 11, "Change Data Capture"; Das et al., "All Aboard the Databus!" (SoCC 2012);
Andreakis and Papapanagiotou, "DBLog: A Watermark Based Change-Data-Capture Framework" (2020);
PostgreSQL, "Logical Decoding" (what a slot is told is flushed).

Guarantees: a view that answers is what the database was at a position, with all that was
acknowledged before it was asked, under any number of crashes and power losses of any servers.
Nothing goes on while the database is down; a view answers when it has caught up.

Invariants: see ``Database``, ``View`` and `splitbrain.systems.storage.log_tail`.

Layout: ``database`` is the store's server with who reads its log, ``view`` the others', ``client``
writes and reads; ``pictures`` draws how far each is; ``bugs`` has them with one decision wrong.

Left out: views that keep what they have over a restart; a store that keeps its old log until all
have read it (a replication slot); an outbox and its relay, which
`splitbrain.systems.streams.event_store` has.
"""

from splitbrain.harness.knobs import Knob
from splitbrain.harness.nemesis.claims import Claims
from splitbrain.harness.system import System
from splitbrain.systems.streams.change_capture.bugs import BUGS
from splitbrain.systems.streams.change_capture.client import ChangeClient
from splitbrain.systems.streams.change_capture.pictures import FOLLOWED
from splitbrain.systems.streams.change_capture.servers import CaptureServer

__all__ = ["SYSTEM"]

KNOBS = (
    Knob("batch", 1, 16, "most changes or keys in a message", "database.batch"),
    Knob(
        "slack",
        256,
        8192,
        "bytes that the log may be longer than twice the data before it is written anew",
        "database.engine_class.slack",
    ),
)

SYSTEM = System(
    name="change-capture",
    title="an index kept from a store's write-ahead log: snapshot, then changes (chapter 11)",
    server=CaptureServer,
    client=ChangeClient,
    workloads=("cdc",),
    claims=Claims(
        ("process", "net", "clock", "disk.slow", "disk.stall", "client", "scenario"),
        max_down="all",
    ),
    sizes=range(2, 10),
    bugs=BUGS,
    knobs=KNOBS,
    pictures=(FOLLOWED,),
)
