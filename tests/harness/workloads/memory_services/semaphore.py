"""A right client of the workload semaphore."""

from memory_clients import SetClient


class SemaphoreClient(SetClient):
    """Who holds a permit are the store's elements."""

    async def take(self, permits):
        if len(self.store.elements) >= permits:
            return False
        self.store.operations += 1
        self.store.elements.append(self.store.operations)
        return self.store.operations

    async def give(self, token):
        self.store.elements.remove(token)


CLIENTS = {"semaphore": SemaphoreClient}
