"""A client of a replicated store finds who leads, whatever it is told of that."""

from __future__ import annotations

from collections import deque
from random import Random

import pytest
import trio
from trio.testing import MockClock

from splitbrain.systems.consensus.client import StoreClient

LEADS, SILENT = "leads", "silent"
NAMES = ("n1", "n2", "n3", "n4", "n5")


class Servers:
    """A client's node, whose servers say at once what they know: who leads, or nothing."""

    def __init__(self, *told):
        self.told = dict(zip(NAMES, told, strict=True))
        self.network, self.peers, self.random = self, NAMES, Random(1)
        self.asked, self.answers = [], deque()

    def send(self, server, message):
        self.asked.append(server)
        told = self.told[server]
        if told == LEADS:
            self.answers.append((server, ("reply", message[1], "ok", "done")))
        elif told != SILENT:
            self.answers.append((server, ("reply", message[1], "redirect", told)))

    async def receive(self):
        while not self.answers:
            await trio.sleep_forever()
        return self.answers.popleft()


def asked(servers, first="n1"):
    """Whom a client asks, in order, until it is answered."""

    async def ask():
        with trio.fail_after(60):
            assert await StoreClient(servers, first).ask(("query", ())) == ("ok", "done")

    trio.run(ask, clock=MockClock(autojump_threshold=0))
    return servers.asked


@pytest.mark.parametrize(
    ("told", "in_order"),
    [
        pytest.param((LEADS, None, None, None, None), "1", id="it leads"),
        pytest.param(("n4", None, None, LEADS, None), "14", id="a hint"),
        pytest.param((None, None, LEADS, None, None), "123", id="nobody knows"),
        pytest.param((None, "n1", None, LEADS, None), "12134", id="stale hint"),
        pytest.param(("n2", "n1", SILENT, "n5", LEADS), "121345", id="two send it to and fro"),
        pytest.param(("n2", "n3", "n1", None, LEADS), "123145", id="three do"),
        pytest.param(("n2", SILENT, "n2", "n2", LEADS), "12345", id="all name a dead one"),
    ],
)
def test_hints_lead_nobody_in_circles(told, in_order):
    assert asked(Servers(*told)) == [f"n{each}" for each in in_order]


def test_a_leader_that_was_elected_meanwhile_is_found_in_the_next_round():
    servers = Servers(None, "n1", "n1", "n1", "n1")
    send = servers.send

    def elects(server, message):
        send(server, message)
        if len(servers.asked) == 6:
            servers.told["n1"] = LEADS

    servers.send = elects

    assert asked(servers)[-1] == "n1"
    assert len(servers.asked) <= 8
