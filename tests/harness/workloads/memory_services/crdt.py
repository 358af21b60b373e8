"""A right client of the workload crdt."""

from memory_clients import SetClient

from splitbrain.harness.client import Definite


class ReplicatedTypesClient(SetClient):
    """One replica, and so one actor."""

    async def add(self, element):
        self.store.operations += 1
        self.store.elements.append(element)

    async def remove(self, element):
        if element not in self.store.elements:
            raise Definite("not there")
        self.store.operations += 1
        self.store.elements.remove(element)

    async def increment(self, by):
        self.store.operations += 1
        self.store.values["counter"] = self.store.values.get("counter", 0) + by

    async def assign(self, value):
        self.store.operations += 1
        self.store.values["register"] = value

    async def read(self):
        return {
            "seen": {"n1": self.store.operations} if self.store.operations else {},
            "elements": sorted(self.store.elements),
            "counter": self.store.values.get("counter", 0),
            "register": self.store.values.get("register"),
        }


CLIENTS = {"crdt": ReplicatedTypesClient}
