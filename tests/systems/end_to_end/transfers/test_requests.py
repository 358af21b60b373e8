"""The log of requests: who asks for what is settled waits for both books, and no longer."""

from __future__ import annotations

import random

import pytest
import trio
import trio.testing
from untimed_disks import UntimedDisk

from splitbrain.harness.simulation.disk import SimulatedDisk
from splitbrain.systems.end_to_end.transfers.requests import Requests

FIRST, SECOND = ("booked", 0, 0), ("booked", 0, 1)


class Network:
    """Hands out messages, each at its time, and notes when which reply is sent."""

    def __init__(self, timed):
        self.timed, self.replies = list(timed), []

    async def receive(self):
        if not self.timed:
            await trio.sleep_forever()
        at, message = self.timed.pop(0)
        await trio.sleep(at - trio.current_time() % 1000)
        return "c1", message

    def send(self, destination, message):
        if message[0] == "reply":
            self.replies.append((round(trio.current_time() % 1000, 6), message[1]))


class Node:
    name, peers = "n1", ("n1", "n2", "n3", "c1")

    def __init__(self, timed):
        self.disk, self.network = UntimedDisk(SimulatedDisk(random.Random(1))), Network(timed)


def replies(*timed):
    """When which request was answered."""
    node = Node(timed)

    async def live():
        await trio.sleep(1000 - trio.current_time() % 1000)  # so that times are told from 0 on
        with trio.move_on_after(9):
            await Requests(node).run()

    trio.run(live, clock=trio.testing.MockClock(autojump_threshold=0))
    return node.network.replies


TRANSFER = (0.1, ("request", 1, "transfer", 7, "a", "b", 5))
SETTLED = (0.2, ("request", 2, "settled"))


@pytest.mark.parametrize("order", [(FIRST, SECOND), (SECOND, FIRST)])
def test_what_was_requested_is_settled_at_the_moment_when_both_sides_are_booked(order):
    booked = [(1.003, order[0]), (2.007, order[0]), (3.009, order[1])]

    assert replies(TRANSFER, SETTLED, *booked) == [(0.1, 1), (3.009, 2)]


def test_what_is_booked_on_one_side_alone_is_never_settled():
    assert replies(TRANSFER, SETTLED, (1.0, FIRST)) == [(0.1, 1)]


def test_nothing_is_waited_for_that_is_requested_later():
    later = (0.5, ("request", 3, "transfer", 8, "a", "b", 5))

    found = replies(TRANSFER, SETTLED, later, (1.0, FIRST), (1.5, SECOND))

    assert found == [(0.1, 1), (0.5, 3), (1.5, 2)]
