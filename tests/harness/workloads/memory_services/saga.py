"""A right client of the workload saga."""

from memory_clients import SetClient

from splitbrain.harness.client import Definite


class OrdersClient(SetClient):
    """Two services, which agree on everything; every tenth order is refused."""

    async def order(self, number, day):
        if number % 10 == 9:
            raise Definite("no seat was left")
        self.store.elements.append((number, "did"))

    async def ledgers(self):
        return {"a": self.store.elements, "b": self.store.elements}


CLIENTS = {"saga": OrdersClient}
