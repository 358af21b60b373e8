"""Clients of transactions on a store in the test's memory: right ones, and ones that are wrong."""

from memory_clients import Store

from splitbrain.harness.client import Definite, Indefinite


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


CLIENTS = dict.fromkeys(
    ("list-append", "rw-register", "bank", "doctors", "booking", "long-fork"), TransactionClient
)
"""A right client for each workload of transactions."""
