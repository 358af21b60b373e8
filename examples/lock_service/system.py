"""The lock service as a system: its client, what it claims, and the bug of its first form.

splitbrain run examples/lock_service/system.py --faults power-loss
splitbrain run examples/lock_service/system.py --ground processes --faults kill,pause,partition
splitbrain hunt examples/lock_service/system.py --bug LOCK-01
"""

import json

import trio

from splitbrain import Bug, Claims, Definite, System, address, program, workloads

ENV = {"PORT": "{port:7100}"}


class Client:
    """A connection for each call."""

    def __init__(self, node, server):
        self.address = address(node, server, 7100)

    async def acquire(self):
        token = (await self.ask(do="acquire"))["token"]
        return False if token is None else token

    async def release(self, token):
        if not (await self.ask(do="release", token=token))["released"]:
            raise Definite("somebody else holds it")

    async def ask(self, **request):
        async with await trio.open_tcp_stream(*self.address) as stream:
            await stream.send_all(json.dumps(request).encode() + b"\n")
            reply = b""
            while not reply.endswith(b"\n"):
                chunk = await stream.receive_some()
                if not chunk:
                    raise ConnectionError("the server has gone")
                reply += chunk
            return json.loads(reply)


SYSTEM = System(
    name="lock-service",
    title="a lock with fencing tokens: trio, lines of JSON over TCP, a file",
    server=program("examples.lock_service.service:main", env=ENV),
    client=Client,
    workloads=("lock",),
    claims=Claims(("process", "net", "net.slicer", "net.reset", "clock", "client"), max_down="all"),
    nodes=1,
    sizes=range(1, 2),
    bugs=(
        Bug(
            id="LOCK-01",
            title="the state is written and not synced",
            server=program("examples.lock_service.first_form:main", env=ENV),
            workload="lock",
            faults=("process.power_loss",),
            nodes=1,
            seeds=20,
            shows=("linearizable(mutex)", "unhandled-exceptions"),
            source="made up; a file that is written in place is neither atomic nor durable",
        ),
    ),
)


def fenced():
    """The workload that also looks at the tokens: each is greater than all before it."""
    return workloads.lock(Client, fenced=True)
