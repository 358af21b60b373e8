"""What all storage engines claim."""

from __future__ import annotations

from splitbrain.harness.nemesis.claims import Claims

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
What a disk does that loses a write and says that it is done, or returns what was there before, no
engine notices that reads a block once: such values are old, though never altered.
"""
