"""A right client of the workload messages."""

from memory_clients import SetClient


class MessagesClient(SetClient):
    """Messages are the store's elements."""

    async def post(self, message, after):
        self.store.elements.append(message)

    async def messages(self, asked=None):
        return sorted(self.store.elements)


CLIENTS = {"messages": MessagesClient}
