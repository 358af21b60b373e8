"""A run's trace, read again: its hosts, its messages, and what happened before what.

*Happened before* is Lamport's relation (Time, Clocks, and the Ordering of Events in a Distributed
System, 1978): events of one host in their order, a sending before its receipt, and what follows
from these. It is kept as vector clocks, of which an entry is the position in the trace of the last
event of a host that is known of; only receipts make a new one.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from splitbrain.checkers.files import read_file
from splitbrain.checkers.vocabulary import LEADER
from splitbrain.harness.runs.trace_window import part_of

SIZE_LIMIT = 48_000_000
"""Bytes of a trace that are read for a picture; of a longer one, those before what matters."""

DOWN = ("kill", "power-loss", "exit", "died")
"""Events after which a host is down until it boots."""


@dataclass(slots=True)
class Message:
    """A message under way.

    Attributes:
        number: its number in the trace.
        source: who sent it.
        destination: to whom.
        body: what it says.
        sent: position of its sending in the trace.
        received: positions of its receipts: several if it was duplicated, none if it was lost.
        dropped: position of its loss; None unless a copy was lost.
        reason: why it was lost: a fault's id, or ``down``.
    """

    number: int
    source: str
    destination: str
    body: Sequence[Any]
    sent: int
    received: list[int] = field(default_factory=list)
    dropped: int | None = None
    reason: str = ""

    @property
    def lost(self) -> bool:
        """Whether nobody received it, and it is known why."""
        return self.dropped is not None and not self.received

    @property
    def last(self) -> int:
        """Position of the last that is known of it."""
        return max(self.sent, self.dropped or 0, *self.received)


@dataclass(frozen=True, slots=True)
class Role:
    """What a host was from an event on: ``leader`` of a term, say; no name while it was down."""

    at: int
    name: str
    term: str


class RunTrace:
    """The trace of a run's folder; it is read when it is first asked for.

    Positions are those in `events`, which of a long trace are a part: `number` and `position` say
    which event of the file each is.

    Attributes:
        problem: why there is nothing to see, in a sentence; empty if there is, or no trace at all.
        part: which part of the trace was read, in a sentence; empty if all of it was.
    """

    def __init__(self, folder: Path, until: int | None = None) -> None:
        """The trace of a run's folder; of a long one, the part up to a moment (ns), or the end."""
        self._path = folder / "trace.jsonl"
        self._until = until
        self._numbers: Sequence[int] = ()
        self.problem = self.part = ""

    @cached_property
    def events(self) -> list[list[Any]]:
        """The events as recorded: time in seconds, kind, details. None of a damaged file."""
        try:
            if self._path.stat().st_size <= SIZE_LIMIT:
                return _decoded(read_file(self._path).split(b"\n"))
            found = part_of(self._path, self._until, SIZE_LIMIT)
            self.part, self._numbers = found.told, found.numbers
            return _decoded(found.lines, found.numbers)
        except FileNotFoundError:
            return []
        except (OSError, ValueError) as error:
            self.problem = f"trace.jsonl can't be read, so no message is drawn: {error}"
            return []

    def number(self, position: int) -> int:
        """Which event of the file it is, from 0."""
        return self._numbers[position] if self.events and self._numbers else position

    def position(self, number: int) -> int:
        """Where the event of this number is; if it was not read, the next one that was."""
        return bisect_left(self._numbers, number) if self.events and self._numbers else number

    def time(self, position: int) -> int:
        """When an event happened, ns."""
        return self._times[position]

    @cached_property
    def _times(self) -> Sequence[int]:
        return [round(float(event[0]) * 1e9) for event in self.events]

    @cached_property
    def _places(self) -> Sequence[str]:
        """Where each event happened; empty for a loss, which happens nowhere."""
        return list(map(_host, self.events))

    @cached_property
    def hosts(self) -> tuple[str, ...]:
        """All hosts, in the order of their first event."""
        return tuple(dict.fromkeys(filter(None, self._places)))

    @cached_property
    def messages(self) -> Mapping[int, Message]:
        """All messages by number, in the order in which they were sent."""
        found: dict[int, Message] = {}
        for at, event in enumerate(self.events):
            match event:
                case [_, "send", str(source), str(destination), int(number), list(body)]:
                    found[number] = Message(number, source, destination, body, at)
                case [_, "receive", _, _, int(number)] if number in found:
                    found[number].received.append(at)
                case [_, "drop", _, _, int(number), reason] if number in found:
                    found[number].dropped, found[number].reason = at, str(reason)
        return found

    def received(self, position: int) -> Message | None:
        """The message that an event is the receipt of; None if it is no such event."""
        match self.events[position]:
            case [_, "receive", _, _, int(number), *_]:
                return self.messages.get(number)
        return None

    @cached_property
    def roles(self) -> Mapping[str, Sequence[Role]]:
        """What each host was, in order: from ``role`` events, or announcements of leaders where a
        host traces no roles; and when it was down."""
        found: dict[str, list[Role]] = {}
        announced: dict[str, list[Role]] = {}
        for at, event in enumerate(self.events):
            match event:
                case [_, "role", str(host), str(name), *rest]:
                    found.setdefault(host, []).append(Role(at, name, str(rest[0]) if rest else ""))
                case [_, "announce", str(host), str(name), {"term": term}] if name == LEADER:
                    announced.setdefault(host, []).append(Role(at, name, str(term)))
                case [_, kind, str(host), *_] if kind in DOWN or kind == "boot":
                    role = Role(at, "up" if kind == "boot" else "", "")
                    for roles in (found, announced):
                        roles.setdefault(host, []).append(role)
        traced = {host for host, roles in found.items() if any(role.term for role in roles)}
        return {host: (found if host in traced else announced)[host] for host in announced | found}

    def role_at(self, host: str, position: int) -> Role | None:
        """What a host was at an event; None if nobody knows."""
        before = [role for role in self.roles.get(host, ()) if role.at <= position]
        return before[-1] if before else None

    @cached_property
    def _numbered(self) -> Mapping[str, int]:
        """A number for each place where anything happened."""
        return {host: number for number, host in enumerate(dict.fromkeys(self._places))}

    @cached_property
    def _clocks(self) -> list[NDArray[np.int64]]:
        """For each event the last one of each place that its host had heard of; -1 of none."""
        number = self._numbered
        nothing = np.full(len(number), -1)
        current = [nothing] * len(number)
        clocks: list[NDArray[np.int64]] = []
        for at, (event, place) in enumerate(zip(self.events, self._places, strict=True)):
            here = number[place]
            if event[1] == "receive" and len(event) > 4 and isinstance(event[4], int):
                message = self.messages.get(event[4])
                if message is not None and message.sent < at:
                    heard = np.maximum(current[here], clocks[message.sent])
                    source = number[message.source]
                    heard[source] = max(heard[source], message.sent)
                    current[here] = heard
            clocks.append(current[here])
        return clocks

    def past(self, positions: Iterable[int]) -> Mapping[str, int]:
        """Of each host the last event that is one of these or happened before one of them."""
        known = np.full(len(self._numbered), -1)
        for position in positions:
            known = np.maximum(known, self._clocks[position])
            here = self._numbered[self._places[position]]
            known[here] = max(known[here], position)
        return {host: int(known[n]) for host, n in self._numbered.items() if known[n] >= 0}

    @cached_property
    def _by_host(self) -> Mapping[str, Sequence[int]]:
        """Positions of each host's events."""
        found: dict[str, list[int]] = {}
        for at, place in enumerate(self._places):
            found.setdefault(place, []).append(at)
        return found

    def events_of(self, host: str) -> Sequence[int]:
        """Positions of a host's events, in order."""
        return self._by_host.get(host, ())

    def host_of(self, position: int) -> str:
        """Where an event happened; empty for a loss, which happens nowhere."""
        return self._places[position]

    def last_event(self, host: str, time: int, kind: str = "") -> int | None:
        """Position of a host's last event, of this kind if one is given, up to a time (ns); None if
        there is none."""
        own = self._by_host.get(host, ())
        for at in reversed(own[: bisect_right(own, time, key=self.time)]):
            if kind in ("", self.events[at][1]):
                return at
        return None


def _host(event: Sequence[Any]) -> str:
    """Where an event happened; a loss happens nowhere."""
    kind = event[1]
    if kind == "drop" or len(event) < 3:
        return ""
    place = event[3] if kind == "receive" and len(event) > 3 else event[2]
    return place if isinstance(place, str) else ""


def _decoded(lines: Sequence[bytes], numbers: Sequence[int] = ()) -> list[list[Any]]:
    """The events of lines; of which number in the file each is, if they are not all.

    Raises:
        ValueError: a line is no event; the last one may be half there.
    """
    decode = msgspec.json.Decoder(list[Any]).decode
    events = []
    for at, line in enumerate(lines):
        if not line:
            continue
        number = 1 + (numbers[at] if numbers else at)
        try:
            event = decode(line)
        except (msgspec.DecodeError, RecursionError) as error:
            if at == len(lines) - 1:  # the run was killed while it wrote
                break
            raise ValueError(f"line {number}: {error}") from None
        timed = len(event) > 1 and isinstance(event[0], int | float) and isinstance(event[1], str)
        if not timed or not 0 <= event[0] < 1e9:
            raise ValueError(f"line {number} is no event: a time and a kind are missing")
        events.append(event)
    return events
