"""Holds a running Raft to its published specification, stimulus by stimulus.

A stimulus (a message, a tick, a save that is done) is explained by actions of
`splitbrain.systems.consensus.raft.specification.actions` one after the other: a message of a later
term, say, by `update_term` and then by what is done with it. What cannot be explained is a step
outside the specification. The state before and after is read from the records; which action it
must have been is told by the stimulus alone, never by the code.

Fixed members only: the specification has no others.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from splitbrain.systems.consensus.asking import REQUEST
from splitbrain.systems.consensus.raft.core import Raft
from splitbrain.systems.consensus.raft.effects import Effect
from splitbrain.systems.consensus.raft.messages import (
    APPEND,
    APPENDED,
    PRE_VOTE,
    REQUEST_VOTE,
    SNAPSHOT,
    VOTE,
)
from splitbrain.systems.consensus.raft.phases import Candidacy, Canvass, Leadership
from splitbrain.systems.consensus.raft.server import RaftKV
from splitbrain.systems.consensus.raft.specification import actions as spec
from splitbrain.systems.consensus.raft.specification.actions import (
    CANDIDATE,
    FIRST,
    FOLLOWER,
    LEADER,
    State,
    World,
)
from splitbrain.systems.consensus.sending import Send

NOT_OF_A_TERM = (REQUEST, PRE_VOTE)
"""Kinds of messages without a term, or whose term is to make nobody follow in it."""


class OutsideSpecification(Exception):
    """A step that no actions explain."""


class Conformance:
    """The specification's view of one run.

    Attributes:
        world: what the servers know of each other.
        states: by server, as it was seen last.
        saved: by server, the states since the last that is known to be saved, with the number of
            the last save that each rests on; the first is that one.
        lives: by server, the core of its present life.
        actions: how often each action explained something.
        breaches: what could not be explained.
    """

    def __init__(self) -> None:
        self.world = World(())
        self.states: dict[str, State] = {}
        self.saved: dict[str, list[tuple[int, State]]] = {}
        self.lives: dict[str, Raft] = {}
        self.actions: dict[str, int] = {}
        self.breaches: list[str] = []

    def begin(self, core: Raft) -> None:
        """A server starts, perhaps again."""
        name = core.name
        self.world.servers = core.server.members.voters
        state, before = self.read(core, FIRST), self.states.get(name)
        if before is None:
            held = state == FIRST
        else:
            held = spec.restart(before, state, [each for _, each in self.saved[name]])
        self.note("Restart", held, name, before, state)
        self.states[name], self.lives[name] = state, core
        self.saved[name] = [(0, state)]

    def read(self, core: Raft, before: State) -> State:
        """A server's variables, of its records; a pre-candidate is what it was."""
        server = core.server
        phase, log = server.phase, server.replica.log
        role = FOLLOWER
        if isinstance(phase, Leadership):
            role = LEADER
        elif isinstance(phase, Candidacy):
            role = CANDIDATE
        elif isinstance(phase, Canvass) and before.term == server.ballot.term:
            role = before.role if before.role == CANDIDATE else FOLLOWER
        base = log.base_index
        compacted = before.log[:base] if len(before.log) >= base else ()
        if len(compacted) < base or (base and compacted[-1].term != log.base_term):
            compacted = tuple(self.world.committed[:base])
        held = (*compacted, *log.entries)
        ballot = server.ballot
        return State(ballot.term, role, ballot.vote, held, server.replica.commit)

    def step(self, core: Raft, sender: str, message: Any, effects: list[Effect]) -> None:
        """A stimulus was handled; `message` is () for a tick or a save."""
        name = core.name
        before = self.states[name]
        after = self.read(core, before)
        known, outbox = self.saved[name], core.server.outbox
        while len(known) > 1 and known[1][0] <= outbox.saves_done:
            known.pop(0)
        try:
            middle = self.received(name, sender, message, before, after, effects)
            self.explain(name, middle, after)
            self.sent(after, effects)
        except OutsideSpecification as outside:
            said = str(outside) or "no action of the specification does this"
            self.breaches.append(f"{name}, at {message[:1]}: {said}: {shown(before, after)}")
        self.states[name] = after
        known.append((outbox.saves, after))
        if after.commit > len(self.world.committed):
            self.world.committed = list(after.log[: after.commit])

    def received(
        self, name: str, sender: str, message: Any, s: State, after: State, effects: list[Effect]
    ) -> State:
        """The state after a message was received, which may have other consequences yet."""
        kind = message[0] if message else REQUEST
        if kind in NOT_OF_A_TERM:
            return s
        if message.term > s.term and after.term >= message.term:
            follower = s._replace(term=message.term, role=FOLLOWER, vote=None)
            s = self.check("UpdateTerm", spec.update_term(s, follower, message.term), follower)
            # A crash may leave the term without the vote that follows.
            self.saved[name].append((self.lives[name].server.outbox.saves, s))
        answers = [each.message for each in effects if isinstance(each, Send) and each.to == sender]
        if kind == REQUEST_VOTE:
            return self.vote_requested(sender, message, s, answers)
        if kind == VOTE and message.term == s.term and message.granted:
            self.world.granted.setdefault((name, s.term), set()).add(sender)
        elif kind == APPENDED and message.term == s.term:
            matched = self.world.matched.setdefault((name, s.term), {})
            matched[sender] = max(matched.get(sender, 0), message.match)
        elif kind in (APPEND, SNAPSHOT):
            return self.appended(message, s, after, answers)
        return s

    def vote_requested(self, sender: str, message: Any, s: State, answers: list[Any]) -> State:
        """HandleRequestVoteRequest."""
        granted = any(each[0] == VOTE and each.granted for each in answers)
        voted = s._replace(vote=sender) if granted else s
        held = spec.handle_request_vote(s, voted, sender, message, granted=granted)
        return self.check("HandleRequestVoteRequest", held, voted)

    def appended(self, message: Any, s: State, after: State, answers: list[Any]) -> State:
        """HandleAppendEntriesRequest, and what it is for a snapshot."""
        if message.term < s.term:
            return s
        if s.role == CANDIDATE:
            follower = s._replace(role=FOLLOWER)
            held = spec.return_to_follower(s, follower, message)
            s = self.check("ReturnToFollowerState", held, follower)
        matches = [each.match for each in answers if each[0] == APPENDED]
        if message[0] == SNAPSHOT:
            if after == s:
                return s
            held = spec.install_snapshot(self.world, s, after, message)
            return self.check("InstallSnapshot", held, after)
        if not matches:
            held = spec.reject_append(s, after, message)
            return self.check("RejectAppendEntriesRequest", held, after)
        held = spec.accept_append(s, after, message, matches[0])
        return self.check("AcceptAppendEntriesRequest", held, after)

    def explain(self, name: str, s: State, after: State) -> None:
        """What is left: what a server does by itself."""
        if s == after:
            return
        world, saved = self.world, self.saved[name][0][1]
        if after.term == s.term + 1:
            candidate = State(s.term + 1, CANDIDATE, name, s.log, s.commit)
            s = self.check("Timeout", spec.timeout(name, s, candidate), candidate)
        if after.role == LEADER != s.role:
            leader = s._replace(role=LEADER)
            s = self.check("BecomeLeader", spec.become_leader(world, name, s, leader), leader)
        while s.role == LEADER and len(after.log) > len(s.log):
            longer = s._replace(log=after.log[: len(s.log) + 1])
            s = self.check("ClientRequest", spec.client_request(s, longer), longer)
        if after.commit != s.commit:
            further = s._replace(commit=after.commit)
            held = spec.advance_commit(world, name, s, further, saved)
            s = self.check("AdvanceCommitIndex", held, further)
        if s.role == LEADER and after.role == FOLLOWER:
            resigned = s._replace(role=FOLLOWER)
            s = self.check("Restart", spec.restart(s, resigned, [s]), resigned)
        if s != after:
            raise OutsideSpecification

    def sent(self, state: State, effects: Iterable[Effect]) -> None:
        """RequestVote and AppendEntries say what is so."""
        for effect in effects:
            if isinstance(effect, Send):
                message: Any = effect.message
                if message[0] == REQUEST_VOTE:
                    self.check("RequestVote", spec.may_request_vote(state, message), state)
                elif message[0] == APPEND:
                    self.check("AppendEntries", spec.may_append(state, message), state)

    def check(self, action: str, held: bool, state: State) -> State:
        """Count an action that explains something; the state after it."""
        if not held:
            raise OutsideSpecification(f"not {action}")
        self.actions[action] = self.actions.get(action, 0) + 1
        return state

    def note(self, action: str, held: bool, name: str, s: State | None, t: State) -> None:
        """Count an action that stands for itself."""
        self.actions[action] = self.actions.get(action, 0) + 1
        if not held:
            self.breaches.append(f"{name}: not {action}: {shown(s or FIRST, t)}")


