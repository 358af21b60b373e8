"""A right client of the workload siblings."""

from memory_clients import SetClient


class SiblingsClient(SetClient):
    """One replica: a key's values are those that nobody replaced."""

    async def read(self, key):
        return sorted(self.store.values.get(key, ()))

    async def write(self, key, value, over):
        self.store.values[key] = self.store.values.get(key, set()) - {*over} | {value}

    async def remove(self, key, over):
        self.store.values[key] = self.store.values.get(key, set()) - {*over}

    async def homes(self, key):
        return {server: await self.read(key) for server in ("n1", "n2")}


CLIENTS = {"siblings": SiblingsClient}
