"""A record log that old and new code write, read and edit, during a rolling upgrade and after one.

    client --put--> app, version 2 --encode, seal--> keeper: log, schemas
    client <--get-- app, version 3 <--open, decode--

The problem (DDIA chapter 4): servers are upgraded one by one, and now and then all go back, so what
one version writes every other must read. And an old version that changes a record that a new one
wrote must keep what it doesn't know.

The idea: records stand in envelopes that say how to read them, in one of three formats. Each format
evolves by its own rules (``formats``), and Avro's schemas are in a registry that refuses those that
would not. An edit works on what was written, not on what the editing version makes of it. Nobody
writes what the oldest version that may run cannot open.

Guarantees: a get gives the latest acknowledged record of its key, as the reader's version sees it;
an edit changes its field and no other, whoever wrote the record; a counter's adds count once,
however often they are tried and by whichever version. All this while servers run versions 1, 2 and
3 side by side, under any number of crashes and power losses, as long as the keeper's disk keeps
what it synced. Nothing is done while the keeper is down.

Layout: ``app`` and ``keeper`` are the two kinds of servers, ``servers`` says which is which,
``formats`` and ``envelope`` are the bytes, ``client`` asks; ``bugs`` has them with one decision
wrong. The keeper has a registry (`splitbrain.systems.encoding.registry`).

Left out: a second keeper that takes over, a log that is ever cut short, versions of the keeper.
"""

from splitbrain.harness.nemesis.claims import Claims
from splitbrain.harness.system import System
from splitbrain.systems.encoding.records.bugs import BUGS
from splitbrain.systems.encoding.records.client import RecordsClient
from splitbrain.systems.encoding.records.pictures import MATRIX
from splitbrain.systems.encoding.records.servers import RecordsServer

__all__ = ["SYSTEM"]

SYSTEM = System(
    name="records",
    title="a record log that old and new code share (chapter 4)",
    server=RecordsServer,
    client=RecordsClient,
    workloads=("codec", "counter"),
    claims=Claims(
        ("process", "version", "net", "clock", "disk.slow", "disk.stall", "client", "scenario"),
        max_down="all",
    ),
    sizes=range(2, 10),
    bugs=BUGS,
    pictures=(MATRIX,),
)
