"""A service of the saga alone: steps and compensations in whatever order they come."""

from __future__ import annotations

from itertools import product

import pytest

from splitbrain.systems.transactions.saga.bugs import NoTombstone
from splitbrain.systems.transactions.saga.service import Service


class Alone(Service):
    """A service whose log is a list."""

    seats = 1

    def __init__(self, records=()):
        self.ledger, self.status, self.days, self.taken = [], {}, {}, {}
        self.written = list(records)
        self.recover(self.written)

    def note(self, *record):
        self.written.append(record)
        self.replay(record)


class ForgetfulAlone(Alone):
    undo = NoTombstone.undo


MESSAGES = (("do", 7, 1), ("undo", 7), ("crash",))


def served(service, messages):
    for f, *rest in messages:
        if f == "do":
            service.do(*rest)
        elif f == "undo":
            service.undo(*rest)
        else:
            service = type(service)(service.written)
    return service


@pytest.mark.parametrize("messages", [*product(MESSAGES, repeat=4)])
def test_whatever_comes_a_step_is_done_once_at_most_and_undone_after_it(messages):
    service = served(Alone(), messages)

    assert service.ledger in ([], [(7, "did")], [(7, "did"), (7, "undid")])
    if ("undo", 7) in messages:
        assert service.status[7] == "undone"
        assert service.taken.get(1, 0) == 0


def test_without_a_tombstone_a_late_step_is_done_after_its_compensation():
    late = [("undo", 7), ("do", 7, 1)]

    assert served(Alone(), late).ledger == []
    assert served(ForgetfulAlone(), late).ledger == [(7, "did")]


def test_a_seat_that_is_given_back_is_free_again():
    service = served(Alone(), [("do", 7, 1)])

    assert not service.do(8, 1)
    service.undo(7)
    assert service.do(9, 1)
    assert not service.do(7, 1)
