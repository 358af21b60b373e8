"""The lock service through crashes, power losses and partitions.

pytest examples/lock_service
"""

from examples.lock_service.system import SYSTEM, fenced
from splitbrain import faults, simulate


@simulate(nodes=1, runs=20, faults=faults.swarm("process,net,clock,client"))
def test_lock(plan):
    return plan.using(SYSTEM.server, fenced(), claims=SYSTEM.claims)
