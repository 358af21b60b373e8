"""A right client of the workload membership."""

from memory_clients import SetClient


class MembersClient(SetClient):
    """One member, which knows itself."""

    def __init__(self, node, server):
        super().__init__(node, server)
        self.server = server

    async def announce(self, tag):
        self.store.operations += 1
        self.store.values[self.server] = (self.store.operations, tag)
        return self.server, self.store.operations

    async def members(self):
        known = dict.fromkeys(("n1", "n2"), (0, None)) | self.store.values
        return self.server, {name: ("alive", *record) for name, record in known.items()}


CLIENTS = {"membership": MembersClient}
