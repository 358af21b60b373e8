"""The board through partitions, pauses and lost datagrams.

pytest examples/notice_board
"""

from examples.notice_board.system import SYSTEM, Client
from splitbrain import faults, simulate, workloads


@simulate(nodes=3, runs=10, faults=faults.swarm("pause,net,clock,client"))
def test_board(plan):
    return plan.using(SYSTEM.server, workloads.set_(Client, read=0.02), claims=SYSTEM.claims)
