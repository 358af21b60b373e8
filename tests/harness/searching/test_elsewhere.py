"""Runs are repeated in a process with another hash seed: what depends on the process is found."""

from __future__ import annotations

import pytest

from splitbrain.harness import Plan
from splitbrain.harness.client import request
from splitbrain.harness.searching.elsewhere import end, source_of
from splitbrain.harness.searching.seeds import NotDeterministic, search
from splitbrain.harness.workloads import register

WORDS = {"alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta"}
PREPARED = {"how": "as imported"}


class Server:
    """A register that traces what it sees of its process at each request."""

    def __init__(self, node):
        self.node = node
        self.values = {}

    def seen(self):
        return None

    async def run(self):
        while True:
            client, (_, number, f, key, *value) = await self.node.network.receive()
            if f == "write":
                self.values[key] = value[0]
            self.node.trace("seen", self.seen())
            self.node.network.send(client, ("reply", number, self.values.get(key)))


class Client:
    def __init__(self, node, server):
        self.node = node

    async def read(self, key):
        return (await request(self.node, "n1", "read", key))[0]

    async def write(self, key, value):
        await request(self.node, "n1", "write", key, value)


class SetOrder(Server):
    def seen(self):
        return list(WORDS)


class Hash(Server):
    def seen(self):
        return hash("abc")


class Prepared(Server):
    def seen(self):
        return PREPARED["how"]


def sound(plan):
    return plan.using(Server, register(Client))


def set_order(plan):
    return plan.using(SetOrder, register(Client))


def hashes(plan):
    return plan.using(Hash, register(Client))


def prepared(plan):
    return plan.using(Prepared, register(Client))


@pytest.fixture(autouse=True, scope="module")
def nothing_left_running():
    yield
    end()


def tried(function):
    def make(seed):
        return function(Plan("", "", nodes=1, time_limit=1.0, seed=seed))

    return search(make, range(3), source=source_of(function))


def test_a_function_of_a_module_has_a_name_there_and_a_local_one_has_none():
    source = source_of(sound)
    assert source is not None
    assert (source.name, source.file) == ("sound", __file__)
    assert source_of(lambda plan: sound(plan)) is None


@pytest.mark.parametrize("function", [set_order, hashes])
def test_what_depends_on_the_hash_seed_is_found_and_the_first_event_told(function):
    with pytest.raises(NotDeterministic, match=r'seed 1 .* another process.*here .*"seen"'):
        tried(function)


def test_a_sound_system_passes():
    assert tried(sound).valid == 3


def test_what_a_fixture_has_prepared_here_alone_is_no_difference(monkeypatch):
    monkeypatch.setitem(PREPARED, "how", "by a fixture")
    assert tried(prepared).valid == 3


def test_what_another_process_cannot_import_is_repeated_here(monkeypatch):
    monkeypatch.setattr(sound, "__module__", "__main__")
    assert tried(sound).valid == 3
