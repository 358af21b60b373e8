"""A service that recovers from too much load.

    client --work--> gateway --call, call--> service: queue, one worker
                     breaker, budget         refuses what would wait too long,
                     deadline travels        skips what nobody waits for

The problem (Bronson et al., "Metastable Failures in Distributed Systems", HotOS 2021): for ten
seconds there is more to do than can be done. Requests time out in the queue and are tried again, so
there is still more; and when the ten seconds are over, the service works at full speed on requests
that nobody waits for, for ever.

The idea: a request says how long its caller will wait. One that could not be answered in time is
refused at once, one that was given up is skipped, retries have a budget
(`splitbrain.systems.reliability.calling`), and a breaker stops calling for a while.

Guarantees: two seconds after the last spike or fault, nine in ten requests of a load that the
service can bear are answered in time. Nothing is durable here.

Layout: ``service`` works, gateways are those of `splitbrain.systems.reliability.payments`,
``servers`` says which is which, ``client`` asks; ``bugs`` has them with one decision wrong;
``summary`` is the sketch with its weaknesses.

Left out: several workers, fairness between clients, priorities.
"""

from splitbrain.harness.nemesis.claims import Claims
from splitbrain.harness.system import System
from splitbrain.systems.reliability.overload.bugs import BUGS
from splitbrain.systems.reliability.overload.client import OverloadClient
from splitbrain.systems.reliability.overload.servers import OverloadServer
from splitbrain.systems.reliability.pictures import BREAKERS

__all__ = ["SYSTEM"]

SYSTEM = System(
    name="overload",
    title="a service that recovers from too much load (chapter 1)",
    server=OverloadServer,
    client=OverloadClient,
    workloads=("open-loop",),
    claims=Claims(
        ("process", "net", "service", "clock.bump", "client", "scenario"), max_down="all"
    ),
    sizes=range(2, 10),
    bugs=BUGS,
    pictures=(BREAKERS,),
)
