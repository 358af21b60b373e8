"""What must hold between the servers at every moment, watched from outside at every step.

Each is stated of what servers hold, whatever code made it so; P1 and P2 are those of "Paxos Made
Simple":

=====================  =============================================================================
promise-kept           a promise never decreases, and one that was durable is known in any later
                       life; no vote is in a ballot before it (P1a)
one-value              all votes in a slot and ballot are for one value
choice-kept            once a majority voted for a value, votes in later ballots are for it (P2b)
agreement              no two values are chosen in a slot, nor believed to be
chosen-quorum          what is applied was chosen: a majority voted for it in one ballot
durability             the last choice stays with a majority, whoever crashes
same-snapshot          snapshots of the same slot are the same
no-hole                who begins to lead proposes something in every slot up to the last one that
                       it knows of, unless a value is chosen there
leader-lease           nobody leads in a later ballot while a leader would still read unasked
never-back             within a life the slot that is applied does not decrease
stale-answer           who answers a query has applied all that anybody had when the query came
                       (`splitbrain.systems.consensus.fresh_reads`)
=====================  =============================================================================

Votes are counted here, once they are durable, and not believed: the first majority for a slot and
ballot is the choice. A step that changed nothing costs a few comparisons.
"""

from __future__ import annotations

from collections import deque
from typing import Any

from splitbrain.harness.invariants import Breach
from splitbrain.systems.consensus.fresh_reads import Answers, Asked
from splitbrain.systems.consensus.paxos.phases import Leading, Phase
from splitbrain.systems.consensus.paxos.state import Server
from splitbrain.systems.consensus.paxos.synod import Vote


class _Seen:
    """What a server was like when it was looked at last; of a new life, nothing yet.

    Attributes:
        state: its records, of its present life.
        promised, applied, saves, phase: as they were.
        votes: those that were looked at, by slot.
        unsaved: of these, those not known to be durable: the save that makes them so, slot, vote.
        base: up to which slot it keeps no votes.
        asked: its queries.
    """

    __slots__ = (
        "applied",
        "asked",
        "base",
        "phase",
        "promised",
        "saves",
        "state",
        "unsaved",
        "votes",
    )

    def __init__(self, state: Server) -> None:
        self.state = state
        self.promised = self.applied = self.base = 0
        self.saves = -1
        self.votes: dict[int, Vote] = {}
        self.unsaved: deque[tuple[int, int, Vote]] = deque()
        self.phase: Phase | None = None
        self.asked = Asked()


