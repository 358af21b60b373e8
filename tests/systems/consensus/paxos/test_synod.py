"""One decision: every order of every message is tried, with loss and repetition."""

from __future__ import annotations

from itertools import combinations

import pytest

from splitbrain.systems.consensus.paxos.synod import (
    Acceptor,
    Promise,
    Proposer,
    Vote,
    may_promise,
    may_vote,
    safe_value,
)

ACCEPTORS = range(3)
MAJORITIES = list(combinations(ACCEPTORS, 2))


class Model:
    """All that may happen when each ballot's proposer wants a value of its own.

    A state is what the acceptors hold and what was ever sent: a message may arrive any number of
    times, or never. Ballot b wants b.
    """

    def __init__(self, ballots, may_promise=may_promise, may_vote=may_vote, value=safe_value):
        self.ballots = ballots
        self.may_promise, self.may_vote, self.value = may_promise, may_vote, value

    def steps(self, acceptors, sent):
        for ballot in self.ballots:
            for who, (promised, vote) in enumerate(acceptors):
                if self.may_promise(promised, ballot):
                    changed = replaced(acceptors, who, (max(promised, ballot), vote))
                    yield changed, sent | {("promise", ballot, who, vote)}
            for majority in MAJORITIES:
                if any(m[0] == "accept" and m[1] == ballot for m in sent):
                    break
                promises = [m for m in sent if m[:2] == ("promise", ballot)]
                told = {m[2]: m[3] for m in promises}
                if set(majority) <= set(told):
                    value = self.value([told[who] for who in majority], ballot)
                    yield acceptors, sent | {("accept", ballot, value)}
        for message in sent:
            if message[0] == "accept":
                _, ballot, value = message
                for who, (promised, _) in enumerate(acceptors):
                    if self.may_vote(promised, ballot):
                        held = (max(promised, ballot), Vote(ballot, value))
                        voted = sent | {("vote", ballot, who, value)}
                        yield replaced(acceptors, who, held), voted

    def choices(self):
        """How many states there are, and the values that are chosen in any of them together; ends
        at the first two."""
        first = (((0, None),) * len(ACCEPTORS), frozenset())
        seen, open_states, together = {first}, [first], set()
        while open_states:
            acceptors, sent = open_states.pop()
            together.add(frozenset(values := chosen(sent)))
            if len(values) > 1:
                break
            for state in self.steps(acceptors, sent):
                if state not in seen:
                    seen.add(state)
                    open_states.append(state)
        return len(seen), together


def replaced(items, place, item):
    return (*items[:place], item, *items[place + 1 :])


def chosen(sent):
    votes = [(m[1], m[3]) for m in sent if m[0] == "vote"]
    return {value for ballot, value in votes if votes.count((ballot, value)) > 1}


def test_no_two_values_are_ever_chosen():
    states, together = Model((1, 2)).choices()

    assert states > 1_000
    assert {len(values) for values in together} == {0, 1}
    assert frozenset({1}) in together
    assert frozenset({2}) in together


@pytest.mark.nightly
def test_nor_with_three_ballots():
    states, together = Model((1, 2, 3)).choices()

    assert states > 50_000
    assert {len(values) for values in together} == {0, 1}


@pytest.mark.parametrize(
    "wrong",
    [
        {"value": lambda votes, wanted: wanted},
        {"may_vote": lambda promised, ballot: True},
    ],
    ids=("its own value", "a vote in the past"),
)
def test_any_other_answer_breaks_it(wrong):
    _, together = Model((1, 2), **wrong).choices()

    assert any(len(values) > 1 for values in together)


def test_the_latest_vote_decides():
    assert safe_value([None, None], "mine") == "mine"
    assert safe_value([Vote(3, "c"), None, Vote(5, "e"), Vote(4, "d")], "mine") == "e"


def test_an_acceptor_keeps_its_promise():
    acceptor = Acceptor()

    assert acceptor.prepare(5) == Promise(5, None)
    assert not acceptor.accept(4, "late")
    assert acceptor.accept(5, "x")
    assert acceptor.prepare(4) is None
    assert acceptor.prepare(9) == Promise(9, Vote(5, "x"))
    assert not acceptor.accept(5, "x")


def test_a_proposer_needs_a_majority_of_each():
    proposer = Proposer(ballot=9, wanted="mine", of=5)

    assert proposer.promised("a", Promise(9, Vote(2, "old"))) is None
    assert proposer.promised("a", Promise(9, Vote(2, "old"))) is None
    assert proposer.promised("b", None) is None
    assert proposer.promised("b", Promise(9, Vote(4, "new"))) is None
    assert proposer.promised("c", Promise(8, None)) is None
    assert proposer.promised("c", Promise(9, None)) == "new"
    assert proposer.promised("d", Promise(9, Vote(8, "too late"))) == "new"
    assert [proposer.accepted(name) for name in "aabc"] == [False, False, False, True]
