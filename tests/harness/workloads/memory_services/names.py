"""A right client of the workload names."""

from memory_clients import ReadWriteClient


class NamesClient(ReadWriteClient):
    async def claim(self, name, owner):
        return self.store.values.setdefault(name, owner)

    async def owner(self, name):
        return self.store.values.get(name)


CLIENTS = {"names": NamesClient}
