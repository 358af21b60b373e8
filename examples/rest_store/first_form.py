"""The store as it was first written: a change compares before it has the lock."""

import asyncio

from examples.rest_store import service


class Racy(service.Replica):
    """Between the comparison and the write another request may write."""

    async def change(self, key: str, old: int | None, new: int) -> bool:
        """Set a key if it has the old value; returns whether it had."""
        if self.values.get(key) != old:
            return False
        await self.write(key, new)
        return True


async def main() -> None:
    """Serve a new replica."""
    await service.serve(Racy())


if __name__ == "__main__":
    asyncio.run(main())
