"""The queue through crashes, power losses and partitions.

pytest examples/job_queue
"""

from examples.job_queue.system import SYSTEM, Client
from splitbrain import faults, simulate, workloads


@simulate(nodes=1, runs=20, faults=faults.swarm("process,net,clock,client"))
def test_queue(plan):
    return plan.using(SYSTEM.server, workloads.queue(Client), claims=SYSTEM.claims)
