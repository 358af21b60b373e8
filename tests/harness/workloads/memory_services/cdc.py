"""A right client of the workload cdc."""

from memory_clients import SetClient

from splitbrain.checkers.streams.views import index_of


class CdcClient(SetClient):
    """The index is made when it is read."""

    async def put(self, key, value):
        self.store.operations += 1
        self.store.values[key] = value
        return self.store.operations

    async def delete(self, key):
        self.store.operations += 1
        self.store.values.pop(key, None)
        return self.store.operations

    async def view(self):
        entries = index_of(self.store.values)
        return {"position": self.store.operations, "entries": entries}


CLIENTS = {"cdc": CdcClient}
