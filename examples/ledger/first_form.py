"""The ledger as it was first written: what is taken is durable before anybody gets it."""

import asyncio

from examples.ledger import service


class InTwoSteps(service.Ledger):
    """Between the two steps the money is nowhere, and somebody may look."""

    async def transfer(self, source: str, target: str, amount: int, opening: int) -> bool:
        """Move an amount, if the source has it."""
        left = self.balance(source, opening) - amount
        if left < 0:
            return False
        self.change({source: left})
        await self.durable()
        self.change({target: self.balance(target, opening) + amount})
        await self.durable()
        return True


async def main() -> None:
    """Serve until the process ends."""
    await service.serve(InTwoSteps())


if __name__ == "__main__":
    asyncio.run(main())
