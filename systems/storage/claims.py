"""What all storage engines claim, and what all are judged by besides their workload's checkers."""

from __future__ import annotations

from splitbrain.checkers.storage import damage_is_real
from splitbrain.harness.nemesis.claims import Claims

CHECKERS = (damage_is_real(),)
"""An answer says that its data are damaged by the name of the error, `Damaged`."""

CLAIMS = Claims(
    (
        "process",
        "net",
        "clock",
        "client",
        "scenario",
        "disk.slow",
        "disk.stall",
        "disk.fsync_error",
        "disk.eio",
        "disk.enospc",
        "disk.short_io",
    ),
    max_down="all",
    notices=("disk.bitrot",),
)
"""Every fault of a single server, and of a disk that says what is wrong.

Rot of a bit here and there is noticed: what is damaged is not returned, and a store whose log is
damaged does not open. (Where the last record of a log rots together with all that says that it was
durable, it looks as if a crash had torn it.)

A disk that loses or misplaces a write, returns what was there before, or cuts a file off, and says
that all is well, is noticed as far as one disk can show it: whatever such a disk shows, no engine
returns a value that nobody wrote, and it returns an old one only where a crash at some moment might
have left the disk as it is. That is so if nothing that was written after what is missing is left:
the last write of all, and what came with it in one sync. Once a store has settled, no single lie is
of that kind. So these faults are not among those that are noticed always.
"""
