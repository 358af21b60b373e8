"""The board as it was first written: it joins once, as the library's documentation shows."""

import asyncio

from examples.notice_board import service


class Board(service.Board):
    """Who was lost sight of is never found again."""

    async def add(self, number: str) -> str:
        """Put up a notice."""
        return "OK" if await self.table.set(f"notice {number}", True) else "FAILED"

    async def listed(self) -> str:
        """The numbers of all notices."""
        return await self.found()


async def main() -> None:
    """Serve until the process ends."""
    await service.serve(Board())


if __name__ == "__main__":
    asyncio.run(main())
