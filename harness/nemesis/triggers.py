"""When a fault strikes that waits for something to happen, in place of a time.

    Fault("process.power_loss", at=0.0, target="itself",
          when=When("fsync-begin", node="n2", count=3))        the power goes in n2's third fsync

A trigger counts from the fault's `at` on, and strikes once, or `every` time that it has counted so
far, after the step in which it happened: nobody can be killed in the middle of a step. Such a fault
survives shrinking better than one with a time, since what is taken away before it doesn't shift it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from splitbrain.checkers.nearest import suggestion
from splitbrain.harness.nemesis.control import Control
from splitbrain.harness.plan import ITSELF, InvalidPlan, When

EVENTS = {
    "leader": ("announcement of leadership", "by"),
    "role": ("change of role", "of"),
    "send": ("message", "from"),
    "receive": ("message", "to"),
    "rare-send": ("rare message", "from"),
    "unsynced-send": ("message beside unsynced data", "from"),
    "write": ("unsynced write", "of"),
    "fsync-begin": ("begun fsync", "of"),
    "fsync-end": ("ended fsync", "of"),
    "acknowledged": ("acknowledged operation", "at"),
}
"""What a trigger may wait for, in words for its n-th, with what stands before the node's name."""

MACHINE = ("send", "receive", "rare-send", "unsynced-send", "write", "fsync-begin", "fsync-end")
"""Events of the simulated machines, which cost something only while somebody listens."""

MESSAGES = ("send", "receive")
"""Events of which those with one kind of message may be counted alone."""

RARE = 8
"""So many messages of a kind are rare: the first that servers send from a fault's time on. What a
protocol does seldom (a snapshot, a change of members, a commit) begins and ends with such, and a
count of all messages is a count of its heartbeats."""

ACKNOWLEDGED = "acknowledged"

RARELY_SENT = "rare-send"

UNSYNCED_SENT = "unsynced-send"
"""A message whose sender has written what is not durable: what it says may rest on that, and then
a power loss leaves whoever hears it with a promise that nobody has made."""


def check_when(when: When, target: str, composite: bool) -> str | None:
    """What is wrong with a trigger and its fault's target, or None."""
    if when.event not in EVENTS:
        return f"it waits for {when.event!r}: {suggestion(when.event, EVENTS)}"
    if when.count < 1:
        return f"it waits for event number {when.count}: give 1 for the first"
    if when.event == ACKNOWLEDGED and (when.node is not None or target == ITSELF):
        return "operations are acknowledged to clients: it names no node, and no target itself"
    if when.message is not None and when.event not in MESSAGES:
        return f"only {' and '.join(MESSAGES)} may count one kind of message, {when.event} can't"
    if composite and target == ITSELF:
        return "it chooses its victims by itself: it can't strike itself"
    return None


def words(when: When) -> str:
    """A trigger in words: ``after the third begun fsync of n2``."""
    what, of = EVENTS.get(when.event, (when.event, "of"))
    if when.message is not None:
        what = f"{what} {when.message!r}"
    who = "" if when.event == ACKNOWLEDGED else f" {of} {when.node or 'any server'}"
    if when.every:
        some = "each" if when.count == 1 else f"every {when.count}"
        return f"after {some} {what}{'' if when.count == 1 else 's'}{who}"
    return f"after {_ordinal(when.count)} {what}{who}"


def message_kind(message: tuple[Any, ...]) -> str:
    """What kind of message it is: the word that it begins with, else the name of its type."""
    first = message[0] if message else None
    return first if isinstance(first, str) else type(message).__name__


def _ordinal(number: int) -> str:
    names = ("the first", "the second", "the third", "the fourth", "the fifth")
    return names[number - 1] if 1 <= number <= len(names) else f"number {number}:"


class Trigger:
    """Counts what a fault waits for, and calls `strike` with the node's name, once.

    `again` has it count anew.
    """

    def __init__(self, when: When, control: Control, strike: Callable[[str], None]) -> None:
        self._when = when
        self._control = control
        self._strike = strike
        self._left = when.count
        self._sent: Counter[str] = Counter()
        self._unsubscribe: Callable[[], None] = lambda: None
        if when.event == RARELY_SENT:
            self._unsubscribe = control.watch("send", self._rarely_heard)
        elif when.event == UNSYNCED_SENT:
            self._unsubscribe = control.watch("send", self._heard_beside_unsynced)
        elif when.event in MACHINE:
            self._unsubscribe = control.watch(when.event, self.heard)
        elif when.event != ACKNOWLEDGED:
            self._unsubscribe = control.subscribe(self.heard)

    def heard(self, event: str, node: str, details: Any) -> None:
        """Something happened, in or out of a node's step."""
        when = self._when
        if event != when.event or when.node not in (None, node) or self._left <= 0:
            return
        if event != ACKNOWLEDGED and node not in self._control.servers:
            return
        if when.message is not None and message_kind(details) != when.message:
            return
        self._left -= 1
        if self._left == 0:
            self._control.after(0.0, self._strike, node)

    def _rarely_heard(self, event: str, node: str, message: tuple[Any, ...]) -> None:
        """A message was sent, which may be a rare one."""
        if node in self._control.servers:
            kind = message_kind(message)
            self._sent[kind] += 1
            if self._sent[kind] <= RARE:
                self.heard(RARELY_SENT, node, message)

    def _heard_beside_unsynced(self, event: str, node: str, message: tuple[Any, ...]) -> None:
        """A message was sent, perhaps by one with unsynced data."""
        if node in self._control.servers and self._control.holds_unsynced(node):
            self.heard(UNSYNCED_SENT, node, message)

    def again(self) -> None:
        """Wait for the same once more."""
        self._left = self._when.count

    def stop(self) -> None:
        """Wait no more."""
        self._left = 0
        self._unsubscribe()
        self._unsubscribe = lambda: None


def check_servers(when: When, servers: tuple[str, ...]) -> None:
    """That a trigger's node is one of the servers.

    Raises:
        InvalidPlan: it is not.
    """
    if when.node is not None and when.node not in servers:
        raise InvalidPlan(f"it waits for {when.node!r}: give one of {', '.join(servers)}")
