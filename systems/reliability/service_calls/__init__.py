"""Calls of several services: what may be tried again is, and each service has its own breaker.

    client --post x +3, get x--> gateway --call--> endpoint n2, n3, n4: counters on disk
                                  one caller, budget and breaker for each of them

The problem (DDIA chapter 1, "Reliability"; chapter 8, "Unreliable Networks"): of the services that
a program calls one is slow, one is gone, and the others are well. A *get* may be made as often as
one likes; a *post* that was not answered may have been done, and nothing tells its repetition from
another post. And whoever counts all failures together stops calling those that are well.

The idea: a call says whether it is idempotent (RFC 9110, section 9.2.2), and one that is not is
never made again once it is in doubt. Budget, breaker and backoff of
`splitbrain.systems.reliability.calling` are an endpoint's own, so that what happens to one says
nothing of the others.

Guarantees: a post has its effect at most once, and exactly once if it is acknowledged; a get shows
all that were acknowledged before; retries of an endpoint stay within its budget; no call is kept
from an endpoint that answers. Copies of one message are told by its number, which the endpoint
keeps in the record of the effect; a post that no breaker let through is in doubt all the same,
since a copy of it may be. Hosts' monotonic clocks must not stand still.

Layout: ``gateway`` calls, ``endpoint`` has the effect, ``servers`` says which is which, ``client``
asks; ``bugs`` has them with one decision wrong.

Left out: idempotency keys, which make a post idempotent: `splitbrain.systems.reliability.payments`
has them.
"""

from splitbrain.harness.nemesis.claims import Claims
from splitbrain.harness.system import System
from splitbrain.systems.reliability.gateways import GATEWAY_KNOBS
from splitbrain.systems.reliability.pictures import BREAKERS
from splitbrain.systems.reliability.service_calls.bugs import BUGS
from splitbrain.systems.reliability.service_calls.client import ServiceClient
from splitbrain.systems.reliability.service_calls.servers import ServiceServer

__all__ = ["SYSTEM"]

SYSTEM = System(
    name="service-calls",
    title="calls of several services, each behind a breaker of its own (chapter 1)",
    server=ServiceServer,
    client=ServiceClient,
    workloads=("http-retry", "breaker"),
    claims=Claims(
        ("process", "net", "service", "clock", "disk.slow", "disk.stall", "client", "scenario"),
        max_down="all",
    ),
    nodes=4,
    sizes=range(3, 10),
    bugs=BUGS,
    knobs=GATEWAY_KNOBS,
    pictures=(BREAKERS,),
)
