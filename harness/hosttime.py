"""The real machine's clocks, for the harness itself (run folders, progress, cost) and for nodes
that are real processes.

Nothing that is simulated may use it; nothing that is compared or hashed contains it.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime


def seconds() -> float:
    """Seconds since an arbitrary origin, for measuring how long something took."""
    return time.perf_counter()


def wall_clock() -> float:
    """Seconds since 1970; can jump."""
    return datetime.now(UTC).timestamp()


def timestamp() -> str:
    """The present moment in UTC, ISO 8601, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def cpu_seconds() -> float:
    """Seconds of CPU that this process has used."""
    return time.process_time()
