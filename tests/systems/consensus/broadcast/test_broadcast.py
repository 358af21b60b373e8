"""What messages amount to, and what a server tells of those that it has delivered."""

from __future__ import annotations

import pytest

from splitbrain.harness import Plan, run
from splitbrain.systems import registry
from splitbrain.systems.consensus.broadcast.delivering import Sequence
from splitbrain.systems.consensus.broadcast.objects import Objects


def heard(*messages):
    objects = Objects()
    objects.hear(messages)
    return objects


def test_a_register_is_what_the_messages_before_say():
    objects = heard(("write", "x", 1), ("cas", "x", 1, 2), ("cas", "x", 1, 3))

    assert [objects.result(position) for position in (1, 2)] == [True, False]
    assert objects.registers == {"x": 2}


def test_the_first_claim_of_a_name_has_it_and_all_are_told():
    objects = heard(("claim", "ada", 7), ("claim", "ada", 8), ("claim", "bob", 8))

    assert [objects.result(position) for position in range(3)] == [7, 7, 8]


def test_a_token_is_the_position_of_the_message_that_got_the_lock():
    objects = heard(("acquire", "a"), ("acquire", "b"), ("release", 0), ("acquire", "b"))

    assert [objects.result(position) for position in (0, 1, 3)] == [True, False, True]
    assert (objects.owner, objects.token) == ("b", 3)


def test_an_owner_that_was_not_told_gets_the_lock_again_and_its_old_token_frees_nothing():
    objects = heard(("acquire", "a"), ("acquire", "a"), ("release", 0))
    assert (objects.owner, objects.token) == ("a", 1)

    objects.hear([("release", 1)])
    assert objects.owner is None


def test_whoever_hears_in_pieces_knows_the_same():
    messages = [("write", "x", 1), ("acquire", "a"), ("claim", "n", 1), ("release", 1)]
    at_once, in_pieces = heard(*messages), Objects()
    for message in messages:
        in_pieces.hear([message])

    assert vars(at_once) == vars(in_pieces)


def test_a_snapshot_has_all_messages():
    sequence, other = Sequence(), Sequence()
    positions = [sequence.apply(("broadcast", message))[1] for message in "abc"]
    other.restore(sequence.state())

    assert positions == [0, 1, 2]
    assert other.messages == ["a", "b", "c"]
    assert other.apply(("broadcast", "d")) == ("ok", 3)


@pytest.mark.parametrize("name", ["broadcast", "broadcast-paxos"])
def test_what_servers_deliver_is_one_sequence_with_every_broadcast_in_it(name):
    plan = Plan(name, "broadcast", nodes=3, seed=4, time_limit=3.0, rate=30.0)
    history = run(registry.experiment(plan)).history
    calls = [call for call in history.calls() if call.outcome == "ok"]
    drained = {c.result["server"]: c.result["messages"] for c in calls if c.f == "drain"}
    sent = sorted(call.result for call in calls if call.f == "broadcast")

    assert drained["n1"] == drained["n2"] == drained["n3"]
    assert sorted(drained["n1"]) == sent
