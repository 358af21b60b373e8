"""The ledger through crashes, power losses and partitions.

pytest examples/ledger
"""

from examples.ledger.system import SYSTEM, Client
from splitbrain import faults, simulate, workloads


@simulate(nodes=1, runs=20, faults=faults.swarm("process,net,clock,client"))
def test_ledger(plan):
    return plan.using(SYSTEM.server, workloads.bank(Client), claims=SYSTEM.claims)
