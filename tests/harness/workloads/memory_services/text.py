"""A right client of the workload text."""

from memory_clients import SetClient

from splitbrain.harness.client import Definite


class TextClient(SetClient):
    """One replica: the letters are the store's elements, in order."""

    async def insert(self, letters, after):
        if after is not None and after not in self.store.elements:
            raise Definite("not there")
        self.store.operations += 1
        place = 0 if after is None else self.store.elements.index(after) + 1
        self.store.elements[place:place] = letters

    async def erase(self, letter):
        if letter not in self.store.elements:
            raise Definite("not there")
        self.store.operations += 1
        self.store.elements.remove(letter)

    async def text(self):
        return {"seen": {"n1": self.store.operations}, "letters": list(self.store.elements)}


CLIENTS = {"text": TextClient}
