"""Servers restart with other versions of their code, and with the usual one in the end."""

from __future__ import annotations

from splitbrain.harness import Plan, run
from splitbrain.harness.client import request
from splitbrain.harness.nemesis.versions import Versions
from splitbrain.harness.plan import Fault
from splitbrain.harness.workloads import register


class Versioned:
    """Announces the version that each of its lives runs, and keeps registers in memory."""

    version = 2
    versions = (1, 2, 3)

    def __init__(self, node):
        self.node = node
        self.values = {}

    async def run(self):
        self.node.announce("running", {"version": self.version})
        while True:
            source, (_, number, f, key, *value) = await self.node.network.receive()
            if f == "write":
                self.values[key] = value[0]
            self.node.network.send(source, ("reply", number, self.values.get(key)))


class Unversioned(Versioned):
    versions = ()


class Client:
    def __init__(self, node, server):
        self.node = node

    async def read(self, key):
        return (await request(self.node, "n1", "read", key))[0]

    async def write(self, key, value):
        await request(self.node, "n1", "write", key, value)


def lives(server, *faults):
    """The versions that n1 ran, and what the faults were seen to do."""
    plan = Plan("", "", nodes=1, time_limit=5.0, faults=faults)
    history = run(plan.using(server, register(Client))).history
    versions = [event.value["version"] for event in history.events("running")]
    return versions, [
        e.value["effect"] for e in history.events("version.change") if "effect" in e.value
    ]


def change(at, duration, to="newer"):
    return Fault("version.change", at, duration, "n1", {"to": to})


def test_a_server_runs_another_version_while_the_fault_lasts():
    assert lives(Versioned, change(1, 2)) == ([2, 3, 2], [{"restarted": ["n1"]}])
    assert lives(Versioned, change(1, 2, "older"))[0] == [2, 1, 2]


def test_of_two_faults_the_later_says_which_version_runs():
    assert lives(Versioned, change(1, 3), change(2, 1, "older"))[0] == [2, 3, 1, 3, 2]


def test_healing_brings_the_usual_version_back():
    assert lives(Versioned, change(1, 60))[0] == [2, 3, 2]


def test_a_killed_server_comes_back_with_the_version_that_is_installed():
    killed = Fault("process.kill", 1, 3, "n1")
    assert lives(Versioned, killed, change(2, 60))[0] == [2, 3, 2]


def test_a_server_without_versions_is_left_alone():
    assert lives(Unversioned, change(1, 2)) == ([2], [{}])


def test_versions_of_one_server_are_not_those_of_another():
    versions = Versions(Versioned)
    versions.install("n1", "f1", 3)

    assert (versions.installed("n1"), versions.installed("n2")) == (3, 2)
    assert versions.server("n1").version == 3
    assert versions.server("n2") is Versioned
