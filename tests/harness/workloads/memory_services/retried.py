"""A right client of the workload http-retry."""

from memory_clients import RegisterClient


class RetriedClient(RegisterClient):
    """Counters are the store's registers."""

    async def post(self, path, amount):
        self.store.values[path] = self.store.values.get(path, 0) + amount

    async def get(self, path):
        return self.store.values.get(path, 0)


CLIENTS = {"http-retry": RetriedClient}
