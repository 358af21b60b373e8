"""A right client of the workload rebalance."""

from memory_clients import KvClient


class RebalancingClient(KvClient):
    """One server, which has every range."""

    async def move_range(self, key, number):
        return "n1"

    async def split_range(self, key):
        pass

    async def merge_range(self, key):
        pass


CLIENTS = {"rebalance": RebalancingClient}
