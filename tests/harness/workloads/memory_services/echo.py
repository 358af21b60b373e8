"""A right client of the workload echo."""

from memory_clients import SetClient


class EchoClient(SetClient):
    async def echo(self, text):
        return text


CLIENTS = {"echo": EchoClient}
