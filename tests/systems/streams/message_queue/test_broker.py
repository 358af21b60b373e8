"""What may be handed out, and what becomes of what cannot be processed."""

from __future__ import annotations

from timed_requests import replies

from splitbrain.checkers.verdict import VALID
from splitbrain.harness.plan import Fault, Plan
from splitbrain.harness.runs.running import run
from splitbrain.harness.simulation.world import World
from splitbrain.systems import registry
from splitbrain.systems.streams.message_queue.broker import DEAD, PROCESSED, Broker, Sent


def broker_with(*messages):
    """A broker in a node, with these messages written; what `_take` and `end` make of them."""
    made = []

    async def server(node):
        made.append(Broker(node))

    world = World(1)
    world.add_server("n1", server, ())
    with world.booted():
        world.run_until(0.1)
    (broker,) = made
    for number, (key, is_poison) in enumerate(messages):
        broker._take(Sent(key, number, is_poison))
    return broker


def test_the_first_of_each_key_may_be_handed_out():
    broker = broker_with(("a", False), ("a", False), ("b", False))
    assert broker.due() == [1, 3]


def test_a_message_that_fails_too_often_is_dead_and_the_next_of_its_key_is_due():
    broker = broker_with(("a", True), ("a", False))
    endings = []
    broker.end = lambda position, how: endings.append((position, how))
    for _ in range(broker.tries - 1):
        broker.failed(1)
    assert endings == []

    broker.failed(1)
    assert endings == [(1, DEAD)]
    broker._end(1, DEAD)
    assert broker.due() == [2]


def test_only_so_many_may_wait():
    broker = broker_with(*[("a", False)] * (Broker.bound - 1))
    assert broker.has_room()
    broker._take(Sent("b", 99, False))
    assert not broker.has_room()
    broker._end(1, PROCESSED)
    assert broker.has_room()


def test_who_reads_is_told_at_the_moment_when_the_last_message_before_it_has_ended():
    def sent(at, number):
        return at, ("request", number, "send", "a", number, False)

    asked = [sent(0.1, 1), sent(0.2, 2), (0.3, ("request", 3, "processed")), sent(0.4, 4)]
    ended = [(1.003, ("done", 1)), (2.007, ("done", 1)), (3.009, ("done", 2))]

    assert replies(Broker, *asked, *ended) == [(0.1, 1), (0.2, 2), (0.4, 4), (3.009, 3)]


def crowded(seed):
    """More is sent than there is room for, and requests come again a while later."""
    copies = {"probability": 0.5, "later": 0.4}
    faults = (
        Fault("client.duplicate", 0.5, 3.0, "all", copies, id="copies"),
        Fault("process.kill", 2.0, 0.1, "n1", id="crash"),
    )
    shape = {"nodes": 4, "time_limit": 4.0, "rate": 60.0, "options": {"system": {"bound": 4}}}
    plan = Plan("message-queue", "deliveries", seed=seed, faults=faults, **shape)
    return run(registry.experiment(plan), tracing=False)


def test_what_was_refused_stays_so_when_its_request_comes_again():
    assert [crowded(seed).validity for seed in range(2)] == [VALID, VALID]


def test_without_the_memory_of_what_was_refused_it_would_be_taken(monkeypatch):
    async def refuse(broker, number):
        return ("refused", "too many messages wait")

    monkeypatch.setattr(Broker, "_refuse", refuse)
    assert {crowded(seed).signature for seed in range(2)} == {"deliveries/unsent"}
