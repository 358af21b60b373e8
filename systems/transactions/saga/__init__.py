"""A saga: an order of a seat at each of several services, and what undoes it.

    client --order--> n1 --do--> n2, then n3          all did: booked
                         --undo--> n2, n3             one refused: compensated

The problem (DDIA chapter 9, "Distributed Transactions in Practice"): services of different owners
take part in no common transaction, and holding locks while one of them thinks costs the others too
much. So each step commits by itself, and others see it before the rest is done.

The idea: every step has a *compensation*, which undoes what it meant. If a step can't be done,
those before it are compensated. Messages are late, lost, doubled, and overtake each other, and
everybody may crash, so steps and compensations are asked for again and again, and are done once.

Sources: Garcia-Molina and Salem, "Sagas", SIGMOD 1987; Helland, "Life beyond Distributed
Transactions: an Apostate's Opinion", CIDR 2007; Richardson, "Microservices Patterns", 2018,
chapter 4.

Guarantees: an order that was booked has its seat at every service; one that was refused has none in
the end, and none is left half done. No isolation: a seat that is taken back later was missing to
others meanwhile. While a service is down, orders are refused.

Invariants stand with ``orchestrator`` and ``service``.

Layout: ``orchestrator`` decides, ``service`` does and undoes, ``servers`` says which server is
which, ``client`` orders; ``bugs`` has them with one decision wrong.

Left out: replicas of the orchestrator, steps that can't be undone.
"""

from splitbrain.harness.knobs import Knob
from splitbrain.harness.nemesis.claims import Claims
from splitbrain.harness.system import System
from splitbrain.systems.transactions.saga.bugs import BUGS
from splitbrain.systems.transactions.saga.client import SagaClient
from splitbrain.systems.transactions.saga.pictures import ORDERS
from splitbrain.systems.transactions.saga.servers import SagaServer

__all__ = ["SYSTEM"]

KNOBS = (
    Knob(
        "resend",
        0.03,
        0.3,
        "time until a service is asked again, in seconds",
        "orchestrator.resend_s",
    ),
    Knob("patience", 0.3, 1.5, "longest wait for a step, in seconds", "orchestrator.patience_s"),
    Knob("seats", 1, 10, "seats that a service has for a day", "service.seats"),
)

SYSTEM = System(
    name="saga",
    title="a saga with compensations over services that commit by themselves (chapter 9)",
    server=SagaServer,
    client=SagaClient,
    workloads=("saga",),
    claims=Claims(
        ("process", "net", "clock", "disk.slow", "disk.stall", "client", "scenario"),
        max_down="all",
    ),
    sizes=range(2, 6),
    bugs=BUGS,
    knobs=KNOBS,
    pictures=(ORDERS,),
)
