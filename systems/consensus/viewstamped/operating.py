"""Normal operation (section 4.1), state transfer (5.2), and reads.

The primary puts operations in order and sends each to all; when f others hold it, and with it all
before, it is committed. A server that missed something asks for it.

A query is answered when f others have answered a heartbeat that was sent after it came, being in
our view: so no later view was formed by then, for it would have needed one of us.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from splitbrain.systems.consensus.asking import REDIRECT
from splitbrain.systems.consensus.viewstamped.messages import (
    COMMIT,
    GET_STATE,
    NEW_STATE,
    PREPARE,
    PREPARE_OK,
    Commit,
    GetState,
    NewState,
    Prepare,
    PrepareOk,
)
from splitbrain.systems.consensus.viewstamped.state import NORMAL, RECOVERING, Read, Server


def propose(server: Server, client: str, id: int, command: Any) -> None:
    """Put a client's command at the end of the log; the answer comes when it is committed."""
    if not server.leads:
        redirect(server, client, id)
        return
    server.log.append(command)
    server.pending[server.op] = (client, id)
    message = Prepare(PREPARE, server.view, server.op, command, server.commit)
    server.send(server.others, message)
    count(server)


def redirect(server: Server, client: str, id: int) -> None:
    """Send a client to the primary, if there is one."""
    in_order = server.status == NORMAL
    server.reply(client, id, REDIRECT, server.primary(server.view) if in_order else None)


def query(server: Server, client: str, id: int, operation: Any) -> None:
    """Take a query."""
    if not server.leads:
        redirect(server, client, id)
    elif not server.rules.confirms_reads():
        server.reply(client, id, *server.machine.query(operation))
    else:
        server.reads.append(Read(server.sent + 1, client, id, operation))
        confirm(server)


def confirm(server: Server) -> None:
    """Answer the queries that came before what f others confirm; ask them, if nobody is asked."""
    answered = sorted((each.answered for each in server.backups.values()), reverse=True)
    confirmed = answered[server.quorum - 2] if server.quorum > 1 else server.sent + 1
    while server.reads and server.reads[0].after <= confirmed:
        read = server.reads.popleft()
        server.reply(read.client, read.id, *server.machine.query(read.operation))
    if server.reads and server.reads[-1].after > server.sent and confirmed >= server.sent:
        beat(server)


def beat(server: Server) -> None:
    """Tell all how far the log is, and how far it is committed."""
    server.sent += 1
    message = Commit(COMMIT, server.view, server.op, server.commit, server.sent)
    server.send(server.others, message)


def on_prepare(server: Server, sender: str, message: Prepare) -> None:
    """Take the primary's next operation."""
    if not hear_primary(server, sender, message.view):
        return
    if server.rules.may_acknowledge(message.op, server.op):
        server.log.append(message.command)
        acknowledge(server, sender, 0)
    elif message.op > server.op:
        fetch(server, sender)
    execute(server, message.commit)


def on_commit(server: Server, sender: str, message: Commit) -> None:
    """Hear the primary's heartbeat."""
    if hear_primary(server, sender, message.view):
        acknowledge(server, sender, message.number)
        if message.op > server.op:
            fetch(server, sender)
        execute(server, message.commit)


def acknowledge(server: Server, primary: str, number: int) -> None:
    """Say how far we hold the log."""
    server.send((primary,), PrepareOk(PREPARE_OK, server.view, server.op, number))


def hear_primary(server: Server, sender: str, view: int) -> bool:
    """Whether the sender is the primary of the view that we are in; if it is of a later one, or of
    the one that we change to, ask for its log."""
    if server.status == RECOVERING or view < server.view:
        return False
    if view > server.view or server.status != NORMAL:
        server.send((sender,), GetState(GET_STATE, view, server.commit))
        return False
    server.wait()
    return True


def fetch(server: Server, sender: str) -> None:
    """Ask for what we lack of the log of our view."""
    server.send((sender,), GetState(GET_STATE, server.view, server.op))


def on_get_state(server: Server, sender: str, message: GetState) -> None:
    """Send what follows in the log."""
    if server.status == NORMAL and message.view == server.view:
        entries, after = tuple(server.log[message.after :]), message.after
        answer = NewState(NEW_STATE, server.view, after, entries, server.commit)
        server.send((sender,), answer)


def on_new_state(server: Server, sender: str, message: NewState) -> None:
    """Take what follows in our log; in a later view all that isn't committed gives way to it."""
    if server.status == RECOVERING or message.view < server.view:
        return
    if message.view > server.view or server.status != NORMAL:
        if message.after != server.commit:
            return  # the answer to an older question
        server.log[message.after :] = message.entries
        server.enter(NORMAL, message.view)
        server.wait()
    elif message.after <= server.op < message.after + len(message.entries):
        server.log[message.after :] = message.entries
    acknowledge(server, server.primary(server.view), 0)
    execute(server, message.commit)


def on_prepare_ok(server: Server, sender: str, message: PrepareOk) -> None:
    """Count who holds what."""
    if server.leads and message.view == server.view:
        backup = server.backups[sender]
        backup.heard_at = server.now
        backup.op = max(backup.op, message.op)
        backup.answered = max(backup.answered, message.number)
        count(server)
        confirm(server)


def count(server: Server) -> None:
    """Commit what f others hold."""
    held = sorted((each.op for each in server.backups.values()), reverse=True)
    execute(
        server,
        min(server.op, held[server.others_needed - 1]) if server.others_needed else server.op,
    )


def execute(server: Server, commit: int) -> None:
    """Apply what is committed, as far as we hold it, and answer those who wait."""
    while server.commit < min(commit, server.op):
        server.commit += 1
        done = server.machine.apply(server.commit, server.log[server.commit - 1])
        waiting = server.pending.pop(server.commit, None)
        if waiting is not None:
            server.reply(*waiting, *done)


def adopt(server: Server, log: Sequence[Any], view: int, commit: int) -> None:
    """Go on in a view with its log."""
    server.log = list(log)
    server.enter(NORMAL, view)
    execute(server, commit)
    if server.leads:
        beat(server)
        server.deadline = server.now + server.settings.heartbeat
    else:
        server.wait()
        acknowledge(server, server.primary(view), 0)
