"""A right client of the workload broadcast."""

from memory_clients import SetClient


class BroadcastClient(SetClient):
    """Messages are the store's elements; all servers deliver them at once."""

    async def broadcast(self, message):
        self.store.elements.append(message)

    async def deliveries(self, after):
        return self.server, self.store.elements[after:]

    async def drain(self):
        return self.server, self.store.elements


CLIENTS = {"broadcast": BroadcastClient}
