"""Clients of a store that lives in the test's memory: right ones, and ones that are wrong."""

from harness.client import Indefinite


class Store:
    """What all clients made by one factory share: a mapping, and a set as a list."""

    def __init__(self):
        self.values = {}
        self.elements = []
        self.operations = 0


def clients(cls, store=None):
    """A class of clients that share one store (a class, so that its methods are seen)."""
    shared = store or Store()
    return type(cls.__name__, (cls,), {"store": shared})


class ReadWriteClient:
    store: Store

    def __init__(self, node, server):
        self.server = server

    async def read(self, key):
        return self.store.values.get(key)

    async def write(self, key, value):
        self.store.values[key] = value


class RegisterClient(ReadWriteClient):
    async def cas(self, key, old, new):
        if self.store.values.get(key) != old:
            return False
        self.store.values[key] = new
        return True

    async def replica_state(self, server):
        return dict(self.store.values)


class ForgetfulClient(RegisterClient):
    """Every tenth write of all is acknowledged and lost."""

    async def write(self, key, value):
        self.store.operations += 1
        if self.store.operations % 10:
            await super().write(key, value)


class DoubtfulClient(RegisterClient):
    """Every fifth write's outcome is not known, though it happened."""

    async def write(self, key, value):
        await super().write(key, value)
        self.store.operations += 1
        if self.store.operations % 5 == 0:
            raise Indefinite("lost the connection")


class DivergedClient(RegisterClient):
    async def replica_state(self, server):
        return {**self.store.values, "x": server}


class SetClient:
    store: Store

    def __init__(self, node, server):
        self.server = server

    async def add(self, element):
        self.store.elements.append(element)

    async def read_all(self):
        return list(self.store.elements)


class ForgetfulSetClient(SetClient):
    async def add(self, element):
        if element != 17:
            await super().add(element)


class GetPutClient:
    store: Store

    def __init__(self, node, server):
        self.server = server

    async def get(self, key):
        return self.store.values.get(key)

    async def put(self, key, value):
        self.store.values[key] = value


class KvClient(GetPutClient):
    async def append(self, key, value):
        self.store.values[key] = self.store.values.get(key, "") + value

    async def cas(self, key, old, new):
        if self.store.values.get(key) != old:
            return False
        self.store.values[key] = new
        return True

    async def delete(self, key):
        self.store.values.pop(key, None)


class RepeatingKvClient(KvClient):
    """A retry after an answer that was lost: now and then an append happens twice."""

    async def append(self, key, value):
        self.store.operations += 1
        for _ in range(2 if self.store.operations % 5 == 0 else 1):
            await super().append(key, value)
