"""A right client of the workload cache."""

from memory_clients import SetClient


class CacheClient(SetClient):
    """There is no cache."""

    async def read(self, key):
        return self.store.values.get(key)

    async def write(self, key, value):
        self.store.values[key] = value


CLIENTS = {"cache": CacheClient}
