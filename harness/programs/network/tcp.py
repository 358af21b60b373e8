"""TCP as a model: ordered bytes between two ends, over the world's lossy links.

    connect     syn ->, <- syn-ack, ack ->; then the listener has the new end; tried again after
                1, 2 and 4 s, and timed out after 15 s
    send        bytes of one instant go together, cut at `SEGMENT` bytes and, at random, anywhere
    lost        sent again after 0.2 s, then 0.4, 0.8, ... up to 2 s; `PATIENCE` after the first
                attempt the connection is reset
    window      at most `WINDOW` bytes are under way or unread
    close       a fin; with bytes unread, a reset, as Linux does
    killed      its kernel closes what the process had open; no longer listens, so it refuses
    power loss  silence; what arrives after the next start is answered with a reset

Each segment is a packet of the world's network, so every fault of a link strikes it: a partition
stalls a connection and later resets it. What is acknowledged is known to the sender at once if the
way back is open; acknowledgements have no packets of their own.
"""

from __future__ import annotations

import errno
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from splitbrain.harness.programs.network.cutting import Cutting
from splitbrain.harness.programs.network.families import Bound
from splitbrain.harness.programs.network.segments import (
    BUFFER,
    CONNECT_ATTEMPTS,
    FIRST_CONNECT_RETRY_S,
    FIRST_RETRY_S,
    LAST_RETRY_S,
    PATIENCE,
    SEGMENT,
    WINDOW,
    Ends,
    Segment,
    error_of,
    preview,
)
from splitbrain.harness.programs.network.tls_flights import TlsFlights
from splitbrain.harness.simulation.network import Packet

if TYPE_CHECKING:
    from splitbrain.harness.programs.network.machine import Machine


class Listener:
    """A port that accepts connections.

    Attributes:
        waiting: established connections that nobody has accepted yet.
        changed: called when there is one.
    """

    def __init__(self, machine: Machine, bound: Bound, backlog: int) -> None:
        self.machine, self.bound, self.backlog = machine, bound, max(1, backlog)
        self.waiting: deque[End] = deque()
        self.changed: Callable[[], None] = lambda: None

    def close(self) -> None:
        """Listen no more; what nobody has accepted is reset."""
        self.machine.listeners.pop(self.bound.port, None)
        while self.waiting:
            self.waiting.popleft().abort()


