"""Planted bugs of the notifications: they, with one decision wrong."""

from __future__ import annotations

from splitbrain.harness.bug import Bug, planted
from splitbrain.systems.end_to_end.notifications.entries import BEFRIEND, POST, UNFRIEND
from splitbrain.systems.end_to_end.notifications.log import Log
from splitbrain.systems.end_to_end.notifications.servers import NotificationServer
from splitbrain.systems.end_to_end.notifications.view import Cursor, View


class TwoCursors(View):
    """Reads friendships and posts as if they were two topics."""

    def started(self) -> list[Cursor]:
        """Each as far as it comes."""
        return [Cursor(BEFRIEND, UNFRIEND), Cursor(POST)]


class TrustingLog(Log):
    """Serves what is on its disk."""

    def checked(self, data: bytes, before: bytes) -> bytes | None:
        """Whatever it is."""
        return data[-8:]


class TrustingView(View):
    """Takes what it is given."""

    def checked(self, data: bytes, before: bytes) -> bytes | None:
        """Whatever it is."""
        return data[-8:]


BUGS: tuple[Bug, ...] = (
    Bug(
        id="E2E-03",
        title="friendships and posts are read as two topics: who was unfriended is notified",
        server=planted(NotificationServer, view=TwoCursors),
        workload="friends",
        faults=("net.latency", "net.loss"),
        nodes=3,
        seeds=20,
        shows=("wrong-recipient", "not-notified"),
        source="DDIA chapter 12, Ordering events to capture causality",
    ),
    Bug(
        id="E2E-04",
        title="nobody checks what the disk gives back: rot spreads into all that is derived of it",
        server=planted(NotificationServer, log=TrustingLog, view=TrustingView),
        workload="friends",
        faults=("disk.bitrot", "process.kill"),
        nodes=3,
        seeds=40,
        shows=("wrong-recipient", "not-notified", "unknown-post", "notified-twice"),
        source="DDIA chapter 12, Don't just blindly trust what they promise; Merkle 1987",
    ),
)
