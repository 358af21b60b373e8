"""A right client of the workload versions."""

from memory_clients import SetClient


class VersionsClient(SetClient):
    """Rows are the store's values, with their versions."""

    async def write_version(self, key, value):
        version = self.store.values.get(key, (0, None))[0] + 1
        self.store.values[key] = version, value
        return version

    async def read_version(self, key):
        return self.store.values.get(key, (0, None))


CLIENTS = {"versions": VersionsClient}
