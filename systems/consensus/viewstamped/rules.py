"""The decisions of the protocol, each a small function of just what it is decided by.

Everything else carries out what is decided here. Planted bugs are other answers to one of these
questions.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from splitbrain.systems.consensus.viewstamped.messages import DoViewChange, RecoveryResponse

if TYPE_CHECKING:
    from splitbrain.systems.consensus.viewstamped.state import Server


class Rules:
    """The protocol's answers."""

    def must_recover(self, life: int) -> bool:
        """Whether a server that starts has forgotten something: in every life but its first."""
        return life > 1

    def is_better(self, one: DoViewChange, other: DoViewChange) -> bool:
        """Whether one log is the one to go on with: that of the later view, for what was committed
        in that view is in it; then the longer one (section 4.2, step 3)."""
        return (one.normal, len(one.log)) > (other.normal, len(other.log))

    def is_current(self, sender: str, message: DoViewChange, lives: Mapping[str, int]) -> bool:
        """Whether its sender may still know what it said: it may have crashed since, recovered in
        an earlier view, and acknowledged more there (Michael et al., DISC 2017)."""
        return message.lives[sorted(lives).index(sender)] >= lives[sender]

    def may_respond(self, server: Server) -> bool:
        """Whether a recovering server is told our state: only if it is in order (4.3, step 2)."""
        return server.status == "normal"

    def is_recovered(self, server: Server) -> RecoveryResponse | None:
        """The response to go on with: of a majority's, the one of the primary of the latest view
        among them (4.3, step 3)."""
        responses = server.responses
        if len(responses) < server.quorum:
            return None
        view = max(each.view for each in responses.values())
        found = responses.get(server.primary(view))
        return found if found and found.view == view and found.log is not None else None

    def may_acknowledge(self, op: int, held: int) -> bool:
        """Whether a backup takes an operation: only the next one, for to acknowledge it is to say
        that all before is there (section 4.1, step 4)."""
        return op == held + 1

    def confirms_reads(self) -> bool:
        """Whether a primary asks, before it answers a query, if it still is one."""
        return True
