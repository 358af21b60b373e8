"""Books and the log of requests over crashes: an entry is made once, and balances are its sums."""

from __future__ import annotations

import random

import pytest
import trio
import trio.testing
from untimed_disks import StallingDisk, UntimedDisk

from splitbrain.harness.nemesis.control import POWER_LOSS_POLICIES
from splitbrain.harness.simulation.disk import SimulatedDisk
from splitbrain.systems.end_to_end.transfers.books import Books


class Network:
    """Hands out messages, keeps what is sent, and then is silent."""

    def __init__(self, messages):
        self.messages, self.sent = list(messages), []

    async def receive(self):
        if not self.messages:
            await trio.sleep_forever()
        await trio.lowlevel.checkpoint()
        return "n1", self.messages.pop(0)

    def send(self, destination, message):
        self.sent.append(message)


class Node:
    def __init__(self, disk, messages=()):
        self.name, self.disk, self.network = "n2", disk, Network(messages)


def served(disk, messages=()):
    """The books after some messages, and what they answered."""
    node = Node(disk, messages)

    async def live():
        books = Books(node)
        with trio.move_on_after(1):
            await books.run()
        return books

    books = trio.run(live, clock=trio.testing.MockClock(autojump_threshold=0))
    return books, node.network.sent


def entries(rng, count=12):
    made = [
        ("entry", number, number % 2, number, rng.choice("ab"), rng.randint(-9, 9))
        for number in range(count)
    ]
    return [entry for entry in made for _ in range(rng.choice((1, 1, 2)))]


@pytest.mark.parametrize("policy", POWER_LOSS_POLICIES)
@pytest.mark.parametrize("seed", range(8))
def test_what_was_told_as_booked_is_there_once_and_makes_the_balance(policy, seed):
    rng = random.Random(f"{policy}/{seed}")
    disk = SimulatedDisk(rng)
    sent = entries(rng)

    _, told = served(StallingDisk(disk, rng.randrange(2, 9)), sent)
    disk.power_loss(policy)
    books, _ = served(UntimedDisk(disk), sent[: len(sent) // 2])

    requests = [request for request, _, _ in books.entries]
    assert len(requests) == len(set(requests))
    assert {position for _, position, _ in told} <= set(requests)
    for account in "ab":
        total = sum(amount for _, name, amount in books.entries if name == account)
        assert books.balances.get(account, 0) == total
