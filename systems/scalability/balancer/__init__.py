"""A load balancer: each request to the less loaded of two backends that seem well.

    client --call--> balancer --work--> backend     two drawn of those that answer pings,
                        |                           have not failed lately and are not drained;
                        +--ping, pong-- backends    the one with less under way

The problem (DDIA chapter 1, "Approaches for Coping with Load"): of many servers some are dead, some
cannot be reached, and some fail so fast that they seem to have nothing to do; and each is restarted
now and then.

The idea: a backend is well if it answered a ping of the last half second (asked and answered: that
it is heard says nothing of whether it hears), and is left alone for a second after three failures
in a row, timeouts included. Of two drawn at random the less loaded gets the request. Before a
restart a backend gets nothing new, until what it has is done.

Guarantees: no request goes to a backend that has been dead for a second, nor to one within half a
second of five failures in a row while there is another; never to the one that has most under way; a
restart drops no request that the balancer waits for. What was answered is durable. Hosts' monotonic
clocks must run at the right rate.

Layout: ``balancer`` forwards, ``health`` knows of the backends, ``backend`` works, ``servers`` says
which is which, ``client`` asks; ``bugs`` has them with one decision wrong.

Left out: a second balancer, backends that come and go, sessions that stay at one.
"""

from splitbrain.harness.nemesis.claims import Claims
from splitbrain.harness.system import System
from splitbrain.systems.scalability.balancer.bugs import BUGS
from splitbrain.systems.scalability.balancer.client import BalancedClient
from splitbrain.systems.scalability.balancer.pictures import REQUESTS
from splitbrain.systems.scalability.balancer.servers import BalancedServer

__all__ = ["SYSTEM"]

SYSTEM = System(
    name="load-balancer",
    title="a load balancer with health checks, ejection and draining (chapter 1)",
    server=BalancedServer,
    client=BalancedClient,
    workloads=("lb",),
    claims=Claims(
        (
            "process",
            "net",
            "service",
            "clock.bump",
            "disk.slow",
            "disk.stall",
            "client",
            "scenario",
        ),
        max_down="all",
        notices=("disk.eio", "disk.enospc"),
    ),
    nodes=4,
    sizes=range(3, 10),
    bugs=BUGS,
    pictures=(REQUESTS,),
)
