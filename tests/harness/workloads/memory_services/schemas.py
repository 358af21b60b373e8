"""A right client of the workload schemas."""

from memory_clients import SetClient

from splitbrain.checkers.encoding.registrations import reads
from splitbrain.harness.client import Definite


class SchemasClient(SetClient):
    """Every schema must go with all before it, both ways, whatever the mode."""

    async def register(self, subject, schema):
        format = subject.partition("/")[0]
        mine = [known for of, known in self.store.elements if of == subject]
        if schema not in mine:
            if not all(reads(format, *pair) for k in mine for pair in ((k, schema), (schema, k))):
                raise Definite("not compatible")
            self.store.elements.append((subject, schema))
        return self.store.elements.index((subject, schema)) + 1

    async def versions(self, subject):
        numbered = enumerate(self.store.elements, 1)
        return [(id, schema) for id, (of, schema) in numbered if of == subject]


CLIENTS = {"schemas": SchemasClient}
