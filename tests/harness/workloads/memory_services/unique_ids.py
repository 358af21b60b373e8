"""A right client of the workload unique-ids."""

from memory_clients import SetClient


class IdentifiersClient(SetClient):
    async def generate(self):
        self.store.operations += 1
        return self.store.operations


CLIENTS = {"unique-ids": IdentifiersClient}