class PaxosInvariants:
    """A probe (`splitbrain.harness.invariants.Probe`) of servers with a ``core``.

    Attributes:
        seen: by server, also those that are down: what they held last.
        told: by server, the latest promise that was durable.
        values: by slot and ballot, what was voted for.
        voters: likewise, by whom.
        chosen: by slot, the first vote that a majority cast alike.
        snapshots: by slot.
        leaders: by ballot.
        last: the greatest slot that is chosen.
        highest: the greatest slot that anybody applied.
        answers: to queries.
    """

    def __init__(self) -> None:
        self.seen: dict[str, _Seen] = {}
        self.told: dict[str, int] = {}
        self.values: dict[tuple[int, int], Any] = {}
        self.voters: dict[tuple[int, int], set[str]] = {}
        self.chosen: dict[int, Vote] = {}
        self.snapshots: dict[int, bytes] = {}
        self.leaders: dict[int, str] = {}
        self.last = self.highest = 0
        self.answers = Answers()

    def __call__(self, name: str, server: Any) -> Breach | None:
        """See `splitbrain.harness.invariants.Probe`."""
        core = getattr(server, "core", None)  # there is none before it has recovered
        if core is None:
            return None
        if self.answers.stale is not None and (stale := self.answers.due()):
            return stale
        state: Server = core.server
        seen, breach = self.seen.get(name), None
        if seen is None or seen.state is not state:
            seen = self.seen[name] = _Seen(state)
            seen.unsaved.extend((0, slot, Vote(*vote)) for slot, *vote in core.stored.votes)
            breach = self.remembered(name, state) or self.durability(name, state)
        acceptor, outbox, phase = state.acceptor, state.outbox, state.phase
        machine, asked = state.replica.machine, seen.asked
        office = phase if isinstance(phase, Leading) else None
        if machine.queries != asked.queries or (
            office and (len(office.reads) != len(asked.waiting) or office is not asked.office)
        ):
            applied, reads = state.replica.applied, office.reads if office else ()
            self.answers.note(asked.look(name, machine, office, reads, applied, self.highest))
        if state.settings.lease and server.lives:
            breach = breach or self.leader_lease(name, state)
        if acceptor.promised != seen.promised or outbox.saves != seen.saves:
            breach = breach or self.votes(name, state, seen)
        while seen.unsaved and seen.unsaved[0][0] <= outbox.saves_done:
            _, slot, vote = seen.unsaved.popleft()
            breach = breach or self.count(name, state, slot, vote)
        if state.replica.applied != seen.applied:
            breach = breach or self.applied(name, state, seen)
        if phase is not seen.phase and isinstance(phase, Leading):
            self.leaders[phase.ballot] = name
            breach = breach or self.no_hole(name, state, phase)
        seen.phase = phase
        if outbox.saves == outbox.saves_done:
            self.told[name] = max(self.told.get(name, 0), acceptor.promised)
        return breach

    def remembered(self, name: str, state: Server) -> Breach | None:
        """A promise that was durable was perhaps told: it is known in any later life."""
        told, promised = self.told.get(name, 0), state.acceptor.promised
        if promised >= told:
            return None
        return Breach(
            "promise-kept", f"{name} promised ballot {told}, and started again with {promised}"
        )

    def durability(self, name: str, state: Server) -> Breach | None:
        """What was chosen is still there when a server has started again."""
        if not self.last:
            return None
        choice, holders = self.chosen[self.last], 0
        for seen in self.seen.values():
            vote = seen.state.acceptor.votes.get(self.last)
            settled = seen.state.replica.base >= self.last
            holders += settled or (vote is not None and vote.ballot >= choice.ballot)
        # Who has not started yet holds what its disk has, which nobody can see.
        if holders + len(state.everybody) - len(self.seen) >= state.majority:
            return None
        return Breach(
            "durability",
            f"{_shown(choice.value)} was chosen in slot {self.last}, and since {name} started "
            "again no majority holds it",
        )

    def votes(self, name: str, state: Server, seen: _Seen) -> Breach | None:
        """Look at the votes that are new."""
        acceptor, breach = state.acceptor, None
        if acceptor.promised < seen.promised:
            breach = Breach(
                "promise-kept",
                f"the promise of {name} went from {seen.promised} to {acceptor.promised}",
            )
        for slot, vote in acceptor.votes.items():
            if seen.votes.get(slot) is not vote:
                breach = breach or self.vote(name, seen, slot, vote)
                seen.votes[slot] = vote
                seen.unsaved.append((state.outbox.saves, slot, vote))
        if state.replica.base != seen.base:
            seen.base = state.replica.base
            seen.votes = dict(acceptor.votes)
        seen.promised, seen.saves = acceptor.promised, state.outbox.saves
        return breach

    def vote(self, name: str, seen: _Seen, slot: int, vote: Vote) -> Breach | None:
        """Look at a vote."""
        place, choice = (slot, vote.ballot), self.chosen.get(slot)
        if seen.saves >= 0 and vote.ballot < seen.promised:
            said = f"{name} promised ballot {seen.promised} and votes in {vote.ballot}, slot {slot}"
            return Breach("promise-kept", said)
        known = self.values.setdefault(place, vote.value)
        if known is not vote.value and known != vote.value:
            said = f"{_shown(known)} and, by {name}, {_shown(vote.value)}"
            return Breach(
                "one-value", f"votes in slot {slot}, ballot {vote.ballot}, are for {said}"
            )
        if choice and vote.ballot > choice.ballot and vote.value != choice.value:
            return Breach(
                "choice-kept",
                f"{_shown(choice.value)} was chosen in slot {slot}, ballot {choice.ballot}, and "
                f"{name} votes for {_shown(vote.value)} in ballot {vote.ballot}",
            )
        return None

    def count(self, name: str, state: Server, slot: int, vote: Vote) -> Breach | None:
        """Count a vote that is durable."""
        voters = self.voters.setdefault((slot, vote.ballot), set())
        voters.add(name)
        if len(voters) < state.majority:
            return None
        self.last = max(self.last, slot)
        choice = self.chosen.setdefault(slot, vote)
        if choice.value == vote.value:
            return None
        return Breach(
            "agreement",
            f"{_shown(choice.value)} (ballot {choice.ballot}) and {_shown(vote.value)} (ballot "
            f"{vote.ballot}) are both chosen in slot {slot}",
        )

    def applied(self, name: str, state: Server, seen: _Seen) -> Breach | None:
        """Look at what was applied, as far as it is still there; the snapshot has the rest."""
        replica, before = state.replica, seen.applied
        seen.applied = replica.applied
        self.highest = max(self.highest, replica.applied)
        if replica.applied < before:
            said = f"{name} had applied slot {before}, and now {replica.applied}"
            return Breach("never-back", said)
        for slot in range(max(before, replica.base) + 1, replica.applied + 1):
            if slot not in replica.chosen:
                continue
            value, choice = replica.chosen[slot], self.chosen.get(slot)
            if choice is None:
                said = f"{name} applied {_shown(value)} in slot {slot}, which no majority voted for"
                return Breach("chosen-quorum", said)
            if choice.value is not value and choice.value != value:
                return Breach(
                    "agreement",
                    f"{name} applied {_shown(value)} in slot {slot}, where "
                    f"{_shown(choice.value)} was chosen",
                )
        return self.same_snapshot(name, state)

    def same_snapshot(self, name: str, state: Server) -> Breach | None:
        """Equal prefixes of the log make equal states, byte for byte."""
        snapshot = state.replica.snapshot
        if snapshot is None:
            return None
        known = self.snapshots.setdefault(snapshot.last, snapshot.data)
        if known is snapshot.data or known == snapshot.data:
            return None
        said = f"the snapshot of {name} up to slot {snapshot.last} differs from another's"
        return Breach("same-snapshot", said)

    def no_hole(self, name: str, state: Server, office: Leading) -> Breach | None:
        """What is behind a slot that nobody proposes in is never applied (section 3)."""
        replica = state.replica
        for slot in range(replica.applied + 1, office.next):
            if slot not in office.open and slot not in replica.chosen:
                said = f"{name} leads ballot {office.ballot} up to slot {office.next - 1}, and "
                return Breach("no-hole", f"{said}proposes nothing in slot {slot}")
        return None

    def leader_lease(self, name: str, state: Server) -> Breach | None:
        """Looked at whenever a leader with a lease does anything: only then its clock is known. One
        whose life a failing disk has ended answers nothing, and its clock stands still."""
        office, now = state.phase, state.timer.now
        latest = max(self.leaders, default=0)
        if not isinstance(office, Leading) or latest <= office.ballot:
            return None
        vouched = sorted((each.vouched_at for each in office.hearing.values()), reverse=True)
        ends = vouched[state.majority - 1] + state.settings.lease
        if now >= ends:
            return None
        return Breach(
            "leader-lease",
            f"{name} may read without asking for {ends - now:.3f} s more, though "
            f"{self.leaders[latest]} leads ballot {latest} by now",
        )


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
