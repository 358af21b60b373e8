"""A message queue with consumers that share the load: redelivery, dead letters and back-pressure.

    client --send k1 #7--> broker n1   k1: #7 #9   k2: #8        full: refused, slow down
                                           |           '--work--> n3   (fails thrice: dead letters)
                                           '--work--> n2 --done--> #7 has its effect, then #9 is due

The problem (DDIA chapter 11, "Messaging Systems"): a consumer that has a message may die before it
is done, so the message is handed out again, to another one. Then later messages overtake it
(figure 11-2). A message that makes no sense fails wherever it is handed out. And if messages come
faster than they are processed, they have to go somewhere.

The idea: of each key one message is out at a time, so that what is handed out again is still the
first of its key. After some failures a message is put with the dead letters, where people can see
it. No more than so many messages wait; who sends another is refused, which says: slow down.

Sources: DDIA chapter 11, "Messaging Systems", "Acknowledgments and redelivery"; Hohpe and Woolf,
"Enterprise Integration Patterns" (2003), "Dead Letter Channel"; Amazon SQS (FIFO queues, message
groups).

Guarantees: an acknowledged message has its effect once, after those before it of its key, or is
among the dead letters, where only such are that cannot be processed; under any number of crashes
and power losses of any servers. What waits is bounded. Nothing goes on while the broker, or every
consumer, is down.

Invariants: see ``Broker``.

Layout: ``broker`` and ``consumer`` are the servers, ``client`` sends and reads; ``bugs`` has them
with one decision wrong.

Left out: a broker that is replicated; forgetting what was processed.
"""

from splitbrain.harness.knobs import Knob
from splitbrain.harness.nemesis.claims import Claims
from splitbrain.harness.system import System
from splitbrain.systems.streams.message_queue.bugs import BUGS
from splitbrain.systems.streams.message_queue.client import QueueClient
from splitbrain.systems.streams.message_queue.servers import QueueServer

__all__ = ["SYSTEM"]

KNOBS = (
    Knob("bound", 4, 32, "most messages that wait", "broker.bound"),
    Knob("lease", 0.2, 1.0, "seconds until a message is handed out again", "broker.lease_s"),
    Knob("tries", 1, 5, "failures until a message is given up", "broker.tries"),
    Knob("work", 0.005, 0.06, "seconds that a message takes", "consumer.work_s"),
)

SYSTEM = System(
    name="message-queue",
    title="a message queue: redelivery in order, dead letters, back-pressure (chapter 11)",
    server=QueueServer,
    client=QueueClient,
    workloads=("deliveries",),
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
)
