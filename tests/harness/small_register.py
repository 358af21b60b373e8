"""A user's own system, small enough to see through: registers that one server keeps.

`Durable` writes to its disk before it answers; `Forgetful` keeps everything in memory, so that a
restart loses acknowledged writes.
"""

import json

from splitbrain.harness import Definite
from splitbrain.harness.client import request


class Durable:
    saves = True

    def __init__(self, node):
        self.node = node

    async def run(self):
        node, values = self.node, {}
        if node.disk.exists("log"):
            for line in node.disk.read("log").splitlines():
                values.update(json.loads(line))
        while True:
            source, (_, identity, f, key, *arguments) = await node.network.receive()
            answer = True
            if f == "read":
                answer = values.get(key)
            elif f == "cas" and values.get(key) != arguments[0]:
                answer = False
            else:
                values[key] = arguments[-1]
                if self.saves:
                    node.disk.append("log", json.dumps({key: values[key]}).encode() + b"\n")
                    await node.disk.fsync("log")
            node.network.send(source, ("reply", identity, answer))


class Forgetful(Durable):
    saves = False


class Client:
    def __init__(self, node, server):
        self.node = node

    async def read(self, key):
        return (await request(self.node, "n1", "read", key))[0]

    async def write(self, key, value):
        await request(self.node, "n1", "write", key, value)

    async def cas(self, key, old, new):
        return (await request(self.node, "n1", "cas", key, old, new))[0]


class Reluctant(Client):
    async def write(self, key, value):
        raise Definite("this client never writes")
