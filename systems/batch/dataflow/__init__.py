"""A dataflow: programs as graphs of steps over partitions, run by workers that fail.

    text ──► keyed.0 ─┐ by key ┌─► hash-join.0 ──┐
             keyed.1 ─┼────────┤                 ├─► output, committed by a rename
    table ─► copied.0 ┤        └─► hash-join.1 ──┘
             copied.1 ┘    what is lost of a step is made again from the steps before it

The problem (DDIA chapter 10, "Beyond MapReduce"): rows between two steps need not be written to a
replicated file system if they can be made again. That asks two things of each step: that it is
known what it was made from, and that it makes the same once more; for others have read what is
lost, and go on with it.

The idea (Isard et al., Dryad; Zaharia et al., RDDs): a program is a graph, a task is one partition
of one step, and its inputs are partitions of earlier steps. Workers keep what they make and hand it
to whoever needs it. A task that finds an input gone says so; that one is made again, and what it
needs in turn, and nothing else. A join's table is read in the version in which it was when the job
was taken on. Slow tasks get a second attempt beside the first; whichever ends first counts.

Three joins (DDIA chapter 10, "Reduce-Side Joins", "Map-Side Joins"): sort-merge and partitioned
hash send both sides to the partition of their key, broadcast hash sends the whole table to each
partition of the facts and leaves these where they are.

Sources: Isard et al., "Dryad" (EuroSys 2007); Zaharia et al., "Resilient Distributed Datasets"
(NSDI 2012); Dean and Ghemawat, "MapReduce" (OSDI 2004), sections 3.3 and 3.6 (backup tasks).

Guarantees: the output of a job is what its program makes of its input in one undisturbed run, in
any number of partitions, and the same at each rerun; it never changes; what a job does outside is
done once; under any number of crashes and power losses of any servers, and slow ones. A job that
was taken on goes on after the coordinator's crash.

Invariants: see ``Coordinator``, ``Worker``, ``Running`` and ``Chunks``.

Layout: ``operators`` are pure functions of rows, ``programs`` the graphs, ``running`` a run under
way, ``coordinator`` and ``worker`` the servers, ``local`` the same programs on real executors;
``bugs`` has them with one decision wrong.

Left out: input that does not fit in a message, rows that do not fit in memory (MapReduce spills),
forgetting old outputs.
"""

from splitbrain.checkers.batch import batch_deterministic
from splitbrain.harness.knobs import Knob
from splitbrain.harness.nemesis.claims import Claims
from splitbrain.harness.system import System
from splitbrain.systems.batch.dataflow.bugs import BUGS
from splitbrain.systems.batch.dataflow.client import DataflowClient
from splitbrain.systems.batch.dataflow.pictures import ATTEMPTS
from splitbrain.systems.batch.dataflow.servers import DataflowServer

__all__ = ["SYSTEM"]

KNOBS = (
    Knob("lease", 0.2, 1.0, "time an attempt may take, in seconds", "coordinator.lease_s"),
    Knob("patience", 0.1, 0.6, "seconds until a second attempt", "coordinator.patience_s"),
    Knob("partitions", 1, 5, "partitions of each step", "coordinator.partitions"),
    Knob("chunk", 1, 16, "most rows of the output in a message", "worker.chunk"),
)

SYSTEM = System(
    name="dataflow",
    title="a dataflow with joins, lineage and reruns over workers that fail (chapter 10)",
    server=DataflowServer,
    client=DataflowClient,
    workloads=("wordcount", "join", "sessionise", "payments"),
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
    checkers=(batch_deterministic(),),
    nodes=4,
    sizes=range(2, 10),
    bugs=BUGS,
    knobs=KNOBS,
    pictures=(ATTEMPTS,),
)
