"""A stream processor: windows and joins by the time of events, each event's effect exactly once.

    clients --click 12:00:03--> log: partition 1 [.. e4 | e5 e6]      | is the barrier of
                                     partition 2 [.. e7 e8 |]         | checkpoint 17
                                          |
            workers: groups of users, each with a state, a watermark and what came out
                                          |  at both barriers: a snapshot
            hub: checkpoint 17 = positions, states, outputs, in one record

The problem (DDIA chapter 11, "Reasoning About Time", "Stream Joins", "Fault Tolerance"): results
over windows of time must be those of when things happened, though events come late, out of order,
and once more after a crash; and whoever looks must see each event's effect once.

The idea: events carry the time of their producer. A watermark says up to when all is there: it is
a bound behind the greatest time seen, in the slowest partition, and it never goes back. A window is
closed when the watermark is at its end; an event that it has passed already is late, and is put
aside where it can be seen, not dropped. A click is joined with the version of its user's tier at
its own time, once no older version can come; so is a change of one table with the other table. Two
streams meet within a window, and each keeps its events until the watermark says that none can come
any more that would meet them. Checkpoints are Chandy and Lamport's: a barrier in each input, and a
snapshot when one has read up to all of them and no further. What came out is published with the
checkpoint that has the state from which it came.

Sources: Chandy and Lamport, "Distributed Snapshots" (TOCS 1985); Akidau et al., "The Dataflow
Model" (VLDB 2015); Carbone et al., "Lightweight Asynchronous Snapshots for Distributed Dataflows"
(2015) and "State Management in Apache Flink" (VLDB 2017); DDIA, chapter 11.

Guarantees: results are what a plain loop over the input makes of it, without the events that were
put aside as late; these were later than others of their partition by more than the bound. An
acknowledged event is in the input. This holds under any number of crashes and power losses of any
servers, and whatever clocks say. Nothing goes on while the hub, or every worker, is down; a
partition without any event holds the watermark back.

Invariants: see `splitbrain.systems.streams.processor.hub.Hub`, ``Worker`` and ``Keyed`` beside it.

Layout: ``keyed`` is what happens to events, without any network, ``joins`` how they are joined,
``state`` what is kept for it; ``store`` is the hub's disk, ``hub`` and ``worker`` are the servers,
``client`` produces and reads; ``bugs`` has them with one decision wrong.

Left out: forgetting old versions of tables, allowed lateness beyond the watermark, idle
partitions, a log that is itself replicated, and state larger than memory.
"""

from splitbrain.harness.knobs import Knob
from splitbrain.harness.nemesis.claims import Claims
from splitbrain.harness.system import System
from splitbrain.systems.streams.processor.bugs import BUGS
from splitbrain.systems.streams.processor.client import ProcessorClient
from splitbrain.systems.streams.processor.pictures import WATERMARKS
from splitbrain.systems.streams.processor.servers import ProcessorServer

__all__ = ["SYSTEM"]

KNOBS = (
    Knob("session", 0.15, 1.0, "silence that ends a membership, in seconds", "hub.session_s"),
    Knob("every", 0.05, 0.5, "seconds between two checkpoints", "hub.every_s"),
    Knob("batch", 1, 32, "most events in an answer", "hub.batch"),
    # Coarse times are often equal, and at the borders of windows.
    Knob("grain", 1, 100, "steps of events' times, in milliseconds", "hub.grain_ms"),
)

SYSTEM = System(
    name="stream-processor",
    title="windows and joins by event time, effects exactly once (chapter 11)",
    server=ProcessorServer,
    client=ProcessorClient,
    workloads=("click-stream", "stream-join"),
    claims=Claims(
        ("process", "net", "clock", "disk.slow", "disk.stall", "client", "scenario"),
        max_down="all",
    ),
    sizes=range(2, 8),
    bugs=BUGS,
    knobs=KNOBS,
    pictures=(WATERMARKS,),
)
