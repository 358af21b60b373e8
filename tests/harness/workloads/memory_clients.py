"""Clients of a store that lives in the test's memory: right ones, and ones that are wrong."""

from splitbrain.harness.client import Indefinite


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


class ChangingSetClient(SetClient):
    """A cluster that is always the same one server."""

    async def change(self, number):
        return ["n1"]

    async def transfer(self, number):
        return "n1"


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


class QueueClient(SetClient):
    async def enqueue(self, element):
        self.store.elements.append(element)

    async def dequeue(self):
        return self.store.elements.pop(0) if self.store.elements else None


class ForgetfulQueueClient(QueueClient):
    """Every tenth element that is taken is lost on its way."""

    async def dequeue(self):
        self.store.operations += 1
        if self.store.operations % 10 == 0:
            await super().dequeue()
        return await super().dequeue()


class RepeatingQueueClient(QueueClient):
    """Now and then an element is put back though it was handed out."""

    async def dequeue(self):
        element = await super().dequeue()
        self.store.operations += 1
        if element is not None and self.store.operations % 10 == 0:
            self.store.elements.append(element)
        return element


class UnsortedQueueClient(QueueClient):
    """The last comes first."""

    async def dequeue(self):
        return self.store.elements.pop() if self.store.elements else None


class DoubtfulQueueClient(QueueClient):
    """The tenth dequeue takes an element that nobody gets, and says that it doesn't know."""

    async def dequeue(self):
        element = await super().dequeue()
        self.store.operations += element is not None
        if element is not None and self.store.operations == 10:
            raise Indefinite("lost the connection")
        return element


class LockClient(SetClient):
    """A lock with tokens: the store's elements are the tokens, the last of them held or None."""

    async def acquire(self):
        if self.store.elements and self.store.elements[-1] is not None:
            return False
        self.store.operations += 1
        self.store.elements.append(self.store.operations)
        return self.store.operations

    async def release(self, token):
        self.store.elements.append(None)


class PatientLockClient(LockClient):
    """Every fifth who is refused gets the lock all the same."""

    async def acquire(self):
        token = await super().acquire()
        if token is False:
            self.store.operations += 1
            return self.store.operations % 5 == 0
        return token


class OldTokenClient(LockClient):
    """Every lock has the same token."""

    async def acquire(self):
        return await super().acquire() and 1


class CounterClient(SetClient):
    async def add(self, amount):
        self.store.elements.append(amount)

    async def read(self):
        return sum(self.store.elements)


class ForgetfulCounterClient(CounterClient):
    async def add(self, amount):
        if amount != 5:
            await super().add(amount)


class LogClient(SetClient):
    async def append(self, entry):
        self.store.elements.append(entry)
        return len(self.store.elements) - 1

    async def read(self):
        return list(self.store.elements)


class OverwritingLogClient(LogClient):
    """Every tenth append takes the place of the entry before."""

    async def append(self, entry):
        if entry % 10 == 9 and self.store.elements:
            self.store.elements[-1] = entry
            return len(self.store.elements) - 1
        return await super().append(entry)


class StoreClient:
    store: Store

    def __init__(self, node, server):
        self.server = server

    async def get(self, key):
        return self.store.values.get(key)

    async def put(self, key, value):
        self.store.values[key] = value

    async def delete(self, key):
        self.store.values.pop(key, None)

    async def batch(self, writes):
        for key, value in writes:
            await (self.put(key, value) if value is not None else self.delete(key))

    async def scan(self):
        return sorted(self.store.values.items())

    async def flush(self):
        pass

    async def compact(self):
        pass

    async def verify(self):
        return []


class ForgetfulStoreClient(StoreClient):
    """Every tenth put of all is acknowledged and lost."""

    async def put(self, key, value):
        self.store.operations += 1
        if self.store.operations % 10:
            await super().put(key, value)


CLIENTS = {
    "register": RegisterClient,
    "set": SetClient,
    "changing-set": ChangingSetClient,
    "kv": KvClient,
    "queue": QueueClient,
    "lock": LockClient,
    "counter": CounterClient,
    "log": LogClient,
    "store": StoreClient,
}
"""A right client for each workload that a store is enough for."""
