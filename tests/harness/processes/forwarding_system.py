"""The store that forwards by UDP, as a system; also for ``splitbrain run``."""

import json
import sys
from pathlib import Path

import trio

from splitbrain import System, address, command

STORE = Path(__file__).with_name("forwarding_store.py")


def store(*form):
    words = (sys.executable, str(STORE), "{name}", "{host}", "{port}", "{addresses}", *form)
    return command(words)


class Client:
    def __init__(self, node, server):
        self.address = address(node, server)

    async def ask(self, *request):
        async with await trio.open_tcp_stream(*self.address) as stream:
            await stream.send_all(json.dumps(request).encode() + b"\n")
            answer = b""
            while not answer.endswith(b"\n"):
                more = await stream.receive_some()
                if not more:
                    raise ConnectionError("it has closed the connection")
                answer += more
        return json.loads(answer)

    async def read(self, key):
        return await self.ask("read", key)

    async def write(self, key, value):
        await self.ask("write", key, value)

    async def cas(self, key, old, new):
        return await self.ask("cas", key, old, new)


SYSTEM = System(
    name="forwarding-store",
    title="a store whose nodes ask the first by UDP",
    server=store(),
    client=Client,
    workloads=("register",),
    nodes=3,
)
