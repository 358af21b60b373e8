"""The door to the core: a message came, or time passed; effects out. No disk: nothing is saved."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

from splitbrain.systems.consensus.asking import OK, REFUSED, REQUEST, Request
from splitbrain.systems.consensus.sessions import Sessions
from splitbrain.systems.consensus.viewstamped import changing, operating, recovering
from splitbrain.systems.consensus.viewstamped import messages as sent
from splitbrain.systems.consensus.viewstamped.rules import Rules
from splitbrain.systems.consensus.viewstamped.state import (
    NORMAL,
    RECOVERING,
    Server,
    Settings,
)

HANDLERS: dict[str, tuple[type, Callable[[Server, str, Any], None]]] = {
    sent.PREPARE: (sent.Prepare, operating.on_prepare),
    sent.PREPARE_OK: (sent.PrepareOk, operating.on_prepare_ok),
    sent.COMMIT: (sent.Commit, operating.on_commit),
    sent.GET_STATE: (sent.GetState, operating.on_get_state),
    sent.NEW_STATE: (sent.NewState, operating.on_new_state),
    sent.START_VIEW_CHANGE: (sent.StartViewChange, changing.on_start_view_change),
    sent.DO_VIEW_CHANGE: (sent.DoViewChange, changing.on_do_view_change),
    sent.START_VIEW: (sent.StartView, changing.on_start_view),
    sent.RECOVERY: (sent.Recovery, recovering.on_recovery),
    sent.RECOVERY_RESPONSE: (sent.RecoveryResponse, recovering.on_recovery_response),
}


class Viewstamped:
    """One server, without network and clock; `server` is its state. Time is its local clock, in
    seconds; `life` is how often it has started, this time included."""

    def __init__(
        self,
        name: str,
        peers: tuple[str, ...],
        machine: Sessions,
        *,
        life: int,
        random: Random,
        now: float = 0.0,
        settings: Settings = Settings(),  # noqa: B008  (immutable)
        rules: Rules = Rules(),  # noqa: B008  (immutable)
    ) -> None:
        everybody = tuple(sorted((name, *peers), key=lambda each: (len(each), each)))
        status = RECOVERING if rules.must_recover(life) else NORMAL
        self.server = server = Server(
            name, everybody, settings, rules, machine, random, now, life, status
        )
        if status == NORMAL:
            server.enter(NORMAL, 0)
            server.wait()
            if server.leads:
                server.deadline = now
        else:
            server.deadline = now

    @property
    def deadline(self) -> float:
        """When `tick` has something to do."""
        return self.server.deadline

    def receive(self, now: float, sender: str, message: tuple[Any, ...]) -> list[Any]:
        """Handle a message from another server or a client."""
        server = self.server
        server.now = now
        if message[0] == REQUEST:
            start(server, sender, Request(*message))
        else:
            made, handle = HANDLERS[message[0]]
            handle(server, sender, made(*message))
        return self.take()

    def tick(self, now: float) -> list[Any]:
        """Do what is due at `now`; nothing before `deadline`."""
        server = self.server
        server.now = now
        if now >= server.deadline:
            if server.status == RECOVERING:
                recovering.ask(server)
            else:
                changing.tick(server)
        return self.take()

    def saved(self, now: float, number: int) -> list[Any]:
        """Nothing is ever saved."""
        return []

    def take(self) -> list[Any]:
        """The effects, which are the caller's from now on."""
        effects, self.server.effects = self.server.effects, []
        return effects


def start(server: Server, client: str, request: Request) -> None:
    """Start on a client's request."""
    id, body = request.id, request.body
    kind = body[0]
    if kind == "query":
        operating.query(server, client, id, body[1])
    elif kind in ("command", "register"):
        operating.propose(server, client, id, body)
    elif kind == "state" and server.status == RECOVERING:
        server.reply(client, id, REFUSED, "it knows nothing yet")
    elif kind == "state":
        server.reply(client, id, OK, server.machine.state())
    else:
        server.reply(client, id, REFUSED, f"unknown request {kind!r}")
