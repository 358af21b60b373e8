"""What the clients make of the servers' answers: done, certainly not done, or unknown."""

import pytest

from splitbrain.harness.client import Definite, Indefinite
from splitbrain.harness.simulation.world import World
from splitbrain.systems.replication.leader_follower.client import (
    LeaderFollowerClient,
    ReferenceClient,
    SummaryClient,
)


def outcome(client_type, answers, call, *, first="n1"):
    """Let a client talk to servers that answer as `answers` says; the result or exception.

    `answers` has for each server a list of answers (None: silence); the last one is repeated.
    """
    world, result, asked = World(seed=1), [], []

    def server(node):
        async def serve():
            script = list(answers[node.name])
            while True:
                client, message = await node.network.receive()
                asked.append((node.name, message[2:]))
                answer = script.pop(0) if len(script) > 1 else script[0]
                if answer is not None:
                    node.network.send(client, ("reply", message[1], *answer))

        return serve()

    async def run(node):
        client = client_type(node, first)
        try:
            result.append(await call(client))
        except (Definite, Indefinite) as error:
            result.append(error)

    for name in answers:
        world.add_server(name, server, tuple(other for other in answers if other != name))
    world.add_client("c1", run, tuple(answers))
    with world.booted():
        world.run_until(10.0)
    return (result[0] if result else None), asked


def write(client):
    return client.write("x", 1)


def read(client):
    return client.read("x")


def test_a_hint_is_followed_each_time():
    async def write_twice(client):
        await client.write("x", 1)
        await client.write("x", 2)
        return "written"

    answers = {"n1": [("redirect", "n3")], "n2": [None], "n3": [("ok", None)]}
    result, asked = outcome(SummaryClient, answers, write_twice)
    assert result == "written"
    assert [name for name, _ in asked] == ["n1", "n3", "n1", "n3"]


@pytest.mark.parametrize(
    ("client_type", "error"), [(SummaryClient, Definite), (ReferenceClient, Indefinite)]
)
def test_when_nobody_leads_only_a_copy_that_comes_late_may_be_done(client_type, error):
    """The sketch takes it that there are none."""
    answers = {"n1": [("redirect", None)], "n2": [("redirect", None)]}
    result, asked = outcome(client_type, answers, write)
    assert isinstance(result, error)
    assert {name for name, _ in asked} == {"n1", "n2"}


@pytest.mark.parametrize("answer", [None, ("deposed",)])
def test_the_summary_client_reports_doubt(answer):
    result, asked = outcome(SummaryClient, {"n1": [answer], "n2": [("ok", None)]}, write)
    assert isinstance(result, Indefinite)
    assert [name for name, _ in asked] == ["n1"]


def test_a_silent_server_is_not_asked_first_again():
    async def read_twice(client):
        return [await client.read("x"), await client.read("x")]

    result, asked = outcome(SummaryClient, {"n1": [None], "n2": [("ok", 7)]}, read_twice)
    assert result == [7, 7]
    assert [name for name, _ in asked] == ["n1", "n2", "n2"]


@pytest.mark.parametrize("answer", [None, ("deposed",)])
def test_the_reference_client_sends_the_same_command_again(answer):
    async def cas(client):
        return await client.cas("x", 1, 2)

    result, asked = outcome(ReferenceClient, {"n1": [answer], "n2": [("ok", True)]}, cas)
    assert result is True
    (first, command), (second, repeated) = asked
    assert (first, second) == ("n1", "n2")
    assert command == repeated


def test_after_doubt_no_refusal_is_definite():
    async def cas(client):
        return await client.cas("x", 1, 2)

    answers = {"n1": [None, ("refused", "no")], "n2": [("redirect", None), ("ok", True)]}
    result, asked = outcome(ReferenceClient, answers, cas)
    assert result is True
    assert [name for name, _ in asked] == ["n1", "n2", "n1", "n2"]


def test_commands_of_a_session_are_numbered():
    async def write_twice(client):
        await client.write("x", 1)
        await client.add(5)

    _, asked = outcome(LeaderFollowerClient, {"n1": [("ok", None)]}, write_twice)
    (_, (f, session, number, *rest)), (_, (g, same, following, *more)) = asked
    assert (f, g, rest, more) == ("write", "add", ["x", 1], [5])
    assert (same, following) == (session, number + 1)


def test_a_refusal_is_definite():
    result, _ = outcome(SummaryClient, {"n1": [("refused", "too long")]}, write)
    assert isinstance(result, Definite)
    assert "too long" in str(result)


def test_a_read_may_be_asked_again_anywhere():
    result, asked = outcome(SummaryClient, {"n1": [None], "n2": [("ok", 7)]}, read)
    assert result == 7
    assert [message for _, message in asked] == [("read", "strong", "x")] * 2


def test_a_replica_state_is_in_a_fixed_order():
    answers = {"n1": [("ok", ((("y", 2), ("x", None)), (10, 9, "b", "a")))], "n2": [None]}

    async def state(client):
        return await client.replica_state("n1")

    result, _ = outcome(SummaryClient, answers, state, first="n2")
    assert result == {"registers": {"x": None, "y": 2}, "elements": ["a", "b", 9, 10]}
    assert list(result["registers"]) == ["x", "y"]


@pytest.mark.parametrize(
    ("asked", "seen"),
    [
        (None, 9),
        ([], 0),
        (["read-your-writes"], 7),
        (["monotonic-reads"], 9),
        (["monotonic-reads", "read-your-writes"], 9),
    ],
)
def test_a_reader_may_ask_for_less_than_all_that_it_has_seen(asked, seen):
    async def read_again(client):
        await client.post(1, None)
        await client.messages()
        return await client.messages(asked)

    answers = {"n1": [("ok", None, 7), ("ok", (1,), 9), ("ok", (), 0)], "n2": [None]}
    result, requests = outcome(ReferenceClient, answers, read_again)

    assert result == []
    assert [message for _, message in requests][1:] == [
        ("messages", "session", 7),
        ("messages", "session", seen),
    ]
