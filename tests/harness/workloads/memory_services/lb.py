"""A right client of the workload lb."""

from memory_clients import SetClient


class BalancedClient(SetClient):
    """There is one backend."""

    async def call(self, number):
        return "n2"

    async def restart(self, position):
        return "n2"


CLIENTS = {"lb": BalancedClient}
