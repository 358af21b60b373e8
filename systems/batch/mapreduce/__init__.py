"""MapReduce: a batch job over many workers, whose output is as if nothing ever failed.

    input ──splits──► map ──parts──► sort, combine ──► reduce ──► output, published at once
                      n2  ─ ─ ─ ─ ─►  n3                  │
                      n3  ─ ─ ─ ─ ─►  n4  ◄─ fetch ───────┘
    coordinator n1: gives out attempts, takes the one that counts

The problem (DDIA chapter 10): a job is cut into tasks, workers die or fall silent in the midst of
them, and the output must be what one undisturbed loop over the input would have given.

The idea (Dean and Ghemawat): tasks are deterministic functions of their input, without side
effects, so that any can be run again anywhere. What counts is decided in one place: of each task
one attempt counts, and the output of the job is made visible in one step. What a map task made
stays with the worker that made it; if that is gone, the task runs again, and since it gives the
same, reducers that had read it already need not. A task whose attempt is slow gets a second one
beside it, elsewhere; whichever ends first counts.

Source: Dean and Ghemawat, "MapReduce: Simplified Data Processing on Large Clusters", OSDI 2004;
section 3.6 for backup tasks.

Guarantees: the output of a job that ended is what its input says, and never changes, under any
number of crashes and power losses of any servers, as long as the coordinator's disk keeps what it
synced. A job that was taken on goes on after the coordinator's crash.

Invariants:

1. Map and reduce are pure, and a key belongs to the same reducer in each attempt.
2. Of each task at most one attempt counts at a time; results of others are dropped.
3. An output is durable, and whole, before anybody sees it: its files are renamed into place, and
   one record commits all of them.
4. A line belongs to the split in which it begins, and to no other.

Layout: ``jobs`` has the functions, ``sorting`` sorts with spills to disk, ``running`` is a job
under way, ``coordinator`` and ``worker`` are the servers, ``servers`` says which is which,
``local`` runs the same jobs on real executors; ``bugs`` has them with one decision wrong.

Left out: input that does not fit in a message, forgetting old outputs.
"""

from splitbrain.harness.knobs import Knob
from splitbrain.harness.nemesis.claims import Claims
from splitbrain.harness.system import System
from splitbrain.systems.batch.dataflow.pictures import ATTEMPTS
from splitbrain.systems.batch.mapreduce.bugs import BUGS
from splitbrain.systems.batch.mapreduce.client import BatchClient
from splitbrain.systems.batch.mapreduce.servers import BatchServer

__all__ = ["SYSTEM"]

KNOBS = (
    Knob("lease", 0.1, 1.0, "time an attempt may take, in seconds", "coordinator.lease_s"),
    Knob("patience", 0.1, 0.6, "seconds until a second attempt", "coordinator.patience_s"),
    Knob("split", 8, 400, "characters of the input in a map task", "coordinator.split"),
    Knob("reducers", 1, 5, "reduce tasks of a job", "coordinator.reducers"),
    Knob("spill_at", 2, 64, "most pairs of a task in memory", "worker.spill_at"),
)

SYSTEM = System(
    name="mapreduce",
    title="MapReduce: batch jobs over workers that fail (chapter 10)",
    server=BatchServer,
    client=BatchClient,
    workloads=("batch",),
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
    nodes=4,
    sizes=range(2, 10),
    bugs=BUGS,
    knobs=KNOBS,
    pictures=(ATTEMPTS,),
)
