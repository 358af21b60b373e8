"""A right client of the workload scan."""

from memory_clients import SetClient


class ItemsClient(SetClient):
    async def put_item(self, key, color, number):
        self.store.values[key] = color, number

    async def delete_item(self, key):
        self.store.values.pop(key, None)

    async def find(self, color):
        return [[key, item[1]] for key, item in self.store.values.items() if item[0] == color]

    async def scan(self):
        return [[key, *item] for key, item in self.store.values.items()]

    async def move_range(self, key, number):
        return "n1"


CLIENTS = {"scan": ItemsClient}
