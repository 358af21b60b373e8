"""Clients of a store that lives in the test's memory: right ones, and ones that are wrong."""

from splitbrain.harness.client import Definite, Indefinite


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


class TransactionClient:
    """Everything that workloads of transactions call, each at one moment."""

    store: Store

    def __init__(self, node, server):
        self.server = server

    async def transaction(self, micro_operations):
        return [self.micro(*micro) for micro in micro_operations]

    def micro(self, f, key, value):
        values = self.store.values
        if f == "r":
            seen = values.get(key)
            return [f, key, list(seen) if isinstance(seen, list) else seen]
        values[key] = value if f == "w" else [*values.get(key, []), value]
        return [f, key, value]

    async def transfer(self, source, target, amount, opening):
        values = self.store.values
        if values.get(source, opening) < amount:
            return False
        values[source] = values.get(source, opening) - amount
        values[target] = values.get(target, opening) + amount
        return True

    async def balances(self, accounts, opening):
        return {account: self.store.values.get(account, opening) for account in accounts}

    async def on_call(self, shift, doctors):
        return [name for name in doctors if self.store.values.get((shift, name), True)]

    async def leave(self, shift, doctor, doctors):
        present = await self.on_call(shift, doctors)
        if doctor not in present or len(present) < 2:
            return False
        self.store.values[shift, doctor] = False
        return True

    async def join(self, shift, doctor):
        self.store.values[shift, doctor] = True

    async def book(self, room, start, end, guest):
        if any(first < end and start < last for first, last, _ in await self.bookings(room)):
            return False
        self.store.values.setdefault(room, []).append([start, end, guest])
        return True

    async def bookings(self, room):
        return list(self.store.values.get(room, []))


class DirtyTransactionClient(TransactionClient):
    """Every seventh transaction is refused though its first operation has happened."""

    async def transaction(self, micro_operations):
        self.store.operations += 1
        if self.store.operations % 7:
            return await super().transaction(micro_operations)
        self.micro(*micro_operations[0])
        raise Definite("rolled back, in part")


class ForgetfulTransactionClient(TransactionClient):
    """Every seventh transaction is acknowledged without its last operation."""

    async def transaction(self, micro_operations):
        self.store.operations += 1
        if self.store.operations % 7:
            return await super().transaction(micro_operations)
        await super().transaction(micro_operations[:-1])
        return [
            [f, key, self.store.values.get(key) if f == "r" else v]
            for f, key, v in micro_operations
        ]


class LeakyBankClient(TransactionClient):
    """The fee of a transfer of five goes to nobody."""

    async def transfer(self, source, target, amount, opening):
        done = await super().transfer(source, target, amount, opening)
        if done and amount == 5:
            self.store.values[target] -= 1
        return done


class CarelessDoctorsClient(TransactionClient):
    """Whoever wants to leave leaves."""

    async def leave(self, shift, doctor, doctors):
        self.store.values[shift, doctor] = False
        return True


class OverbookingClient(TransactionClient):
    """Looks only at bookings that begin in the same hour."""

    async def book(self, room, start, end, guest):
        if any(first == start for first, _, _ in await self.bookings(room)):
            return False
        self.store.values.setdefault(room, []).append([start, end, guest])
        return True


class StubbornClient(TransactionClient):
    """Answers no read any more once all have asked a few times."""

    async def balances(self, accounts, opening):
        self.store.operations += 1
        if self.store.operations > 5:
            raise Indefinite("no answer")
        return await super().balances(accounts, opening)


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


class ForkingClient(TransactionClient):
    """Each server shows its own writes at once, and those of others at every fifth write of all."""

    async def transaction(self, micro_operations):
        shown = self.store.values.setdefault(self.server, set())
        if micro_operations[0][0] == "w":
            self.store.elements.append(micro_operations[0][1])
            shown.add(self.store.elements[-1])
            if len(self.store.elements) % 5 == 0:
                shown |= {*self.store.elements}
        return [
            [f, key, (1 if key in shown else None) if f == "r" else value]
            for f, key, value in micro_operations
        ]


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
    "list-append": TransactionClient,
    "rw-register": TransactionClient,
    "bank": TransactionClient,
    "doctors": TransactionClient,
    "booking": TransactionClient,
    "queue": QueueClient,
    "lock": LockClient,
    "counter": CounterClient,
    "log": LogClient,
    "long-fork": TransactionClient,
    "store": StoreClient,
}
"""A right client for each workload."""
