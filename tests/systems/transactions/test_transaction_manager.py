"""The transaction manager: messages that come twice or late, and clients that disappear."""

import pytest
from engine_driver import locking

from splitbrain.systems.transactions.manager import IDLE_S, TransactionManager


class Desk:
    """A manager over two-phase locking, with a log that is durable at once."""

    def __init__(self, log=()):
        self.log = list(log)
        self.now = 0.0
        boots = sum(record == ("boot",) for record in self.log)
        self.manager = TransactionManager("n1", locking(self.log), boots)
        self.settle()

    def settle(self):
        self.log += self.manager.records
        self.manager.records.clear()
        self.manager.durable(len(self.log), self.now)

    def __call__(self, id, *body, client="c1"):
        """Send a request; all answers that come of it, as (client, id, answer)."""
        self.manager.receive(client, ("request", id, *body), self.now)
        return self.answers()

    def answers(self):
        self.settle()
        sent = [(to, message[1], *message[2:]) for to, message in self.manager.messages]
        self.manager.messages.clear()
        return sent

    def wait(self, seconds):
        self.now += seconds
        self.manager.tick(self.now)
        return self.answers()


WRITE = ("write", "x", 1)


@pytest.fixture
def desk():
    return Desk()


def test_a_transaction_from_begin_to_commit(desk):
    assert desk(1, "begin") == [("c1", 1, "begun", "n1.0.1")]
    assert desk(2, "operate", "n1.0.1", 1, WRITE) == [("c1", 2, "done", None)]
    assert desk(3, "operate", "n1.0.1", 2, ("read", "x")) == [("c1", 3, "done", 1)]
    assert desk(4, "commit", "n1.0.1") == [("c1", 4, "committed")]


def test_names_are_never_used_twice(desk):
    desk(1, "begin")
    desk(2, "begin")

    assert Desk(desk.log)(3, "begin") == [("c1", 3, "begun", "n1.1.1")]


def test_an_operation_that_arrives_twice_is_done_once(desk):
    desk(1, "begin")
    desk(2, "operate", "n1.0.1", 1, ("append", "l", 7))

    assert desk(2, "operate", "n1.0.1", 1, ("append", "l", 7)) == []
    assert desk(3, "operate", "n1.0.1", 2, ("read", "l")) == [("c1", 3, "done", (7,))]


def test_an_operation_out_of_order_is_not_done(desk):
    desk(1, "begin")

    assert desk(2, "operate", "n1.0.1", 2, WRITE) == []


def test_nothing_is_done_before_the_last_operation_is_answered(desk):
    desk(1, "begin")
    desk(2, "begin", client="c2")
    desk(3, "operate", "n1.0.1", 1, WRITE)
    desk(4, "operate", "n1.0.2", 1, ("read", "x"), client="c2")

    assert desk(5, "operate", "n1.0.2", 2, ("write", "y", 2), client="c2") == []
    assert desk(6, "commit", "n1.0.2", client="c2") == []
    assert desk(7, "commit", "n1.0.1") == [("c1", 7, "committed"), ("c2", 4, "done", 1)]
    assert desk(8, "commit", "n1.0.2", client="c2") == [("c2", 8, "committed")]


def test_a_commit_may_be_asked_for_again(desk):
    desk(1, "begin")
    desk(2, "operate", "n1.0.1", 1, WRITE)
    desk(3, "commit", "n1.0.1")

    assert desk(4, "commit", "n1.0.1") == [("c1", 4, "committed")]


def test_a_commit_may_be_asked_for_again_after_a_crash(desk):
    desk(1, "begin")
    desk(2, "operate", "n1.0.1", 1, WRITE)
    desk(3, "commit", "n1.0.1")

    assert Desk(desk.log)(4, "commit", "n1.0.1") == [("c1", 4, "committed")]


def test_what_a_crash_rolled_back_has_not_committed(desk):
    desk(1, "begin")
    desk(2, "operate", "n1.0.1", 1, WRITE)

    assert Desk(desk.log)(3, "commit", "n1.0.1") == [
        ("c1", 3, "aborted", "the server forgot it in a crash")
    ]


def test_a_commit_that_waits_for_the_disk_answers_the_last_who_asked(desk):
    desk(1, "begin")
    desk(2, "operate", "n1.0.1", 1, WRITE)
    desk.manager.receive("c1", ("request", 3, "commit", "n1.0.1"), 0.0)
    desk.manager.receive("c1", ("request", 4, "commit", "n1.0.1"), 0.0)

    assert desk.answers() == [("c1", 4, "committed")]


def test_a_rollback_is_an_outcome_too(desk):
    desk(1, "begin")
    told = ("aborted", "its client rolled it back")

    assert desk(2, "rollback", "n1.0.1") == [("c1", 2, *told)]
    assert desk(3, "commit", "n1.0.1") == [("c1", 3, *told)]
    assert desk(4, "operate", "n1.0.1", 1, WRITE) == [("c1", 4, *told)]


def test_a_silent_client_s_locks_are_released(desk):
    desk(1, "begin")
    desk(2, "operate", "n1.0.1", 1, WRITE)
    desk.wait(IDLE_S / 2)
    desk(3, "begin", client="c2")
    assert desk(4, "operate", "n1.0.2", 1, ("read", "x"), client="c2") == []

    assert desk.wait(IDLE_S / 2 + 0.1) == [("c2", 4, "done", None)]
    answer = desk(5, "commit", "n1.0.1")
    assert answer == [("c1", 5, "aborted", "its client was silent for 1 s")]


def test_one_that_waits_for_a_lock_is_not_silent(desk):
    desk(1, "begin")
    desk(2, "begin", client="c2")
    desk(3, "operate", "n1.0.1", 1, WRITE)
    desk(4, "operate", "n1.0.2", 1, ("read", "x"), client="c2")
    for n in range(2, 6):
        desk.wait(IDLE_S * 0.6)
        desk(10 + n, "operate", "n1.0.1", n, WRITE)

    assert desk(20, "commit", "n1.0.1") == [("c1", 20, "committed"), ("c2", 4, "done", 1)]


def test_a_request_that_is_none_is_refused(desk):
    assert desk(1, "begin", "again")[0][2] == "aborted"
    assert "is no request" in desk(2, "vacuum")[0][3]


def test_what_is_no_request_is_ignored(desk):
    desk.manager.receive("c1", ("hello",), 0.0)

    assert desk.answers() == []
