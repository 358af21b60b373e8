"""The store under faults of its network, pauses, and clients that die.

pytest examples/rest_store
splitbrain run examples/rest_store/test_rest_store.py
"""

import httpx

from splitbrain import Definite, address, asyncio_client, faults, program, simulate, workloads

ENV = {
    "NAME": "{name}",
    "PORT": "{port:8080}",
    "PEERS": "{addresses:8080}",
    "PRIMARY": "n1",
}
FAULTS = faults.swarm("partition,pause,latency,loss,client")


@asyncio_client
class Client:
    """What the workload calls; all requests go to the primary."""

    def __init__(self, node, server):
        host, port = address(node, "n1", 8080)
        self.http = httpx.AsyncClient(base_url=f"http://{host}:{port}/values/", verify=False)

    async def read(self, key):
        reply = await self.http.get(key)
        return reply.raise_for_status().json()["value"]

    async def write(self, key, value):
        reply = await self.http.put(key, json={"value": value})
        reply.raise_for_status()

    async def cas(self, key, old, new):
        reply = await self.http.post(f"{key}/change", json={"old": old, "new": new})
        if reply.status_code == 409:
            raise Definite(f"{key} is not {old}")
        reply.raise_for_status()
        return True


@simulate(nodes=3, runs=10, time_limit="5s", faults=FAULTS)
def test_register(plan):
    store = program("examples.rest_store.service:main", env=ENV)
    return plan.using(store, workloads.register(Client))
