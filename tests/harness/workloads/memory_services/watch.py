"""A right client of the workload watch."""

from memory_clients import SetClient


class WatchClient(SetClient):
    """Changes are the store's elements; their positions are revisions."""

    async def publish(self, key, value):
        self.store.elements.append((len(self.store.elements) + 1, key, value))
        return len(self.store.elements)

    async def watch(self, after):
        return len(self.store.elements), self.store.elements[after:]

    async def snapshot(self):
        return len(self.store.elements), {key: value for _, key, value in self.store.elements}

    async def oldest(self):
        return 0


CLIENTS = {"watch": WatchClient}
