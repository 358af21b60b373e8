"""A system to hunt in, by name: `Forgetful` loses what it acknowledged, `Durable` does not."""

import os
from concurrent.futures import Executor, Future
from contextlib import nullcontext

from small_register import Client, Durable, Forgetful

from splitbrain.harness.client import Definite
from splitbrain.harness.hunting.drawing import Target
from splitbrain.harness.hunting.hunt import Crew
from splitbrain.harness.hunting.pool import Workers
from splitbrain.harness.workloads import register

MAKE = "hunted:experiment"


class AtOnce(Executor):
    """Does the work when it is handed in."""

    def submit(self, function, /, *arguments, **named):
        future = Future()
        try:
            future.set_result(function(*arguments, **named))
        except Exception as error:  # noqa: BLE001 - as every executor does
            future.set_exception(error)
        return future


def crew(runners=None, others=None):
    """Workers that are no processes, unless other executors are given."""

    def workers(executor):
        return Workers(lambda: nullcontext(executor or AtOnce()), 1)

    here = workers(runners)
    made = Crew(here, here, workers(others))
    for each in (made.runners, made.others):
        each.__enter__()
    return made


class Peeking(Durable):
    """Answers depend on the process: what only another process shows."""

    async def run(self):
        if os.environ.get("PYTHONHASHSEED") == "1":
            await self.node.disk.fsync("nothing")
        await super().run()


class Refusing(Client):
    """Takes everything in and does nothing."""

    async def read(self, key):
        raise Definite("not now")

    write = cas = lambda self, key, *values: self.read(key)


SERVERS = {"refusing": Durable, "durable": Durable, "forgetful": Forgetful, "peeking": Peeking}
BUGS = {"forgets": Forgetful, "forgets-too": Forgetful, "harmless": None}


def experiment(plan):
    if plan.system == "broken":
        raise RuntimeError("no such thing")
    server = BUGS.get(plan.bug) or SERVERS[plan.system]
    client = Refusing if plan.system == "refusing" else Client
    return plan.using(server, register(client))


def target(system, faults=("kill",)):
    return Target(system, ("register",), 1, None, faults, make=MAKE)
