"""The ledger as a system: its client, what it claims, and the bug of its first form.

splitbrain run examples/ledger/system.py --faults kill,power-loss
splitbrain run examples/ledger/system.py --ground processes --faults kill,terminate,pause
splitbrain run examples/ledger/system.py --bug LEDGER-01 --faults none
"""

import asyncio
import json

from splitbrain import Bug, Claims, System, address, asyncio_client, program

ENV = {"PORT": "{port:7300}"}


@asyncio_client
class Client:
    """A connection for each call."""

    def __init__(self, node, server):
        self.address = address(node, server, 7300)

    async def balances(self, accounts, opening):
        return await self.ask({"read": dict.fromkeys(accounts, opening)})

    async def transfer(self, source, target, amount, opening):
        return await self.ask({"from": source, "to": target, "amount": amount, "opening": opening})

    async def ask(self, request):
        reader, writer = await asyncio.open_connection(*self.address)
        try:
            writer.write(json.dumps(request).encode() + b"\n")
            return json.loads(await reader.readuntil())
        finally:
            writer.close()


SYSTEM = System(
    name="ledger",
    title="a ledger of accounts: asyncio streams, a log whose fsyncs are shared",
    server=program("examples.ledger.service:main", env=ENV),
    client=Client,
    workloads=("bank",),
    claims=Claims(("process", "net", "net.slicer", "net.reset", "clock", "client"), max_down="all"),
    nodes=1,
    sizes=range(1, 2),
    bugs=(
        Bug(
            id="LEDGER-01",
            title="a transfer is two changes with a wait between them",
            server=program("examples.ledger.first_form:main", env=ENV),
            workload="bank",
            faults=(),
            nodes=1,
            seeds=20,
            shows=("bank",),
            source="made up; read skew, DDIA chapter 7",
        ),
    ),
)
