"""A right client of the workload open-loop."""

from memory_clients import SetClient


class OpenLoopClient(SetClient):
    """Everything is done at once."""

    async def call(self, number):
        pass


CLIENTS = {"open-loop": OpenLoopClient}
