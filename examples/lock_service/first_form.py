"""The service as it was first written: it writes its state, and nothing makes that last."""

import json

import trio

from examples.lock_service import service


class Hasty(service.Lock):
    """Survives a crash of the process, not one of the machine."""

    def save(self) -> None:
        """Write the state."""
        service.STATE.write_text(json.dumps([self.token, self.held]))


async def main() -> None:
    """Serve until the process ends."""
    await trio.serve_tcp(Hasty().serve, service.PORT)


if __name__ == "__main__":
    trio.run(main)
