"""A server that is sent messages at given times, and when it answers which."""

from __future__ import annotations

import random

import trio
import trio.testing
from untimed_disks import UntimedDisk

from splitbrain.harness.simulation.disk import SimulatedDisk


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

    def announce(self, name, value):
        pass


def replies(server, *timed):
    """When which request was answered, in seconds from the start."""
    node = Node(timed)

    async def live():
        await trio.sleep(1000 - trio.current_time() % 1000)  # so that times are told from 0 on
        with trio.move_on_after(9):
            await server(node).run()

    trio.run(live, clock=trio.testing.MockClock(autojump_threshold=0))
    return node.network.replies
