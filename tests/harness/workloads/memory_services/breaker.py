"""A right client of the workload breaker."""

from memory_clients import SetClient


class BreakerClient(SetClient):
    """All endpoints are well."""

    async def call(self, endpoint):
        return f"n{endpoint + 2}"


CLIENTS = {"breaker": BreakerClient}
