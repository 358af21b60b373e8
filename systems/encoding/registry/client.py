"""The client: schemas go to the registry as JSON text, and come back as JSON."""

from __future__ import annotations

import json
from typing import Any

from splitbrain.systems.consensus.client import StoreClient


class RegistryClient(StoreClient):
    """Registers schemas, and asks for them, until a leader answers."""

    async def register(self, subject: str, schema: Any) -> int:
        """A schema's id.

        Raises:
            Definite: it was refused.
        """
        return int(await self.command("register", subject, json.dumps(schema)))

    async def versions(self, subject: str) -> list[tuple[int, Any]]:
        """A subject's ids and schemas, in order."""
        found = await self.query("versions", subject)
        return [(id, json.loads(text)) for id, text in found]
