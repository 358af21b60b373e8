"""One event of a history.

The words are Jepsen's: a *process* is a logical thread that has at most one operation open; it
**invokes** an operation and later completes it:

* ``ok``: it happened;
* ``fail``: it certainly did not happen;
* ``info``: nobody knows; it may take effect at any later time, and its process never comes back.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

INVOKE = "invoke"
OK = "ok"
FAIL = "fail"
INFO = "info"
TYPES = (INVOKE, OK, FAIL, INFO)

NEMESIS = "nemesis"

Process = int | str


@dataclass(slots=True)
class Operation:
    """One event: an invocation or a completion. Frozen by convention (histories are large).

    Attributes:
        index: position in the history as recorded; dense from 0 in what we write.
        time: virtual (or, for recorded histories, real) nanoseconds since the start of the run.
        process: an ``int`` for a client's process; a ``str`` for anyone else who has something to
            say: ``"nemesis"`` for faults, a node's name for what that node announces. Events of
            non-client processes are always ``info`` and pair with nothing.
        type: ``invoke``, ``ok``, ``fail`` or ``info``.
        f: what is done: ``read``, ``write``, ``cas``, ``add``, ...
        value: argument of an invocation, result of a completion; JSON-like.
        error: why an operation failed or is indeterminate; ``None`` otherwise.
    """

    index: int
    time: int
    process: Process
    type: str
    f: str
    value: Any = None
    error: str | None = None
