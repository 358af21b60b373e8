"""The board as a system: its client, what it claims, and the bug of its first form.

splitbrain run examples/notice_board/system.py --faults partition,pause
splitbrain hunt examples/notice_board/system.py --bug BOARD-01
"""

import asyncio

from splitbrain import Bug, Claims, Definite, System, address, asyncio_client, program

ENV = {"PORT": "{port:7300}", "PEERS": "{addresses:7300}"}


@asyncio_client
class Client:
    """A connection for each call."""

    def __init__(self, node, server):
        self.address = address(node, server, 7300)

    async def add(self, element):
        answer = await self.ask(f"ADD {element}")
        if answer == "FULL":
            raise Definite("the board has no such place")
        if answer != "OK":
            raise ValueError(answer)

    async def read_all(self):
        return [int(number) for number in (await self.ask("LIST")).split()]

    async def ask(self, line):
        reader, writer = await asyncio.open_connection(*self.address)
        try:
            writer.write(f"{line}\n".encode())
            return (await reader.readuntil()).decode().strip()
        finally:
            writer.close()


SYSTEM = System(
    name="notice-board",
    title="a notice board on kademlia, a distributed hash table from PyPI",
    server=program("examples.notice_board.service:main", library="asyncio", env=ENV),
    client=Client,
    workloads=("set",),
    claims=Claims(
        ("process.pause", "net", "net.slicer", "net.reset", "clock", "client"), max_down="all"
    ),
    nodes=3,
    sizes=range(2, 6),
    bugs=(
        Bug(
            id="BOARD-01",
            title="a node that was cut off for some seconds never finds the others again",
            server=program("examples.notice_board.first_form:main", library="asyncio", env=ENV),
            workload="set",
            faults=("net.partition",),
            nodes=2,
            seeds=20,
            shows=("set-full",),
            options={"read": 0.02},
            source="kademlia 2.2.3: protocol.py, handle_call_response; network.py, refresh_table",
        ),
    ),
)
