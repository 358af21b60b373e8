"""A search does some runs twice, so that a system that isn't deterministic doesn't go unnoticed."""

from __future__ import annotations

from typing import ClassVar

import pytest

from splitbrain.harness import Plan
from splitbrain.harness.client import request
from splitbrain.harness.searching.seeds import TWICE_EVERY, NotDeterministic, search
from splitbrain.harness.workloads import register

shared: list[int] = []


class Server:
    def __init__(self, node):
        self.node = node
        self.values = {}

    async def run(self):
        while True:
            client, (_, number, f, key, *value) = await self.node.network.receive()
            if f == "write":
                self.values[key] = value[0]
            self.remember(number)
            self.node.network.send(client, ("reply", number, self.values.get(key)))

    def remember(self, number):
        return None


class SharesMemory(Server):
    """Tells of what another run left behind."""

    def remember(self, number):
        shared.append(number)
        self.node.trace("seen", len(shared))


class Client:
    def __init__(self, node, server):
        self.node = node

    async def read(self, key):
        return (await request(self.node, "n1", "read", key))[0]

    async def write(self, key, value):
        await request(self.node, "n1", "write", key, value)


def experiment(server, seed):
    return Plan("", "", nodes=1, time_limit=1.0, seed=seed).using(server, register(Client))


def test_memory_shared_between_runs_is_found_and_named():
    with pytest.raises(NotDeterministic, match=r"seed 1 gave two different runs.*'seen'"):
        search(lambda seed: experiment(SharesMemory, seed), range(3))


class Wordy(Server):
    """Traces objects in words, with where they are in memory."""

    kept: ClassVar[list[object]] = []

    def remember(self, number):
        self.kept.append(object())  # so that the next one is elsewhere
        self.node.trace("kept", repr(self.kept[-1]))


def test_where_an_object_is_in_memory_is_no_difference():
    found = search(lambda seed: experiment(Wordy, seed), range(2))
    assert found.tried == 2
    assert found.last is not None
    assert len({repr(thing) for thing in Wordy.kept}) == len(Wordy.kept) > 10


def test_a_deterministic_system_passes():
    found = search(lambda seed: experiment(Server, seed), range(TWICE_EVERY + 1))

    assert (found.tried, found.valid) == (TWICE_EVERY + 1, TWICE_EVERY + 1)
