"""Recovery without a disk (section 4.3): what a crash took, the others have.

A server that starts again takes no part in anything before it knows what it may have said. It asks
all; a majority answers, being in order, among them the primary of the latest view that any of them
is in. That log holds whatever this server acknowledged in its former lives.

The question carries the number of its life, and so do the answers: none to an earlier one counts.
"""

from __future__ import annotations

from splitbrain.systems.consensus.viewstamped.changing import change
from splitbrain.systems.consensus.viewstamped.messages import (
    RECOVERY,
    RECOVERY_RESPONSE,
    Recovery,
    RecoveryResponse,
)
from splitbrain.systems.consensus.viewstamped.operating import adopt
from splitbrain.systems.consensus.viewstamped.state import RECOVERING, Server

QUICK = 10
"""How often the others are asked at short intervals: most recoveries are over by then."""


def ask(server: Server) -> None:
    """Ask all for their state; repeated while we wait, at twice the interval each time in the end.
    If more than f have failed nobody ever answers, and they would ask one another for ever."""
    server.send(server.others, Recovery(RECOVERY, server.life))
    server.asked += 1
    # Until it is answered it counts as failed: sooner than others repeat things.
    pause = server.settings.heartbeat / 5 * 2 ** min(16, max(0, server.asked - QUICK))
    server.deadline = server.now + min(pause, server.settings.patience_max)


def on_recovery(server: Server, sender: str, message: Recovery) -> None:
    """Tell a server what it forgot, if we are in order. What it said in earlier lives it stands by
    no more."""
    if not server.rules.may_respond(server):
        return
    server.lives[sender] = max(message.life, server.lives.get(sender, 0))
    if sender == server.primary(server.view):
        change(server, server.view + 1)  # nobody else has to time out first
        return
    log = tuple(server.log) if server.primary(server.view) == server.name else None
    lives = server.known_lives()
    answer = RecoveryResponse(
        RECOVERY_RESPONSE, message.life, server.view, log, server.commit, lives
    )
    server.send((sender,), answer)


def on_recovery_response(server: Server, sender: str, message: RecoveryResponse) -> None:
    """Go on with what a majority told, the primary among them."""
    if server.status != RECOVERING or message.life != server.life:
        return
    server.responses[sender] = message
    server.hear_lives(message.lives)
    found = server.rules.is_recovered(server)
    if found is not None:
        assert found.log is not None
        adopt(server, found.log, found.view, found.commit)
