"""Whoever is elected was voted for by somebody who holds what was committed last.

*Property.* Of two decisions that follow each other, an election and the last commit before it in an
earlier term, at least one server took part in both: the voters and the holders overlap. All safety
of a replicated log rests on it, also while its members change, when "a majority" means something
else from one decision to the next.

*Source.* Ongaro and Ousterhout, "In Search of an Understandable Consensus Algorithm (Extended
Version)" (2014), section 5.4.3 ("the voter") and figure 10; Ongaro, "Bug in single-server
membership changes", raft-dev, 10 July 2015; Howard, Malkhi and Spiegelman, "Flexible Paxos"
(OPODIS 2016): only quorums of different phases have to meet.

*Algorithm.* Servers announce whom a decision rests on: ``quorum``, {"what": "leads", "term": t,
"by": [voters]} and {"what": "commits", "term": t, "index": i, "by": [holders]}; of commits at least
the first one of each term, and the one that ends each change of the members. One pass, which keeps
the greatest index committed in each term. Linear, times the number of terms.

*Left out.* Whether who took part said the truth: the property is of what leaders counted.
"""

from __future__ import annotations

from dataclasses import dataclass

from splitbrain.checkers.history import History, Operation
from splitbrain.checkers.models.model import ModelError, shown
from splitbrain.checkers.verdict import INVALID, UNKNOWN, VALID, Anomaly, Checker, Verdict

QUORUM = "quorum"
LEADS, COMMITS = "leads", "commits"
_SHOWN = 20


def quorum_overlap() -> Checker:
    """A checker: elections meet what was committed before them. See the module."""
    return _QuorumOverlap()


@dataclass(frozen=True, slots=True)
class _Decision:
    what: str
    term: int
    index: int
    by: frozenset[str]
    event: Operation


@dataclass(frozen=True, slots=True)
class _QuorumOverlap:
    name: str = "quorum-overlap"
    needs_events: str = QUORUM

    def check(self, history: History) -> Verdict:
        """See `splitbrain.checkers.verdict.Checker`.

        Raises:
            ModelError: an announcement does not have the form above.
        """
        committed: dict[int, _Decision] = {}
        anomalies, compared = [], 0
        decisions = [_decision(event) for event in history.events(f=QUORUM)]
        for each in decisions:
            if each.what == COMMITS:
                known = committed.get(each.term)
                if known is None or known.index <= each.index:
                    committed[each.term] = each
                continue
            earlier = [commit for term, commit in committed.items() if term < each.term]
            if not earlier:
                continue
            compared += 1
            last = max(earlier, key=lambda commit: (commit.index, commit.term))
            if not last.by & each.by:
                anomalies.append(_anomaly(last, each))
        coverage = {"decisions": len(decisions), "elections after a commit": compared}
        if anomalies:
            said = anomalies[0].message
            return Verdict(self.name, INVALID, said, tuple(anomalies[:_SHOWN]), coverage=coverage)
        if not compared:
            said = "nobody was elected after something had been committed"
            return Verdict(self.name, UNKNOWN, said, coverage=coverage)
        reason = f"{compared} elections, each by somebody who held what was committed last"
        return Verdict(self.name, VALID, reason, coverage=coverage)


def _anomaly(commit: _Decision, election: _Decision) -> Anomaly:
    said = (
        f"{election.event.process} was elected in term {election.term} by "
        f"{', '.join(sorted(election.by))}, none of whom held entry {commit.index}, which "
        f"{commit.event.process} had committed in term {commit.term} with "
        f"{', '.join(sorted(commit.by))}"
    )
    return Anomaly("disjoint-quorums", said, (commit.event.index, election.event.index))


def _decision(event: Operation) -> _Decision:
    match event.value:
        case {"what": "leads", "term": int(term), "by": [*by]}:
            return _Decision(LEADS, term, 0, frozenset(by), event)
        case {"what": "commits", "term": int(term), "index": int(index), "by": [*by]}:
            return _Decision(COMMITS, term, index, frozenset(by), event)
    form = '{"what": "leads" or "commits", "term": n, "by": servers}, "index": n if it commits'
    raise ModelError(event.index, f"{QUORUM} has {form}, not {shown(event.value)[:80]}")
