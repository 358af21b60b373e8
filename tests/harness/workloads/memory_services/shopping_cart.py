"""A right client of the workload shopping-cart."""

from memory_clients import SetClient


class CartClient(SetClient):
    """One replica: nothing is ever merged."""

    async def put_in(self, cart, item):
        self.store.values.setdefault(cart, set()).add(item)

    async def take_out(self, cart, item):
        self.store.values[cart].discard(item)

    async def items(self, cart):
        return sorted(self.store.values.get(cart, ()))


CLIENTS = {"shopping-cart": CartClient}
