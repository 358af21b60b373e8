"""The trace: everything that happened in a run, in order.

One event is one tuple: true virtual time in seconds, kind, and details. Kinds of the simulator:

=============  ==========================================================================
send           source, destination, message number, message
receive        source, destination, message number
drop           source, destination, message number, reason (a fault's id, or ``down``)
boot           host, incarnation
kill           host
power-loss     host, writes lost, writes torn, names lost
pause, resume  host
clock-rate     host, rate
clock-jump     host, seconds
fsync          host, file
disk-rule      host, fault's id, what goes wrong (``over``: nothing more), how much
rot            host, bits flipped, files concerned
exit, died     host, error
tripwire       host, error that its code was given
stdout, stderr host, a line that it printed or logged
invariant      server, what it broke (`splitbrain.harness.invariants`); the run ends there
zombie         host: a task that refused to end when its node was killed
=============  ==========================================================================

A message of a program's sockets is one packet: kind, number of the connection, details
(`splitbrain.harness.programs.network.tcp`). Everything else comes from ``node.trace``: kind, host,
details. As a file it is JSON Lines, one array an event; two runs are the same run exactly if these
bytes are the same.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO

import msgspec

from splitbrain.harness.error_text import described, traceback_lines

Event = tuple[Any, ...]

_BRIEF = 160
"""Characters of an event told to people."""


def _by_type(value: object) -> str:
    """What stands for a value that JSON cannot hold: nothing that differs from run to run."""
    return f"<{type(value).__qualname__}>"


_ADDRESS = re.compile(rb"\bat 0x[0-9a-fA-F]+")

_encode = msgspec.json.Encoder(order="deterministic", enc_hook=_by_type).encode


def _line(event: Event) -> bytes:
    try:
        line = _encode(event) + b"\n"
    except UnicodeEncodeError:  # half of a surrogate pair
        line = _encode(_escaped(event)) + b"\n"
    # An object in words has its memory address in them, which is another in every run.
    return _ADDRESS.sub(b"at 0x...", line) if b"at 0x" in line else line


def _escaped(value: Any) -> Any:
    """The value with what UTF-8 cannot hold written as escapes."""
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()
    if isinstance(value, list | tuple):
        return [_escaped(element) for element in value]
    if isinstance(value, dict):
        return {_escaped(key): _escaped(element) for key, element in value.items()}
    return value


def brief(event: Event) -> str:
    """An event as a short line for people: seconds, kind, and details as JSON."""
    time, kind, *details = event
    text = " ".join(_line((detail,))[1:-2].decode() for detail in details)
    return f"{time:.6f} {kind} {text}".rstrip()[:_BRIEF]


class Trace:
    """The events of one run: in memory, or on their way to a file, or nowhere if not `recording`.

    Attributes:
        events: the events that are in memory; with a file, those since the last `flush`.
    """

    __slots__ = ("_digest", "_file", "events", "recording")

    def __init__(self, *, recording: bool = True, file: BinaryIO | None = None) -> None:
        self.recording = recording
        self.events: list[Event] = []
        self._file = file
        self._digest = hashlib.sha256()

    def add(self, *event: Any) -> None:
        """Write down an event."""
        if self.recording:
            self.events.append(event)

    def lines(self) -> Iterator[bytes]:
        """The events in memory as JSON Lines."""
        return map(_line, self.events)

    def flush(self) -> None:
        """Write what is in memory to the file and forget it; without a file, do nothing.

        Raises:
            OSError: the disk is full, say.
        """
        if self._file is None or not self.events:
            return
        for line in self.lines():
            self._digest.update(line)
            self._file.write(line)
        self.events.clear()

    def digest(self) -> str:
        """SHA-256 over all lines, in hexadecimal."""
        self.flush()
        digest = self._digest.copy()
        for line in self.lines():
            digest.update(line)
        return digest.hexdigest()


def first_difference(
    one: Iterable[Event], other: Iterable[Event]
) -> tuple[int, Event | None, Event | None] | None:
    """Where two traces part: position and the two events (None past an end); None if they are
    equal, memory addresses apart."""
    left, right = list(one), list(other)
    for position, (a, b) in enumerate(zip(left, right, strict=False)):
        if a != b and _line(a) != _line(b):
            return position, a, b
    if len(left) == len(right):
        return None
    position = min(len(left), len(right))
    return position, next(iter(left[position:]), None), next(iter(right[position:]), None)


def crash_story(error: BaseException, recent: Iterable[Event]) -> dict[str, Any]:
    """A node's error as the history tells it: what, where, and what the node did last."""
    return {
        "error": described(error),
        "traceback": traceback_lines(error),
        "last": [brief(event) for event in recent],
    }
