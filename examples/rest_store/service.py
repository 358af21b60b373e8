"""A replicated key-value store over HTTP: FastAPI under uvicorn, httpx between the replicas.

One replica, the primary, takes all requests; it passes each write on to the others before it
answers, and so do the others have all that was acknowledged.

    NAME=n1 PRIMARY=n1 PEERS=n2:8080,n3:8080 python -m examples.rest_store.service
"""

import asyncio
import os

import httpx
import uvicorn
from fastapi import FastAPI, HTTPException
from pydantic import BaseModel

PORT = int(os.environ.get("PORT", "8080"))


class Value(BaseModel):
    """What a key has, or is to have."""

    value: int | None


class Change(BaseModel):
    """Compare and set."""

    old: int | None
    new: int


class Replica:
    """The store of one process."""

    def __init__(self) -> None:
        self.values: dict[str, int | None] = {}
        self.lock = asyncio.Lock()
        self.peers = [peer for peer in os.environ["PEERS"].split(",") if peer]
        self.http = httpx.AsyncClient(timeout=1.0, verify=False)

    async def write(self, key: str, value: int | None) -> None:
        """Set a key, here and on all others."""
        async with self.lock:
            await self.replicate(key, value)

    async def change(self, key: str, old: int | None, new: int) -> bool:
        """Set a key if it has the old value; returns whether it had."""
        async with self.lock:
            if self.values.get(key) != old:
                return False
            await self.replicate(key, new)
        return True

    async def replicate(self, key: str, value: int | None) -> None:
        """Pass a write on to all others, then do it here."""
        for peer in self.peers:
            url = f"http://{peer}/replica/{key}"
            reply = await self.http.put(url, json={"value": value})
            reply.raise_for_status()
        self.values[key] = value


def app_of(replica: Replica) -> FastAPI:
    """The web application of a replica."""
    app = FastAPI()

    def only_primary() -> None:
        if os.environ["NAME"] != os.environ["PRIMARY"]:
            raise HTTPException(421, "ask the primary")

    @app.get("/values/{key}")
    async def read(key: str) -> Value:
        only_primary()
        return Value(value=replica.values.get(key))

    @app.put("/values/{key}")
    async def write(key: str, body: Value) -> Value:
        only_primary()
        await replica.write(key, body.value)
        return body

    @app.post("/values/{key}/change")
    async def change(key: str, body: Change) -> Value:
        only_primary()
        if not await replica.change(key, body.old, body.new):
            raise HTTPException(409, "it has another value")
        return Value(value=body.new)

    @app.put("/replica/{key}")
    async def copy(key: str, body: Value) -> Value:
        replica.values[key] = body.value
        return body

    return app


async def serve(replica: Replica) -> None:
    """Serve until the process ends."""
    config = uvicorn.Config(app_of(replica), host="0.0.0.0", port=PORT, log_level="warning")
    await uvicorn.Server(config).serve()


async def main() -> None:
    """Serve a new replica."""
    await serve(Replica())


if __name__ == "__main__":
    asyncio.run(main())
