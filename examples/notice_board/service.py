"""A notice board: notices with numbers, kept in a distributed hash table of all nodes.

    ADD 17    -> OK, FAILED or FULL
    LIST      -> 0 3 17

Lines over TCP for whoever reads the board; kademlia over UDP between the nodes.
"""

import asyncio
import os

from kademlia.network import Server

PORT = int(os.environ.get("PORT", "7300"))
DHT_PORT = 8468
PEERS = [peer.partition(":")[0] for peer in os.environ.get("PEERS", "").split(",") if peer]
PLACES = 200  # for notices


class Board:
    """The notices, as this node finds them."""

    def __init__(self) -> None:
        self.table = Server()

    async def start(self) -> None:
        """Be a node of the table."""
        await self.table.listen(DHT_PORT)
        await self.join()

    async def join(self) -> None:
        """Get to know the other nodes."""
        loop = asyncio.get_running_loop()
        found = [await loop.getaddrinfo(name, DHT_PORT) for name in PEERS]
        await self.table.bootstrap([each[0][4][:2] for each in found])

    async def add(self, number: str) -> str:
        """Put up a notice."""
        if not self.table.bootstrappable_neighbors():
            await self.join()
        try:
            return "OK" if await self.table.set(f"notice {number}", True) else "FAILED"
        except ValueError:  # all that it knew were gone
            return "FAILED"

    async def listed(self) -> str:
        """The numbers of all notices, after a look for nodes that were lost sight of."""
        await self.join()
        return await self.found()

    async def found(self) -> str:
        """The numbers of all notices that the nodes known here have."""
        numbers = []
        for number in range(PLACES):
            if await self.table.get(f"notice {number}") is not None:
                numbers.append(str(number))
        return " ".join(numbers)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one reader until it goes."""
        try:
            while line := await reader.readline():
                match line.decode().split():
                    case ["ADD", number] if int(number) >= PLACES:
                        answer = "FULL"
                    case ["ADD", number]:
                        answer = await self.add(number)
                    case ["LIST"]:
                        answer = await self.listed()
                    case _:
                        answer = "WHAT?"
                writer.write(f"{answer}\n".encode())
                await writer.drain()
        except ConnectionError:
            pass
        finally:
            writer.close()


async def serve(board: Board) -> None:
    """Serve a board until the process ends."""
    await board.start()
    server = await asyncio.start_server(board.serve, port=PORT)
    await server.serve_forever()


async def main() -> None:
    """Serve until the process ends."""
    await serve(Board())


if __name__ == "__main__":
    asyncio.run(main())
