"""A system to hunt in, by name: `Forgetful` loses what it acknowledged, `Durable` does not."""

import os

from small_register import Client, Durable, Forgetful

from splitbrain.harness.hunting.drawing import Target
from splitbrain.harness.workloads import register

MAKE = "hunted:experiment"


class Peeking(Durable):
    """Answers depend on the process: what only another process shows."""

    async def run(self):
        if os.environ.get("PYTHONHASHSEED") == "1":
            await self.node.disk.fsync("nothing")
        await super().run()


SERVERS = {"durable": Durable, "forgetful": Forgetful, "peeking": Peeking}


def experiment(plan):
    if plan.system == "broken":
        raise RuntimeError("no such thing")
    return plan.using(SERVERS[plan.system], register(Client))


def target(system, faults=("kill",)):
    return Target(system, ("register",), 1, None, faults)
