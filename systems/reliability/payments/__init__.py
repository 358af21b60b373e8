"""Payments with effect exactly once, behind gateways that retry.

    client --pay 17--> gateway --call, call, call--> processor --> ledger on disk
           <--ok / refused / unknown--     <--position--

The problem (DDIA chapter 11, "Idempotence"; chapter 12, "The End-to-End Argument for Databases"): a
payment whose answer is lost must be tried again and must not be paid again, and nobody may be told
that it failed while it is still under way.

The idea: the client numbers its payments, and the number travels with the request all the way; the
processor keeps it in the same record as the effect, so the two are durable together or not at all.
Gateways then retry as much as `splitbrain.systems.reliability.calling` lets them.

Guarantees: an acknowledged payment is in the ledger once and stays there, under any number of
crashes and power losses of any servers, as long as disks keep what they synced; one that was told
as failed never is. Gateways make at most ``burst + share * calls`` retries, with jitter; their
breakers keep to their state machine. Nothing is paid while the processor is down.

Layout: ``gateway`` and ``processor`` are the two kinds of servers, ``servers`` says which is which,
``ledger`` is the file, ``client`` asks; ``bugs`` has all of it with one decision wrong; ``summary``
is the sketch with its weaknesses.

Left out: a second processor that takes over (`splitbrain.systems.reliability.replicated_payments`
has it), and forgetting old numbers.
"""

from splitbrain.checkers.calls import backoff_spread, breaker_states, retry_amplification
from splitbrain.harness.knobs import Knob
from splitbrain.harness.nemesis.claims import Claims
from splitbrain.harness.system import System
from splitbrain.systems.reliability.calling import Policy
from splitbrain.systems.reliability.gateways import GATEWAY_KNOBS
from splitbrain.systems.reliability.payments.bugs import BUGS
from splitbrain.systems.reliability.payments.client import PaymentsClient
from splitbrain.systems.reliability.payments.servers import PaymentsServer
from splitbrain.systems.reliability.pictures import BREAKERS

__all__ = ["SYSTEM"]

_POLICY = Policy()

KNOBS = (
    Knob(
        "hedge_after",
        0.0,
        0.3,
        "time after which a call that is not answered is made a second time, in seconds; 0: never",
        "gateway.policy.hedge_after",
    ),
    *GATEWAY_KNOBS,
)

SYSTEM = System(
    name="payments",
    title="payments with effect exactly once, behind gateways that retry (chapters 1 and 11)",
    server=PaymentsServer,
    client=PaymentsClient,
    workloads=("payments",),
    claims=Claims(
        ("process", "net", "service", "clock", "disk.slow", "disk.stall", "client", "scenario"),
        max_down="all",
    ),
    checkers=(
        retry_amplification(burst=_POLICY.burst, share=_POLICY.share),
        backoff_spread(),
        breaker_states(),
    ),
    sizes=range(2, 10),
    bugs=BUGS,
    knobs=KNOBS,
    pictures=(BREAKERS,),
)