class ConformingRaft(Raft):
    """Raft that is looked at before and after each stimulus."""

    conformance: Conformance

    def receive(self, now: float, sender: str, message: tuple[Any, ...]) -> list[Effect]:
        """See `Raft.receive`."""
        effects = super().receive(now, sender, message)
        self.conformance.step(self, sender, message, effects)
        return effects

    def tick(self, now: float) -> list[Effect]:
        """See `Raft.tick`."""
        effects = super().tick(now)
        self.conformance.step(self, "", (), effects)
        return effects

    def saved(self, now: float, number: int) -> list[Effect]:
        """See `Raft.saved`."""
        effects = super().saved(now, number)
        self.conformance.step(self, "", (), effects)
        return effects


def conforming(server: type[RaftKV], conformance: Conformance) -> type[RaftKV]:
    """The server, whose cores are held to the specification."""
    core = type("Held", (ConformingRaft,), {"conformance": conformance})

    class Conforming(server):  # type: ignore[misc, valid-type]
        """The server with another core."""

        core_class = core

        async def recover(self) -> Raft:
            """See `RaftKV.recover`."""
            made: Raft = await super().recover()
            conformance.begin(made)
            return made

    return Conforming


def shown(s: State, t: State) -> str:
    """What differs between two states."""
    differs = [
        f"{name} {brief(one)} -> {brief(other)}"
        for name, one, other in zip(State._fields, s, t, strict=True)
        if one != other
    ]
    return "; ".join(differs) or "nothing changed"


def brief(value: Any) -> str:
    """A log by the terms of its last entries."""
    if isinstance(value, tuple):
        return f"{len(value)} entries, the last of terms {[entry.term for entry in value[-5:]]}"
    return str(value)
