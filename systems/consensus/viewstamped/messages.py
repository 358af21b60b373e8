"""What the servers say to each other: immutable tuples, kind first; the network tells the sender.

Names are those of the paper. Operations of the log count from 1, views from 0. What clients ask is
in `splitbrain.systems.consensus.asking`.
"""

from __future__ import annotations

from typing import Any, NamedTuple

PREPARE = "prepare"
PREPARE_OK = "prepare-ok"
COMMIT = "commit"
GET_STATE = "get-state"
NEW_STATE = "new-state"
START_VIEW_CHANGE = "start-view-change"
DO_VIEW_CHANGE = "do-view-change"
START_VIEW = "start-view"
RECOVERY = "recovery"
RECOVERY_RESPONSE = "recovery-response"

Log = tuple[Any, ...]


class Prepare(NamedTuple):
    """The primary wants operation `op` in the log; all up to `commit` is committed."""

    kind: str
    view: int
    op: int
    command: Any
    commit: int


class PrepareOk(NamedTuple):
    """The sender holds the log of this view up to `op`; it is in it, and heard message `number` of
    those that the primary counts."""

    kind: str
    view: int
    op: int
    number: int


class Commit(NamedTuple):
    """The primary's heartbeat: its log ends with `op`, and all up to `commit` is committed."""

    kind: str
    view: int
    op: int
    commit: int
    number: int


class GetState(NamedTuple):
    """What follows operation `after` in the log of this view?"""

    kind: str
    view: int
    after: int


class NewState(NamedTuple):
    """What follows operation `after` in the log of this view."""

    kind: str
    view: int
    after: int
    entries: Log
    commit: int


class StartViewChange(NamedTuple):
    """The sender has left all views before this one."""

    kind: str
    view: int


class DoViewChange(NamedTuple):
    """The sender's log, for the primary of the new view; it was in order in view `normal`.

    `lives` are how often each server has started, as far as the sender knows; its own is the life
    in which it says so.
    """

    kind: str
    view: int
    log: Log
    normal: int
    commit: int
    lives: tuple[int, ...]


class StartView(NamedTuple):
    """The primary of the new view has its log."""

    kind: str
    view: int
    log: Log
    commit: int


class Recovery(NamedTuple):
    """The sender began its `life` knowing nothing; the number is its nonce."""

    kind: str
    life: int


class RecoveryResponse(NamedTuple):
    """The sender is in order in `view`; its log, if it is the primary there, else None."""

    kind: str
    life: int
    view: int
    log: Log | None
    commit: int
    lives: tuple[int, ...]
