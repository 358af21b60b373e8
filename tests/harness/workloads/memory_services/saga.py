"""A right client of the workload saga."""

from memory_clients import SetClient

from splitbrain.harness.client import Definite

SEATS = 2


class OrdersClient(SetClient):
    """Two services, which agree on everything and have two seats for each day."""

    async def order(self, number, day):
        if sum(other == day for _, other in self.store.elements) == SEATS:
            raise Definite("no seat was left")
        self.store.elements.append((number, day))

    async def ledgers(self):
        done = [(number, "did") for number, _ in self.store.elements]
        return {"a": done, "b": done}


CLIENTS = {"saga": OrdersClient}
