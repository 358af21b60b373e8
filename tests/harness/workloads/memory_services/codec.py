"""A right client of the workload codec."""

from memory_clients import SetClient

from splitbrain.checkers.encoding.person import seen
from splitbrain.harness.client import Definite


class RecordsClient(SetClient):
    """Everything is of the newest version."""

    async def put(self, key, format, record):
        self.store.operations += 1
        self.store.values[key] = self.store.operations, dict(record)
        return [3, self.store.operations]

    async def edit(self, key, note):
        if key not in self.store.values:
            raise Definite("not there")
        return await self.put(key, "any", self.store.values[key][1] | {"note": note})

    async def get(self, key):
        if key not in self.store.values:
            return ["none", 3]
        position, record = self.store.values[key]
        return ["read", 3, position, seen(record, 3, 3)]

    async def cut(self, key, count):
        return ["refused", "it is not whole"]


CLIENTS = {"codec": RecordsClient}
