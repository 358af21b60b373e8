"""A ledger of accounts: asyncio streams, lines of JSON, a log whose fsyncs are shared.

    {"read": {"a": 10, "b": 10}}                 -> {"a": 10, "b": 10}
    {"from": "a", "to": "b", "amount": 3, ...}   -> true, or false if there is not enough

An account that nobody has used yet holds what the request says under "opening". Who changed or read
something is answered when the log has it for good: one fsync is for all who came meanwhile.
"""

import asyncio
import json
import os

PORT = int(os.environ.get("PORT", "7300"))
LOG = "ledger.log"
SHARED_S = 0.002


class Ledger:
    """The accounts, and the log that they are rebuilt from."""

    def __init__(self) -> None:
        self.accounts: dict[str, int] = {}
        whole = self.replay()
        self.log = open(LOG, "ab")  # noqa: SIM115 - open as long as the process lives
        self.log.truncate(whole)
        self.waiting: list[asyncio.Future[None]] = []
        self.work = asyncio.Event()

    def replay(self) -> int:
        """Read the log; returns where its last whole line ends, in bytes."""
        whole = 0
        if not os.path.exists(LOG):
            return whole
        with open(LOG, "rb") as log:
            for line in log:
                try:
                    changed = json.loads(line)
                except ValueError:  # a crash has torn it
                    break
                if not line.endswith(b"\n"):
                    break
                self.accounts.update(changed)
                whole += len(line)
        return whole

    def balance(self, account: str, opening: int) -> int:
        """What an account holds."""
        return self.accounts.get(account, opening)

    async def read(self, accounts: dict[str, int]) -> dict[str, int]:
        """What these accounts hold, by what they hold at first."""
        found = {name: self.balance(name, opening) for name, opening in accounts.items()}
        await self.durable()
        return found

    async def transfer(self, source: str, target: str, amount: int, opening: int) -> bool:
        """Move an amount, if the source has it."""
        left = self.balance(source, opening) - amount
        if left < 0:
            return False
        self.change({source: left, target: self.balance(target, opening) + amount})
        await self.durable()
        return True

    def change(self, changed: dict[str, int]) -> None:
        """Set what accounts hold, in one line of the log."""
        self.accounts.update(changed)
        self.log.write(json.dumps(changed).encode() + b"\n")

    async def durable(self) -> None:
        """Wait until the log has for good what was written to it."""
        waiter = asyncio.get_running_loop().create_future()
        self.waiting.append(waiter)
        self.work.set()
        await waiter

    async def sync(self) -> None:
        """One fsync after the other, each for all who wait by then."""
        while True:
            await self.work.wait()
            self.work.clear()
            await asyncio.sleep(SHARED_S)
            waiting, self.waiting = self.waiting, []
            self.log.flush()
            os.fsync(self.log.fileno())
            for waiter in waiting:
                if not waiter.done():  # its client may be gone
                    waiter.set_result(None)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one client until it goes."""
        try:
            while line := await reader.readline():
                asked = json.loads(line)
                answer: dict[str, int] | bool
                if "read" in asked:
                    answer = await self.read(asked["read"])
                else:
                    answer = await self.transfer(
                        asked["from"], asked["to"], asked["amount"], asked["opening"]
                    )
                writer.write(json.dumps(answer).encode() + b"\n")
                await writer.drain()
        except ConnectionError:
            pass
        finally:
            writer.close()


async def serve(ledger: Ledger) -> None:
    """Serve a ledger until the process ends."""
    syncing = asyncio.create_task(ledger.sync())
    server = await asyncio.start_server(ledger.serve, port=PORT)
    await asyncio.gather(syncing, server.serve_forever())


async def main() -> None:
    """Serve until the process ends."""
    await serve(Ledger())


if __name__ == "__main__":
    asyncio.run(main())
