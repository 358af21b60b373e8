"""What must hold between Raft servers at every moment, watched from outside at every step.

Figure 3 of the paper, and what it rests on. Each is stated of what servers hold, whatever code made
it so:

=====================  =============================================================================
election-safety        at most one server leads in a term
protected-leader       who has heard of a leader votes for nobody else before the shortest election
                       timeout has passed on its clock, unless that leader wanted it (with pre-vote)
leader-lease           nobody leads a later term while a leader would still read without asking
vote-once              a vote that is durable is the only one of its server in its term
leader-append-only     a leader's log only grows
log-matching           an index and a term determine the entry, and the term of the one before it
leader-completeness    who leads holds all that was committed in earlier terms
rival-quorums          while members change: no two servers can each be elected by a majority of
                       those whom it takes for members, neither of whom votes for both
state-machine-safety   no two servers commit different entries at an index, or make different
                       snapshots of the same prefix
commit-quorum          what a leader commits is in the logs of a majority
durability             what was committed stays in the logs of a majority, whoever crashes
never-back             within an incarnation neither the term nor the commit index decreases
stale-answer           who answers a query has applied all that anybody had when the query came
                       (`splitbrain.systems.consensus.fresh_reads`)
=====================  =============================================================================

A step that changed nothing costs a few comparisons. Else what is looked at is what was not
committed before the step and what is newly committed: a few entries. All that was committed is gone
through when somebody becomes leader. Entries that are committed and compacted in one step are seen
in the snapshot alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import Any

from splitbrain.harness.invariants import Breach
from splitbrain.systems.consensus.fresh_reads import Answers, Asked
from splitbrain.systems.consensus.raft.configuration import Configuration
from splitbrain.systems.consensus.raft.effects import Snapshot
from splitbrain.systems.consensus.raft.messages import Entry
from splitbrain.systems.consensus.raft.phases import Candidacy, Leadership, Phase
from splitbrain.systems.consensus.raft.state import Server


class _Seen:
    """What a server was like when it was looked at last; of a new life, nothing yet.

    Attributes:
        state: its records, of its present life.
        term, vote, commit, last_index, last_term: as they were.
        phase: the phase in which it was.
        snapshot: the snapshot that it had.
        told: whether there is no vote in this term that is not yet known to be durable.
        asked: its queries.
    """

    __slots__ = (
        "asked",
        "commit",
        "last_index",
        "last_term",
        "phase",
        "snapshot",
        "state",
        "term",
        "told",
        "vote",
    )

    def __init__(self, state: Server) -> None:
        self.state = state
        self.term = self.commit = 0
        self.last_index = self.last_term = -1
        self.vote: str | None = None
        self.phase: Phase | None = None
        self.snapshot: Snapshot | None = None
        self.told = True
        self.asked = Asked()


class RaftInvariants:
    """A probe (`splitbrain.harness.invariants.Probe`) of servers with a ``core``.

    Attributes:
        seen: by server, also those that are down: what they held last.
        leaders: who leads, by term.
        votes: durable votes by server and term.
        transfers: terms and servers that a leader wanted to lead in them.
        entries: by index and term, the entry there and the term before it.
        committed: by index, the entry and the term of the server that committed it first.
        snapshots: by last index, a snapshot's last term and data.
        highest: the greatest index that was committed.
        members: by whose majority.
        latest: by server, where its log has its configuration, and which one it is.
        answers: to queries.
    """

    def __init__(self) -> None:
        self.seen: dict[str, _Seen] = {}
        self.leaders: dict[int, str] = {}
        self.votes: dict[tuple[str, int], str] = {}
        self.transfers: set[tuple[int, str]] = set()
        self.entries: dict[tuple[int, int], tuple[Entry, int]] = {}
        self.committed: dict[int, tuple[Entry, int]] = {}
        self.snapshots: dict[int, tuple[int, bytes]] = {}
        self.highest = 0
        self.members = Configuration(())
        self.latest: dict[str, tuple[int, Configuration]] = {}
        self.answers = Answers()

    def __call__(self, name: str, server: Any) -> Breach | None:
        """See `splitbrain.harness.invariants.Probe`."""
        core = getattr(server, "core", None)  # there is none before it has recovered
        if core is None:
            return None
        if self.answers.stale is not None and (stale := self.answers.due()):
            return stale
        state: Server = core.server
        seen = self.seen.get(name)
        if seen is None or seen.state is not state:
            seen = self.seen[name] = _Seen(state)
            breach = self.durability(name, state, "started again")
            return breach or self.look(name, state, seen)
        if state.settings.lease and server.lives and (breach := self.leader_lease(name, state)):
            return breach
        replica, ballot, phase = state.replica, state.ballot, state.phase
        log, asked = replica.log, seen.asked
        office = phase if isinstance(phase, Leadership) else None
        if replica.machine.queries != asked.queries or (
            office and (len(office.reads) != len(asked.waiting) or office is not asked.office)
        ):
            machine, reads = replica.machine, office.reads if office else ()
            self.answers.note(
                asked.look(name, machine, office, reads, replica.applied, self.highest)
            )
        if (
            log.last_index == seen.last_index
            and replica.commit == seen.commit
            and ballot.term == seen.term
            and phase is seen.phase
            and log.last_term == seen.last_term
            and ballot.vote == seen.vote
            and seen.told
        ):
            return None
        return self.look(name, state, seen)

    def look(self, name: str, state: Server, seen: _Seen) -> Breach | None:
        """Look at a server that has changed, as far as it has."""
        ballot, replica, breach = state.ballot, state.replica, None
        log, commit = replica.log, replica.commit
        if ballot.vote != seen.vote or ballot.term != seen.term or commit < seen.commit:
            breach = self.never_back(state, seen) or self.protected_leader(name, state, seen)
            seen.told = ballot.vote is None
        if not seen.told:
            breach = breach or self.vote_once(name, state, seen)
        logged = log.last_index != seen.last_index or log.last_term != seen.last_term
        if logged:
            breach = breach or self.log_matching(state, seen)
            if log.last_index < seen.last_index:
                breach = breach or self.durability(name, state, "cut its log")
        configuration = replica.configurations[-1]
        if self.latest.get(name) != configuration:
            self.latest[name] = configuration
            breach = breach or self.rival_quorums()
        if isinstance(state.phase, Leadership) and (logged or state.phase is not seen.phase):
            breach = breach or self.elections(name, state, state.phase, seen)
        if commit != seen.commit:
            breach = breach or self.commits(state, seen)
            if replica.snapshot is not seen.snapshot:
                breach = breach or self.same_snapshot(state)
                seen.snapshot = replica.snapshot
        seen.term, seen.vote, seen.commit = ballot.term, ballot.vote, commit
        seen.last_index, seen.last_term, seen.phase = log.last_index, log.last_term, state.phase
        return breach

    def durability(self, name: str, state: Server, did: str) -> Breach | None:
        """What was committed is still there when a server has started again or cut its log."""
        if not self.highest or self.held_by_majority(self.highest):
            return None
        return Breach(
            "durability",
            f"entry {self.highest} was committed, and since {name} {did} no majority holds it",
        )

    def never_back(self, state: Server, seen: _Seen) -> Breach | None:
        """Neither the term nor the commit index decreases."""
        for what, before, now in (
            ("term", seen.term, state.ballot.term),
            ("commit index", seen.commit, state.replica.commit),
        ):
            if now < before:
                return Breach(
                    "never-back", f"the {what} of {state.name} went from {before} to {now}"
                )
        return None

    def protected_leader(self, name: str, state: Server, seen: _Seen) -> Breach | None:
        """Leases rest on this, and peace while a link is broken in one direction."""
        vote, term, timer, settings = (
            state.ballot.vote,
            state.ballot.term,
            state.timer,
            state.settings,
        )
        if isinstance(state.phase, Candidacy) and state.phase.transfer:
            self.transfers.add((term, name))
        since = timer.now - timer.heard_at
        stays = seen.phase is not None and settings.pre_vote and since < settings.election_min
        # Who learns of the leader of this term in the same step, after a pause say, may have voted
        # before.
        new = seen.term != term or seen.phase is None or seen.phase.leader is None
        stays = stays and not (new and state.phase.leader is not None)
        if not stays or vote in (None, name) or (term, vote) in self.transfers:
            return None
        return Breach(
            "protected-leader",
            f"{name} votes for {vote} in term {term}, {since:.3f} s after it heard its leader",
        )

    def leader_lease(self, name: str, state: Server) -> Breach | None:
        """Looked at whenever a leader with a lease does anything: only then its clock is known. One
        whose life a failing disk has ended answers nothing, and its clock stands still."""
        office, now = state.phase, state.timer.now
        if not isinstance(office, Leadership) or office.released:
            return None
        latest = max(self.leaders, default=0)
        if latest <= state.ballot.term:
            return None
        vouched = {peer: progress.vouched_at for peer, progress in office.progress.items()}
        ends = state.members.reached({**vouched, name: now}) + state.settings.lease
        if now >= ends:
            return None
        return Breach(
            "leader-lease",
            f"{name} may read without asking for {ends - now:.3f} s more, though "
            f"{self.leaders[latest]} leads term {latest} by now",
        )

    def log_matching(self, state: Server, seen: _Seen) -> Breach | None:
        """Entry by entry; what holds of each and the one before it holds of all by induction."""
        log = state.replica.log
        first = max(log.base_index, min(seen.commit, log.last_index)) + 1
        before, entries = log.term(first - 1), self.entries
        for index, entry in enumerate(log.entries[first - log.base_index - 1 :], first):
            known = entries.setdefault((index, entry.term), (entry, before))
            if (known[0] is not entry and known[0] != entry) or known[1] != before:
                return Breach(
                    "log-matching",
                    f"two entries {index} of term {entry.term}, one of them in the log of "
                    f"{state.name}: {_shown(entry)} after term {before}, {_shown(known[0])} after "
                    f"term {known[1]}",
                )
            before = entry.term
        return None

    def rival_quorums(self) -> Breach | None:
        """Looked at when a server has another configuration than before: nothing else need happen
        any more for two to lead at once, and each to commit what the other's side never hears of
        (Ongaro, raft-dev, 10 July 2015; figure 10 of the paper)."""
        known = {name: self.seen[name].state for name in self.latest}
        for (one, (_, mine)), (other, (_, theirs)) in combinations(self.latest.items(), 2):
            if mine == theirs:
                continue
            some, others = _electors(known[one], known), _electors(known[other], known)
            if mine.agreed(some) and theirs.agreed(others):
                for side in _halves(some, some & others):
                    rest = others - side
                    if mine.agreed(side) and theirs.agreed(rest):
                        return Breach(
                            "rival-quorums",
                            f"{one} can be elected by {sorted(side)} and {other} by "
                            f"{sorted(rest)}: they don't agree on who is a member",
                        )
        return None

    def vote_once(self, name: str, state: Server, seen: _Seen) -> Breach | None:
        """A vote that is durable was perhaps told: it is kept in any later life."""
        term, vote, outbox = state.ballot.term, state.ballot.vote, state.outbox
        assert vote is not None
        told = self.votes.get((name, term))
        if told is not None and told != vote:
            return Breach("vote-once", f"{name} votes for {told} and for {vote} in term {term}")
        if outbox.saves == outbox.saves_done:
            self.votes[name, term] = vote
            seen.told = True
        return None

    def elections(self, name: str, state: Server, office: Leadership, seen: _Seen) -> Breach | None:
        """One leader a term, who holds what was committed, and whose log only grows."""
        log, term = state.replica.log, state.ballot.term
        if seen.phase is office:
            if log.last_index < seen.last_index:
                return Breach(
                    "leader-append-only",
                    f"{name} leads term {term} and cut its log from {seen.last_index} to "
                    f"{log.last_index}",
                )
            return None
        leader = self.leaders.setdefault(term, name)
        if leader != name:
            return Breach("election-safety", f"{leader} and {name} both lead in term {term}")
        for index, (entry, committed_in) in self.committed.items():
            if index <= log.base_index or committed_in >= term:
                continue
            if log.term(index) != entry.term:
                return Breach(
                    "leader-completeness",
                    f"{name} leads term {term} and lacks entry {index} of term {entry.term}, "
                    f"committed in term {committed_in}",
                )
        return None

    def commits(self, state: Server, seen: _Seen) -> Breach | None:
        """What is newly committed: the same everywhere, and held by a majority."""
        log, commit, term = state.replica.log, state.replica.commit, state.ballot.term
        first = max(seen.commit, log.base_index) + 1
        newly = log.entries[first - log.base_index - 1 : max(0, commit - log.base_index)]
        for index, entry in enumerate(newly, first):
            known = self.committed.setdefault(index, (entry, term))[0]
            if known is not entry and known != entry:
                return Breach(
                    "state-machine-safety",
                    f"{state.name} committed {_shown(entry)} of term {entry.term} at index {index},"
                    f" where {_shown(known)} of term {known.term} was committed",
                )
        if commit > self.highest:
            self.highest, self.members = commit, state.replica.members
            if isinstance(state.phase, Leadership) and not self.held_by_majority(commit):
                return Breach(
                    "commit-quorum",
                    f"{state.name} leads term {term} and committed entry {commit}, which is not in "
                    "the logs of a majority",
                )
        return None

    def held_by_majority(self, index: int) -> bool:
        """Whether a majority of the servers holds what was committed at this index."""
        known = self.committed.get(index)
        if known is None:
            return True  # it came with a snapshot: nobody was seen to commit it
        holders = set()
        term = known[0].term
        for name, seen in self.seen.items():
            log = seen.state.replica.log
            if index <= log.base_index or log.term(index) == term:
                holders.add(name)
        return self.members.agreed(holders)

    def same_snapshot(self, state: Server) -> Breach | None:
        """Equal prefixes of the log make equal states, byte for byte."""
        snapshot = state.replica.snapshot
        if snapshot is None:
            return None
        mine = (snapshot.last_term, snapshot.data)
        known = self.snapshots.setdefault(snapshot.last_index, mine)
        if known[1] is not snapshot.data and known != mine:
            return Breach(
                "state-machine-safety",
                f"the snapshot of {state.name} up to {snapshot.last_index} differs from another's",
            )
        return None


def _electors(candidate: Server, servers: Mapping[str, Server]) -> frozenset[str]:
    """Who of them has no more in its log than the candidate, which may so have its vote."""
    log = candidate.replica.log
    mine = (log.last_term, log.last_index)
    return frozenset(
        name
        for name, each in servers.items()
        if (each.replica.log.last_term, each.replica.log.last_index) <= mine
    )


def _halves(names: frozenset[str], shared: frozenset[str]) -> Iterator[frozenset[str]]:
    """These names, with each choice of those that are shared."""
    for count in range(len(shared) + 1):
        for left in combinations(sorted(shared), count):
            yield names.difference(left)


def _shown(entry: Entry) -> str:
    text = repr(entry.command)
    return text if len(text) <= 60 else text[:57] + "..."
