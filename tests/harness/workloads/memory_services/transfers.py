"""A right client of the workload transfers."""

from memory_clients import SetClient


class TransfersClient(SetClient):
    """Entries are the store's elements."""

    async def transfer(self, request, source, target, amount):
        self.store.elements += [[request, source, -amount], [request, target, amount]]

    async def accounts(self):
        balances = {}
        for _, account, amount in self.store.elements:
            balances[account] = balances.get(account, 0) + amount
        return {"entries": list(self.store.elements), "balances": balances}


CLIENTS = {"transfers": TransfersClient}
