"""What must hold between the servers at every moment, watched from outside at every step.

Each is stated of what servers hold, whatever code made it so:

=====================  =============================================================================
agreement              no two servers commit different operations at a number
one-log                in a view all servers that are in order hold prefixes of one log
view-completeness      who is in order in a view holds what was committed in the views before it
commit-quorum          what a primary commits was held by a majority of servers, in its view
never-back             within a life neither view nor commitment goes back
stale-answer           who answers a query has applied all that anybody had when the query came
                       (`splitbrain.systems.consensus.fresh_reads`)
=====================  =============================================================================

Who held something and crashed counts as one who held it: it takes part in nothing again before it
holds it again, or a majority that does has told it otherwise.
"""

from __future__ import annotations

from typing import Any

from splitbrain.harness.invariants import Breach
from splitbrain.systems.consensus.fresh_reads import Answers, Asked
from splitbrain.systems.consensus.viewstamped.state import NORMAL, Server


class _Seen:
    """What a server was like when it was looked at last; of a new life, nothing yet."""

    __slots__ = ("asked", "commit", "last", "normal", "op", "state", "status", "view")

    def __init__(self, state: Server) -> None:
        self.state = state
        self.view = self.commit = 0
        self.op = self.normal = -1
        self.status, self.last = "", None
        self.asked = Asked()


class ViewstampedInvariants:
    """A probe (`splitbrain.harness.invariants.Probe`) of servers with a ``core``.

    Attributes:
        seen: by server: what it held last.
        logs: by view and number, the operation.
        holders: likewise, who has held it.
        committed: by number, from 1 on, the operation and the view in which it was seen committed.
        answers: to queries.
    """

    def __init__(self) -> None:
        self.seen: dict[str, _Seen] = {}
        self.logs: dict[tuple[int, int], Any] = {}
        self.holders: dict[tuple[int, int], set[str]] = {}
        self.committed: list[tuple[Any, int]] = []
        self.answers = Answers()

    def __call__(self, name: str, server: Any) -> Breach | None:
        """See `splitbrain.harness.invariants.Probe`."""
        core = getattr(server, "core", None)  # there is none before it knows its life
        if core is None:
            return None
        if self.answers.stale is not None and (stale := self.answers.due()):
            return stale
        state: Server = core.server
        seen = self.seen.get(name)
        if seen is None or seen.state is not state:
            seen = self.seen[name] = _Seen(state)
        last, machine, asked = state.log[-1] if state.log else None, state.machine, seen.asked
        if (
            machine.queries != asked.queries
            or len(state.reads) != len(asked.waiting)
            or state.view != seen.view
            or state.status != seen.status
        ):
            # Those that wait as it leaves a view are sent away.
            office = (state.view, state.status)
            highest = len(self.committed)
            self.answers.note(asked.look(name, machine, office, state.reads, state.commit, highest))
        if (
            state.op == seen.op
            and state.commit == seen.commit
            and state.view == seen.view
            and state.status == seen.status
            and last is seen.last
        ):
            return None
        breach = self.never_back(state, seen)
        if state.status == NORMAL:
            breach = breach or self.one_log(state, seen)
            if state.view != seen.normal or seen.status != NORMAL:
                breach = breach or self.complete(state)
            if state.commit != seen.commit:
                breach = breach or self.commits(state, seen)
        seen.view, seen.commit, seen.op = state.view, state.commit, state.op
        seen.status, seen.normal, seen.last = state.status, state.normal, last
        return breach

    def never_back(self, state: Server, seen: _Seen) -> Breach | None:
        """Neither the view nor what is committed goes back."""
        for what, before, now in (
            ("view", seen.view, state.view),
            ("commitment", seen.commit, state.commit),
        ):
            if now < before:
                said = f"the {what} of {state.name} went from {before} to {now}"
                return Breach("never-back", said)
        return None

    def one_log(self, state: Server, seen: _Seen) -> Breach | None:
        """What is new in the log is what others hold there in this view."""
        same = state.view == seen.normal and seen.status == NORMAL and state.op >= seen.op
        for number in range(max(seen.op, 0) + 1 if same else 1, state.op + 1):
            command = state.log[number - 1]
            self.holders.setdefault((state.view, number), set()).add(state.name)
            known = self.logs.setdefault((state.view, number), command)
            if known is not command and known != command:
                return Breach(
                    "one-log",
                    f"{state.name} holds {_shown(command)} at {number} in view {state.view}, where "
                    f"another holds {_shown(known)}",
                )
        return None

    def complete(self, state: Server) -> Breach | None:
        """Who is newly in order holds what was committed up to its view."""
        for number, (command, view) in enumerate(self.committed, 1):
            if view >= state.view:
                return None
            if state.op < number or state.log[number - 1] != command:
                return Breach(
                    "view-completeness",
                    f"{state.name} is in order in view {state.view} and lacks {_shown(command)} at "
                    f"{number}, committed in view {view}",
                )
        return None

    def commits(self, state: Server, seen: _Seen) -> Breach | None:
        """What is newly committed: the same everywhere, and held by a majority."""
        for number in range(seen.commit + 1, state.commit + 1):
            command = state.log[number - 1]
            if number <= len(self.committed):
                known = self.committed[number - 1][0]
                if known is not command and known != command:
                    return Breach(
                        "agreement",
                        f"{state.name} commits {_shown(command)} at {number}, where "
                        f"{_shown(known)} was committed",
                    )
                continue
            self.committed.append((command, state.view))
            holders = len(self.holders[state.view, number])
            if state.leads and holders < state.quorum:
                return Breach(
                    "commit-quorum",
                    f"{state.name} commits {_shown(command)} at {number} in view {state.view}, "
                    f"and {holders} servers held it",
                )
        return None


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