class End:
    """One end of a connection, in its host's kernel.

    Attributes:
        number: the connection's number in this world; both ends have the same.
        established: bytes may be sent.
        received: what has arrived and was not read.
        finished: nothing more will arrive.
        error: what broke the connection; told once by `take_error`.
        gone: the kernel has forgotten it: whatever arrives for it is answered with a reset.
        changed: called when there may be something to read, or room to write.
    """

    def __init__(self, machine: Machine, far: Machine, ends: Ends, number: int) -> None:
        self.machine, self.far = machine, far
        self.local, self.remote = ends
        self.number = number
        self.peer: End | None = None
        self.listener: Listener | None = None
        self.established = self.finished = self.gone = False
        self.closed = self.shut = False
        self.error: OSError | None = None
        self.received = bytearray()
        self.changed: Callable[[], None] = lambda: None
        self._network = machine.world.network
        self._heap = machine.world.heap
        self._names = machine.name, far.name
        self._unsent = bytearray()
        self._flying: deque[Segment] = deque()
        self._flying_bytes = 0
        self._next = self._expected = 0
        self._early: dict[int, Segment] = {}
        self._flushing = self._timing = self._fin_sent = False
        self._tls, self._heard = TlsFlights(), True
        self._cutting = Cutting(machine.world, self._names, number)
        self._retry = FIRST_RETRY_S
        machine.ends[self] = None

    # What the process does

    def connect(self, attempt: int = 0) -> None:
        """Ask the other host for a connection, and again while nobody answers."""
        if self.established or self.gone:
            return
        if attempt == CONNECT_ATTEMPTS:
            self._fail(errno.ETIMEDOUT)
            return
        self._packet("syn", self.far.asked_for, self, more=(self.remote[1],))
        self._heap.after(FIRST_CONNECT_RETRY_S * 2**attempt, self.connect, attempt + 1)

    @property
    def room(self) -> int:
        """How many bytes `write` takes now."""
        return BUFFER - len(self._unsent)

    @property
    def readable(self) -> bool:
        """Whether a read would not have to wait."""
        return bool(self.received) or self.finished or self.error is not None or self.gone

    @property
    def writable(self) -> bool:
        """Whether a write would not have to wait."""
        if self.gone or self.error is not None:
            return True
        return self.established and len(self._unsent) < BUFFER

    def write(self, data: bytes | memoryview) -> int:
        """Take what there is room for; returns how many bytes. They leave at the end of this
        instant."""
        taken = data[: self.room]
        self._unsent += taken
        self._flush_soon()
        return len(taken)

    def read(self, most: int, *, leave: bool = False) -> bytes:
        """Up to so many bytes that have arrived."""
        data = bytes(self.received[:most])
        if not leave:
            del self.received[:most]
            peer = self.peer
            if peer is not None and peer._unsent:
                peer._flush_soon()  # its window has opened
        return data

    def shutdown(self) -> None:
        """Send nothing more: a fin goes out after the last byte."""
        if not self.shut:
            self.shut = True
            self._flush_soon()

    def close(self) -> None:
        """The process is done with it."""
        if self.closed:
            return
        self.closed = True
        if self.gone:
            return
        if self.received or not self.established:
            self.abort()
        else:
            self.shutdown()

    def abort(self) -> None:
        """Reset the connection."""
        self.closed = True
        if not self.gone:
            self._forget()
            if self.peer is not None:
                self._packet("rst", self.peer._reset_arrived)

    def cut_off(self) -> None:
        """Both ends are told that the connection is reset, as by a firewall that forgot it."""
        peer = self.peer
        self._reset_arrived()
        if peer is not None:
            self._packet("rst", peer._reset_arrived)

    def vanish(self) -> None:
        """The host has lost its power."""
        self.closed = True
        self._forget()

    def take_error(self) -> OSError | None:
        """What broke the connection, told once."""
        error, self.error = self.error, None
        return error

    # What the kernel sends

    def _packet(
        self, kind: str, arrive: Callable[..., None], *arguments: Any, more: tuple[Any, ...] = ()
    ) -> None:
        """Put a packet under way; `arrive` is called when it is there."""
        packet = Packet((kind, self.number, *more))
        packet.arrive, packet.arguments = arrive, arguments
        self._network.send(*self._names, packet)

    def _flush_soon(self) -> None:
        if not self._flushing and not self.gone:
            self._flushing = True
            self._heap.at(self._heap.now, self._flush)

    def _flush(self) -> None:
        """Send what the window has room for."""
        self._flushing = False
        if self.gone or not self.established:
            return
        peer = self.peer
        assert peer is not None
        if self._heard and self._unsent:
            self._heard = False
            self._tls.begin(self._unsent)
        if self._unsent and not self._tls.encrypted and (wait := self._cutting.held()) is not None:
            self._flush_after(wait)
            return
        while self._unsent:
            room = WINDOW - self._flying_bytes - len(peer.received)
            if room <= 0:
                return  # goes on when something is acknowledged or read
            most = min(room, SEGMENT, len(self._unsent))
            size = self._cut(most)
            data = bytes(self._unsent[:size])
            del self._unsent[:size]
            self._send("data", data)
            if len(self._unsent) >= BUFFER - size:
                self.changed()
            if size < most:  # the rest comes a little later, or it would seem whole again
                self._flush_after(self._cutting.pause())
                return
        if self.shut and not self._fin_sent:
            self._fin_sent = True
            self._send("fin", b"")

    def _flush_after(self, seconds: float) -> None:
        self._flushing = True
        self._heap.after(seconds, self._flush)

    def _cut(self, size: int) -> int:
        """Where to end a segment of at most this size."""
        if self._tls.signed:
            return size
        decided = self.machine.world.cut
        return self._cutting.size(size) if decided is None else decided(size)

    def _send(self, kind: str, data: bytes) -> None:
        segment = Segment(self._next, kind, data, self._heap.now)
        if data and self._tls.encrypted:
            segment.told = ("tls",) if self._tls.signed else ("tls", len(data))
        elif data:
            segment.told = (len(data), preview(data))
        self._next += 1
        self._flying.append(segment)
        self._flying_bytes += len(data)
        self._transmit(segment)
        if not self._timing:
            self._timing = True
            self._heap.after(self._retry, self._timeout)

    def _transmit(self, segment: Segment) -> None:
        peer = self.peer
        assert peer is not None
        segment.last = self._heap.now
        self._packet(segment.kind, peer._arrived, segment, more=segment.told)

    def _timeout(self) -> None:
        """Send again what nobody has acknowledged, or give up."""
        self._timing = False
        if not self._flying or self.gone:
            return
        now, first = self._heap.now, self._flying[0]
        if now - first.first >= PATIENCE:
            self._fail(errno.ETIMEDOUT)
            return
        due = first.last + self._retry
        if due <= now:
            for segment in self._flying:
                if segment.last + self._retry <= now:
                    self._transmit(segment)
            self._retry = min(2 * self._retry, LAST_RETRY_S)
            due = now + self._retry
        self._timing = True
        self._heap.at(due, self._timeout)

    def _fail(self, number: int) -> None:
        peer = self.peer
        self._forget()
        self.error = error_of(number)
        if peer is not None:
            self._packet("rst", peer._reset_arrived)
        self.changed()

    def _forget(self) -> None:
        self.gone = True
        self._flying.clear()
        self._unsent.clear()
        self._early.clear()
        self.machine.ends.pop(self, None)

    # What arrives

    def accepted(self) -> None:
        """The other host has answered: syn-ack."""
        if self.established or not self.machine.powered:
            return
        if self.gone:
            if self.peer is not None:
                self._packet("rst", self.peer._reset_arrived)
            return
        self.established = True
        self._send("ack", b"")
        self.changed()
        self._flush_soon()

    def refused(self) -> None:
        """Nobody listens on that port."""
        if not self.gone and not self.established and self.machine.powered:
            self._forget()
            self.error = error_of(errno.ECONNREFUSED)
            self.changed()

    def _reset_arrived(self) -> None:
        if not self.gone and self.machine.powered:
            self._forget()
            self.error = error_of(errno.ECONNRESET)
            self.changed()

    def _arrived(self, segment: Segment) -> None:
        if not self.machine.powered:
            return
        peer = self.peer
        assert peer is not None
        if self.gone or (self.closed and segment.kind == "data"):
            if not (self._fin_sent and segment.kind == "fin"):
                self._packet("rst", peer._reset_arrived)
            if not self.gone:
                self._forget()
            return
        if self._expected == 0 and self.listener is not None:
            self._expected = 1  # whatever comes implies the ack
            self.established = True
            self.machine.established(self, self.listener)
        if segment.number >= self._expected:
            self._early[segment.number] = segment
        taken = False
        while (following := self._early.pop(self._expected, None)) is not None:
            self._expected += 1
            self._take(following)
            taken = True
        if not self._network.blocked(*self._names):
            peer._acknowledged(self._expected)
        if taken:
            self.changed()
        if self.finished and self._fin_sent and not self._flying:
            self._forget()

    def _take(self, segment: Segment) -> None:
        if segment.kind == "data":
            self.received += segment.data
            self._heard = True
        else:
            self.finished = True

    def _acknowledged(self, expected: int) -> None:
        """All segments below this number have arrived."""
        flying = self._flying
        if self.gone or not flying or flying[0].number >= expected:
            return
        while flying and flying[0].number < expected:
            self._flying_bytes -= len(flying.popleft().data)
        for segment in flying:
            segment.first = self._heap.now  # patience begins anew
        self._retry = FIRST_RETRY_S
        if self._unsent:
            self._flush()
        if self.finished and self._fin_sent and not flying:
            self._forget()
