"""A right client of the workload aged-reads: it is never behind."""

from memory_clients import ReadWriteClient


class AgedClient(ReadWriteClient):
    async def aged(self, key):
        return await self.read(key), 0.0


CLIENTS = {"aged-reads": AgedClient}
