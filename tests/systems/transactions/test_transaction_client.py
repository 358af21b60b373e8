"""The client says honestly what became of a transaction, whatever the server does."""

from random import Random

import pytest
import trio
import trio.testing

from splitbrain.harness.client import Definite
from splitbrain.systems.transactions.client import PATIENCE_S, TransactionClient


class Node:
    """A node whose servers answer as a function says; None is silence."""

    def __init__(self, answer, peers=("n1",)):
        self.answer, self.peers, self.network = answer, peers, self
        self.random = Random(1)
        self.sent = []
        self._inbox, self._replies = trio.open_memory_channel(100)

    def send(self, server, message):
        _, identity, *body = message
        self.sent.append((server, *body))
        answer = self.answer(server, *body)
        if answer is not None:
            self._inbox.send_nowait((server, ("reply", identity, *answer)))

    async def receive(self):
        return await self._replies.receive()


def server(**values):
    """A server with these values, that does whatever it is asked."""

    def answer(server, kind, txn=None, number=0, operation=None):
        match kind, operation:
            case "begin", _:
                return ("begun", "n1.0.1")
            case "operate", ("read", key):
                return ("done", values.get(key))
            case "operate", ("scan", prefix):
                return ("done", tuple((k, v) for k, v in values.items() if k.startswith(prefix)))
            case "operate", (_, key, value):
                values[key] = value
                return ("done", None)
            case "commit", _:
                return ("committed",)
        return ("aborted", "asked for")

    return answer


def done(node, method, *arguments, timeout=10.0):
    """What a method returns, and how long it took."""

    async def main():
        client = TransactionClient(node, node.peers[0])
        with trio.fail_after(timeout):
            return await getattr(client, method)(*arguments), trio.current_time()

    return trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))


def test_micro_operations_come_back_with_what_was_read():
    node = Node(server(x=(1, 2), y=None, z=7))
    micros = [
        ["r", "x", None],
        ["append", "x", 3],
        ["r", "y", None],
        ["w", "z", 8],
        ["r", "z", None],
    ]

    completed, _ = done(node, "transaction", micros)

    assert completed == [
        ["r", "x", [1, 2]],
        ["append", "x", 3],
        ["r", "y", None],
        ["w", "z", 8],
        ["r", "z", 8],
    ]
    assert [body[0] for _, *body in node.sent] == ["begin", *["operate"] * 5, "commit"]


def test_what_is_rolled_back_did_not_happen():
    def refusing(server_, kind, *rest):
        return ("aborted", "deadlock") if kind == "operate" else ("begun", "n1.0.1")

    node = Node(refusing)
    with pytest.raises(Definite, match="deadlock"):
        done(node, "transaction", [["r", "x", None]])
    assert [body[0] for _, *body in node.sent] == ["begin", "operate"]


def test_without_a_commit_a_silent_server_is_no_reason_for_doubt():
    node = Node(lambda server_, kind, *rest: ("begun", "n1.0.1") if kind == "begin" else None)

    with pytest.raises(Definite, match=f"given up after {PATIENCE_S:g} s, before committing"):
        done(node, "transaction", [["append", "x", 1]])
    assert "commit" not in [body[0] for _, *body in node.sent]


def test_a_commit_is_asked_for_until_it_is_answered():
    answers = iter([None, None, ("committed",)])
    whole = server()
    node = Node(lambda s, kind, *rest: next(answers) if kind == "commit" else whole(s, kind, *rest))

    completed, took = done(node, "transaction", [["append", "x", 1]])

    assert completed == [["append", "x", 1]]
    assert [body for _, *body in node.sent][-3:] == [["commit", "n1.0.1"]] * 3
    assert 0.8 <= took <= 1.0


def test_a_commit_that_is_never_answered_goes_on_until_the_caller_gives_up():
    whole = server()
    node = Node(lambda s, kind, *rest: None if kind == "commit" else whole(s, kind, *rest))

    with pytest.raises(trio.TooSlowError):
        done(node, "transaction", [["append", "x", 1]], timeout=5.0)


def test_another_server_begins_if_the_first_is_silent():
    whole = server()
    node = Node(lambda s, *body: None if s == "n1" else whole(s, *body), peers=("n1", "n2"))

    done(node, "transaction", [["append", "x", 1]])

    assert [to for to, *_ in node.sent] == ["n1", "n2", "n2", "n2"]


def test_a_transfer_moves_money_if_there_is_enough():
    node = Node(server())
    assert done(node, "transfer", "a", "b", 5, 20)[0] is True
    written = [body[3] for _, *body in node.sent if body[0] == "operate" and body[3][0] == "write"]
    assert written == [("write", "account/a", 15), ("write", "account/b", 25)]
    assert done(Node(server(**{"account/a": 4})), "transfer", "a", "b", 5, 20)[0] is False


def test_balances_of_accounts_never_written_are_the_opening():
    assert done(Node(server(**{"account/a": 4})), "balances", ["a", "b"], 20)[0] == {
        "a": 4,
        "b": 20,
    }


def test_a_doctor_leaves_only_if_another_stays():
    both = ("alice", "bob")
    assert done(Node(server()), "leave", "s", "alice", both)[0] is True
    assert done(Node(server(**{"s/bob": False})), "leave", "s", "alice", both)[0] is False
    assert done(Node(server(**{"s/bob": False})), "on_call", "s", both)[0] == ["alice"]


def test_a_room_is_booked_only_if_it_is_free():
    taken = {"room/1": (3, 5, 1)}
    assert done(Node(server(**taken)), "book", "room", 5, 6, 2)[0] is True
    assert done(Node(server(**taken)), "book", "room", 4, 6, 2)[0] is False
    assert done(Node(server(**taken)), "bookings", "room")[0] == [[3, 5, 1]]
