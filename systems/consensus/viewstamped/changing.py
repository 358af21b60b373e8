"""Changing the view (section 4.2): the primary is not heard, so the next one takes over.

::

    normal --- patience ends, or somebody left ---> view-change --- f others left as well --.
      ^                                                 |                                   |
      |                                    patience ends: the next view       my log to its primary
      |                                                                                     |
      '---- the best of f + 1 logs is the view's log <---------------------------------------'

A majority sent its logs, and sends no acknowledgement in earlier views any more; so whatever was
committed there is in one of them, and nothing else ever will be. A server that crashes forgets
that it sent its log, and may recover in the earlier view: what it sent in a former life is worth
nothing then. That the paper leaves out; the servers' lives are counted for it (the crash vectors of
Michael et al.): somebody of any majority answered its recovery, while it was in order, and tells.
"""

from __future__ import annotations

from splitbrain.systems.consensus.viewstamped.messages import (
    DO_VIEW_CHANGE,
    START_VIEW,
    START_VIEW_CHANGE,
    DoViewChange,
    StartView,
    StartViewChange,
)
from splitbrain.systems.consensus.viewstamped.operating import adopt, beat
from splitbrain.systems.consensus.viewstamped.state import CHANGING, NORMAL, RECOVERING, Server


def change(server: Server, view: int) -> None:
    """Leave for a later view."""
    server.enter(CHANGING, view)
    server.wait()
    repeat(server)


def repeat(server: Server) -> None:
    """Say that we have left, and send our log if f others have; repeated while we wait."""
    server.send(server.others, StartViewChange(START_VIEW_CHANGE, server.view))
    send_log(server)
    server.deadline = min(server.ends, server.now + server.settings.heartbeat)


def send_log(server: Server) -> None:
    """Send our log to the primary of the view, if enough have left for it."""
    if len(server.changes) < server.others_needed:
        return
    log, lives = tuple(server.log), server.known_lives()
    message = DoViewChange(DO_VIEW_CHANGE, server.view, log, server.normal, server.commit, lives)
    primary = server.primary(server.view)
    if primary == server.name:
        take_log(server, server.name, message)
    else:
        server.send((primary,), message)


def on_start_view_change(server: Server, sender: str, message: StartViewChange) -> None:
    """Somebody has left for a view: so do we."""
    if server.status == RECOVERING or message.view < server.view:
        return
    if message.view > server.view:
        change(server, message.view)
    if server.status == CHANGING:
        server.changes.add(sender)
        if len(server.changes) == server.others_needed:
            send_log(server)
    elif server.leads:
        start_view(server, sender)  # it missed it


def on_do_view_change(server: Server, sender: str, message: DoViewChange) -> None:
    """A log for the view of which we are the primary."""
    if server.status == RECOVERING or message.view < server.view:
        return
    if message.view > server.view:
        change(server, message.view)
    if server.status == CHANGING:
        take_log(server, sender, message)
    elif server.leads:
        start_view(server, sender)


def take_log(server: Server, sender: str, message: DoViewChange) -> None:
    """Go on with the best log of a majority, what nobody stands by any more left out."""
    server.logs[sender] = message
    server.hear_lives(message.lives)
    lives = dict(zip(server.everybody, server.known_lives(), strict=True))
    logs = [
        each for name, each in server.logs.items() if server.rules.is_current(name, each, lives)
    ]
    if len(logs) < server.quorum or server.name not in server.logs:
        return
    best = logs[0]
    for each in logs[1:]:
        if server.rules.is_better(each, best):
            best = each
    commit = max(each.commit for each in logs)
    adopt(server, best.log, server.view, commit)
    for name in server.others:
        start_view(server, name)


def start_view(server: Server, to: str) -> None:
    """Send the log of our view."""
    message = StartView(START_VIEW, server.view, tuple(server.log), server.commit)
    server.send((to,), message)


def on_start_view(server: Server, sender: str, message: StartView) -> None:
    """Go on in the new view."""
    if server.status == RECOVERING or message.view < server.view:
        return
    if message.view > server.view or server.status == CHANGING:
        adopt(server, message.log, message.view, message.commit)


def tick(server: Server) -> None:
    """Do what is due: a heartbeat, a repetition, or the next view."""
    if server.status == NORMAL and server.leads:
        since = server.now - server.settings.patience_max
        heard = sum(each.heard_at >= since for each in server.backups.values())
        if heard < server.quorum - 1:
            change(server, server.view + 1)
        else:
            beat(server)
            server.deadline = server.now + server.settings.heartbeat
    elif server.status == CHANGING and server.now < server.ends:
        repeat(server)
    else:
        change(server, server.view + 1)
