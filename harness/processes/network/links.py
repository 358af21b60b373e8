"""Links between programs that speak TCP: what one sends to another goes through the harness.

    n1's program ── connects to 127.0.0.1:40001 ──► the link n1 → n2 ──► n2's port ──► n2's program

Each pair of hosts has a port of its own, so the rules of the nemesis hold for exactly that link, in
each direction. What a rule does to a message elsewhere it does to a piece of the stream here: what
crosses a cut link waits until it is healed, as TCP repeats what was lost; a lost piece comes
`REPEATED_S` later; a delay keeps the order. Nothing can be duplicated. Neither end is told of a
cut: connections stand still, and new ones are made when the link is healed.

The operating system takes what a program sends in any case: cut links fill buffers of some hundred
kilobytes before a program that writes has to wait.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

import trio

from splitbrain.harness.nemesis.rules import Link
from splitbrain.harness.processes.network.packets import Packets
from splitbrain.harness.processes.network.ports import HOST, Addresses, Reservation
from splitbrain.harness.processes.network.switch import Switch

REPEATED_S = 0.2
"""When TCP sends again what was lost: its least timeout on Linux."""

_READ = 1 << 16
_PIECES = 64
"""So many pieces of a stream may be under way at once."""

_BROKEN = (trio.BrokenResourceError, trio.ClosedResourceError)


@dataclass(frozen=True, slots=True)
class _Door:
    """Where a link begins, and the port where it ends."""

    link: Link
    listener: socket.socket
    port: int


class Links:
    """All links of a run; made before the run's processes, and served while it goes on.

    Args:
        servers: the servers' names.
        clients: the clients' names.
        labels: what servers listen for.
        packets: what passes on what servers send each other that have networks of their own; only
            clients' links are here then.
    """

    def __init__(
        self,
        servers: Iterable[str],
        clients: Iterable[str],
        labels: Iterable[str],
        packets: Packets | None = None,
    ) -> None:
        self._packets = packets
        self._reservation = Reservation()
        self._own: dict[str, dict[str, int]] = {
            server: {label: self._reservation.port() for label in labels} for server in servers
        }
        self._doors: dict[tuple[str, str, str], _Door] = {}
        for source in clients if packets else (*self._own, *clients):
            for server, label, port in self._all():
                if source != server:
                    door = _Door((source, server), _listening(), port)
                    self._doors[source, server, label] = door

    def of(self, name: str) -> Addresses:
        """Where a host finds everything; what it has itself it finds without any link."""
        own: Mapping[str, int] = self._own.get(name, {})
        if own and self._packets is not None:
            ports = {(server, label): port for server, label, port in self._all()}
            return Addresses(own, ports, self._packets.hosts)
        others = {(name, label): port for label, port in own.items()}
        for (source, server, label), door in self._doors.items():
            if source == name:
                others[server, label] = door.listener.getsockname()[1]
        return Addresses(own, others)

    def _all(self) -> Iterator[tuple[str, str, int]]:
        for server, ports in self._own.items():
            for label, port in ports.items():
                yield server, label, port

    def serve(self, nursery: trio.Nursery, switch: Switch) -> None:
        """Begin to pass on what comes."""
        for door in self._doors.values():
            listener = trio.SocketListener(trio.socket.from_stdlib_socket(door.listener))
            passing = partial(_pass_on, switch, door, self._reach)
            nursery.start_soon(trio.serve_listeners, passing, [listener])

    async def _reach(self, server: str, port: int) -> trio.SocketStream:
        if self._packets is not None:
            return await self._packets.connect(server, port)
        return await trio.open_tcp_stream(HOST, port)

    def close(self) -> None:
        """Let go of all ports."""
        self._reservation.close()
        for door in self._doors.values():
            door.listener.close()


def _listening() -> socket.socket:
    listener = socket.socket()
    listener.bind((HOST, 0))
    listener.listen(128)
    return listener


async def _pass_on(
    switch: Switch,
    door: _Door,
    reach: Callable[[str, int], Awaitable[trio.SocketStream]],
    near: trio.SocketStream,
) -> None:
    """One connection, from its first packet to its last."""
    source, destination = door.link
    there, back = door.link, (destination, source)
    try:
        await switch.wait(there, b"connect")
        far = await reach(destination, door.port)
        await switch.wait(back, b"accept")
    except OSError:
        await switch.wait(back, b"refuse")
        _reset(near)
        return
    async with far:
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(_pump, switch, there, near, far)
                nursery.start_soon(_pump, switch, back, far, near)
        except* _BROKEN:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(_told_of_the_end, switch, back, near)
                nursery.start_soon(_told_of_the_end, switch, there, far)


async def _told_of_the_end(switch: Switch, link: Link, stream: trio.SocketStream) -> None:
    """One end hears that the other is gone, once that can cross the link."""
    await switch.wait(link, b"reset")
    _reset(stream)


async def _pump(
    switch: Switch, link: Link, source: trio.SocketStream, target: trio.SocketStream
) -> None:
    """One direction of a connection: what is read now is written when the link lets it."""
    put, get = trio.open_memory_channel[tuple[float, bytes]](_PIECES)

    async def read() -> None:
        async with put:
            while data := await source.receive_some(_READ):
                await put.send((trio.current_time() + switch.delay(link, REPEATED_S), data))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(read)
        async for due, data in get:
            await trio.sleep_until(due)
            await switch.wait(link, data)
            await target.send_all(data)
        await switch.wait(link, b"")
        await target.send_eof()


def _reset(stream: trio.SocketStream) -> None:
    """Close it as a machine does that knows nothing of it."""
    with suppress(OSError):
        stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    stream.socket.close()
