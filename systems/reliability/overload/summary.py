"""Blind retries in front of a service that takes everything, as the summary's page of code has it.

Guarantees: none once there was more than it can do: each call is made four times, none of which is
answered in time, so that there is more to do than ever (`splitbrain.systems.reliability.payments`
has the same calls in front of a ledger).
"""

from __future__ import annotations

from splitbrain.harness.bug import planted
from splitbrain.harness.nemesis.claims import Claims
from splitbrain.harness.system import System
from splitbrain.systems.reliability.overload.bugs import TakesEverything
from splitbrain.systems.reliability.overload.client import OverloadClient
from splitbrain.systems.reliability.overload.servers import OverloadServer
from splitbrain.systems.reliability.payments.gateway import Gateway
from splitbrain.systems.reliability.payments.summary import SummaryCaller

SYSTEM = System(
    name="overload-summary",
    title="blind retries in front of a queue without end, as sketched (chapter 1)",
    server=planted(
        OverloadServer,
        service=TakesEverything,
        gateway=planted(Gateway, caller_class=SummaryCaller),
    ),
    client=OverloadClient,
    workloads=("open-loop",),
    claims=Claims(kinds=(), max_down=0),
    form="summary",
    sizes=range(2, 10),
)
