"""Change data capture: an index that is made from the log of a database, and from nothing else.

    client --put k7 red--> database n1   log: .. 41 k3 blue | 42 k7 red | 43 k3 gone
                                                            |
    view n2:  snapshot of 41, then 42, 43, ...  red: k7 k9   blue: k1
              a view that fell behind the horizon begins with a snapshot again

The problem (DDIA chapter 11, "Keeping Systems in Sync"): the same data in two systems differ soon
if applications write to both. So only one is written to, and the other follows its log. Two places
are delicate: the beginning, where a copy of everything and the log must meet without a gap or an
overlap, and compaction, which must not take away that a key is gone before all know it.

The idea: a snapshot is of one position, and the log is read on from there. Compaction keeps the
last change of each key, and the tombstones of keys that are gone for a time; the position of the
newest tombstone that it dropped is the horizon, and who is not that far begins anew. A view keeps
each key's value, so that a change can take the old entry away.

Sources: DDIA chapter 11, "Change Data Capture"; Das et al., "All Aboard the Databus!" (SoCC 2012);
Andreakis and Papapanagiotou, "DBLog: A Watermark Based Change-Data-Capture Framework" (2020).

Guarantees: a view that answers is what the database was at a position, with all that was
acknowledged before it was asked, under any number of crashes and power losses of any servers.
Nothing goes on while the database is down; a view answers when it has caught up.

Invariants: see ``Changes``, ``Database`` and ``View``.

Layout: ``changes`` is the database and its compacted log, ``database`` and ``view`` are the
servers, ``client`` writes and reads; ``bugs`` has them with one decision wrong.

Left out: views that keep what they have over a restart; an outbox and its relay, which
`splitbrain.systems.streams.event_store` has.
"""

from splitbrain.harness.knobs import Knob
from splitbrain.harness.nemesis.claims import Claims
from splitbrain.harness.system import System
from splitbrain.systems.streams.change_capture.bugs import BUGS
from splitbrain.systems.streams.change_capture.client import ChangeClient
from splitbrain.systems.streams.change_capture.servers import CaptureServer

__all__ = ["SYSTEM"]

KNOBS = (Knob("batch", 1, 16, "most changes or keys in a message", "database.batch"),)

SYSTEM = System(
    name="change-capture",
    title="an index kept from a database's log: snapshot, changes, compaction (chapter 11)",
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
)
