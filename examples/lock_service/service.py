"""A lock with fencing tokens, for clients over TCP: lines of JSON, state in a file.

    {"do": "acquire"}               -> {"token": 7}, or {"token": null} if somebody holds it
    {"do": "release", "token": 7}   -> {"released": true}

What was promised must last: the state is on the disk before anybody is told of it.
"""

import json
import os
from pathlib import Path

import trio

PORT = int(os.environ.get("PORT", "7100"))
STATE = Path("lock.json")


class Lock:
    """Who holds the lock.

    Attributes:
        token: the last one that was given out.
        held: it was not given back.
    """

    def __init__(self) -> None:
        self.token, self.held = json.loads(STATE.read_text()) if STATE.exists() else (0, False)

    def acquire(self) -> int | None:
        """The next token, or None if somebody holds the lock."""
        if self.held:
            return None
        self.token, self.held = self.token + 1, True
        self.save()
        return self.token

    def release(self, token: int) -> bool:
        """Give the lock back; False if somebody else holds it by now."""
        if not self.held or token != self.token:
            return False
        self.held = False
        self.save()
        return True

    def save(self) -> None:
        """Make the state last: a new file, synced, takes the place of the old one."""
        new = STATE.with_suffix(".new")
        with new.open("w") as file:
            json.dump([self.token, self.held], file)
            file.flush()
            os.fsync(file.fileno())
        new.replace(STATE)
        folder = os.open(".", os.O_RDONLY | os.O_DIRECTORY)
        os.fsync(folder)
        os.close(folder)

    async def serve(self, stream: trio.SocketStream) -> None:
        """Answer one client until it goes."""
        received = b""
        try:
            async for chunk in stream:
                received += chunk
                *lines, received = received.split(b"\n")
                for line in lines:
                    await stream.send_all(
                        json.dumps(self.answer(json.loads(line))).encode() + b"\n"
                    )
        except trio.BrokenResourceError:
            pass

    def answer(self, request: dict) -> dict:
        """What to say to a request."""
        if request["do"] == "acquire":
            return {"token": self.acquire()}
        return {"released": self.release(request["token"])}


async def main() -> None:
    """Serve until the process ends."""
    await trio.serve_tcp(Lock().serve, PORT)


if __name__ == "__main__":
    trio.run(main)
