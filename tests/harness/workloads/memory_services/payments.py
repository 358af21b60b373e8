"""A right client of the workload payments."""

from memory_clients import SetClient


class PaymentsClient(SetClient):
    """What was paid are the store's elements."""

    async def pay(self, request, account, amount):
        self.store.elements.append([request, account, amount])

    async def ledger(self):
        return list(self.store.elements)


CLIENTS = {"payments": PaymentsClient}
