"""What a system is given: a `Node`, and nothing else.

A system is a plain trio program that reaches its network, disk, clock and randomness only through
its node. It never asks whether it is simulated. These are the interfaces alone;
`splitbrain.harness.simulation` implements them on virtual time.

* Time: ``trio.sleep``, ``trio.move_on_after`` and ``trio.current_time`` follow the node's own
  monotonic clock by themselves. ``node.clock`` adds the wall clock.
* Messages are immutable: tuples (named or not) of strings, numbers, booleans, bytes, None and such
  tuples. They are delivered late, out of order, or never; under a duplication fault, twice.
* What is written to the disk survives ``kill``; only what was fsynced survives a power loss.
"""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

Message = tuple[Any, ...]


class NodeDead(BaseException):
    """Raised by every primitive of a node that has been killed; systems must not catch it."""


class Network(Protocol):
    """A datagram network with named endpoints."""

    def send(self, destination: str, message: Message) -> None:
        """Send and forget. The message must be hashable, that is immutable all through.

        Raises:
            TypeError: the message contains a list, a dict or another mutable value.
        """
        ...

    async def receive(self) -> tuple[str, Message]:
        """The next message and its sender's name; waits for one."""
        ...


class Disk(Protocol):
    """A small file system of one flat directory.

    Writes go to a page cache. `fsync` makes one file's data durable, and its creation with
    whatever was done to the directory before that; `fsync_dir` makes all creations, renames and
    removals durable. Offsets and sizes are bytes; names are non-empty strings.

    A disk in trouble (faults ``disk.*``) reads and writes less than it was asked to, returns what
    is wrong, or fails; of a write that failed, a part may be there.

    Raises:
        OSError: EIO or ENOSPC: the disk failed, or is full. After an fsync that failed, nobody
            knows what is durable, whatever the next one says.
        FileNotFoundError: a file that isn't there is read, renamed, removed or synced.
        ValueError: an offset, a length or a size is negative.
        TypeError: data isn't bytes, an offset isn't an integer, a name isn't a string.
    """

    def exists(self, path: str) -> bool:
        """Whether the file exists."""
        ...

    def list(self) -> list[str]:
        """The names of all files, sorted."""
        ...

    def size(self, path: str) -> int:
        """The file's size in bytes."""
        ...

    def read(self, path: str, offset: int = 0, length: int | None = None) -> bytes:
        """Up to `length` bytes (all, if None) from `offset`; less at the end of the file."""
        ...

    def write(self, path: str, offset: int, data: bytes) -> int:
        """Write `data` at `offset`; creates the file, fills a gap with zero bytes.

        Returns how many bytes were written; all, unless the disk is in trouble.
        """
        ...

    def append(self, path: str, data: bytes) -> int:
        """Write `data` at the end; creates the file. Returns how many bytes were written."""
        ...

    def truncate(self, path: str, size: int) -> None:
        """Cut the file to `size` bytes, or extend it with zero bytes."""
        ...

    def rename(self, old: str, new: str) -> None:
        """Rename a file, replacing `new` atomically."""
        ...

    def remove(self, path: str) -> None:
        """Remove a file."""
        ...

    async def fsync(self, path: str) -> None:
        """Wait until everything written to the file before the call is durable."""
        ...

    async def fsync_dir(self) -> None:
        """Wait until all creations, renames and removals before the call are durable."""
        ...


class Clock(Protocol):
    """The node's two clocks, in seconds. Neither agrees with any other node's."""

    def time(self) -> float:
        """Wall-clock time (seconds since 1970); can jump, forwards and backwards."""
        ...

    def monotonic(self) -> float:
        """Seconds since an arbitrary origin of this node; never goes back, may drift."""
        ...


class Node(Protocol):
    """Everything a server or a client may touch of the outside world."""

    @property
    def name(self) -> str:
        """This host's name: ``n1`` ... for servers, ``c1`` ... for clients."""
        ...

    @property
    def peers(self) -> tuple[str, ...]:
        """The other servers' names (for a client: all servers), in order."""
        ...

    @property
    def network(self) -> Network:
        """How to talk to other hosts."""
        ...

    @property
    def disk(self) -> Disk:
        """What survives a crash."""
        ...

    @property
    def clock(self) -> Clock:
        """Wall clock and monotonic clock of this host."""
        ...

    @property
    def random(self) -> random.Random:
        """The only source of randomness; a new stream for each incarnation."""
        ...

    def trace(self, kind: str, *details: Any) -> None:
        """Note something in the trace (not judged by checkers); details are immutable and
        JSON-like."""
        ...

    @property
    def pictured(self) -> bool:
        """Whether a trace is kept, which pictures are made of: where none is, what only they need
        need not be worked out. Nothing else may depend on it."""
        ...

    def show(self, kind: str, *details: Any) -> None:
        """Note something in the trace that only pictures need: as `trace`, but no fault waits for
        it and no count goes up, so that a run is the same whether it is shown or not."""
        ...

    def announce(self, f: str, value: Any) -> None:
        """Put an event into the history under this node's name, e.g. ``announce("leader",
        {"term": 3})``.

        Checkers judge it, so announce facts only: that this node became leader of a term, say.
        """
        ...


class Server(Protocol):
    """The code of one node of a system under test."""

    async def run(self) -> None:
        """Serve until cancelled. Returning or raising ends the node's process."""
        ...


ServerFactory = Callable[[Node], Server]
"""What a system is to the harness: called with a fresh `Node` at each (re)start of a node.

A class whose ``__init__`` takes the node is one; state it needs after a crash it reads from the
disk.
"""

Program = Callable[[Any], Awaitable[None]]
