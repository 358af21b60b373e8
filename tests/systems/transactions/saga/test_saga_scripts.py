"""Sagas as plays: tests/golden/saga/*.txt, with all servers in one simulated world.

::

    saga 2 1                   an orchestrator n1; services n2 and n3 have so many seats a day
    order 7 1                  a client asks for order 7, for day 1
    run 0.2                    so many virtual seconds pass
    lose n3->n1 ...            from now on all that is sent on these links is lost
    late n1->n3 30             ... or comes some seconds later, of this mean
    heal                       all links are well again
    crash n1, restart n1       it loses power, and starts with what its disk holds
    show                       what each service did and undid, and how many seats it has given

Told is what was sent, in order, repetitions once, and what was lost.

``UPDATE_GOLDEN=1 pytest tests/systems/transactions`` writes what happens now into the scripts.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from consensus_script import filled, played, scripts

from splitbrain.harness.nemesis.rules import LinkRule
from splitbrain.harness.simulation.world import World
from splitbrain.systems.transactions.saga.orchestrator import Orchestrator
from splitbrain.systems.transactions.saga.service import Service

FOLDER = Path(__file__).parents[3] / "golden" / "saga"
NAMES = ("n1", "n2", "n3")


async def client(node):
    while True:
        await node.network.receive()


class Play:
    """A script being played."""

    def do(self, line):
        name, *words = line.split()
        return getattr(self, f"do_{name}")(*words) or []

    def do_saga(self, *seats):
        self.world, self.servers, self.rules = World(2), {}, []
        self.asked = self.seen = 0
        for name, count in zip(NAMES, ("0", *seats), strict=True):
            peers = tuple(other for other in NAMES if other != name)
            self.world.add_server(name, self.server(name, int(count)), peers)
        self.world.add_client("c1", client, NAMES)
        self.booted = self.world.booted()
        self.booted.__enter__()

    def server(self, name, seats):
        async def program(node):
            server = self.servers[name] = (Service if seats else Orchestrator)(node)
            server.seats = seats
            await server.run()

        return program

    def do_order(self, number, day):
        self.asked += 1
        message = ("request", self.asked, "order", int(number), int(day))
        self.world.network.send("c1", "n1", message)

    def do_run(self, seconds):
        self.world.run_until(self.world.now + float(seconds))
        events = self.world.trace.events[self.seen :]
        self.seen = len(self.world.trace.events)
        lost = {event[4] for event in events if event[1] == "drop"}
        told = {}
        for event in events:
            if event[1] == "send":
                _, _, source, to, number, message = event
                words = " ".join(map(str, message))
                told[f"{source} -> {to} {words}{'  (lost)' * (number in lost)}"] = None
        return list(told)

    def rule(self, links, **what):
        pairs = frozenset(tuple(link.split("->")) for link in links)
        self.rules.append(LinkRule(f"rule {len(self.rules)}", pairs, **what))
        self.world.add_rule(self.rules[-1])

    def do_lose(self, *links):
        self.rule(links, block=True)

    def do_late(self, link, seconds):
        self.rule([link], delay=float(seconds))

    def do_heal(self):
        while self.rules:
            self.world.remove_rule(self.rules.pop())

    def do_crash(self, name):
        self.world.power_loss(name, "drop_unsynced")

    def do_restart(self, name):
        self.world.start(name)

    def do_show(self):
        for name in NAMES[1:]:
            server = self.servers[name]
            ledger = ", ".join(f"{order} {what}" for order, what in server.ledger)
            given = {day: count for day, count in server.taken.items() if count}
            yield f"{name}: [{ledger}] seats given: {given or 'none'}"

    def end(self):
        self.booted.__exit__(None, None, None)


def play(script):
    playing = Play()
    try:
        return filled(script, playing.do)
    finally:
        playing.end()


@pytest.mark.parametrize("path", scripts(FOLDER), ids=lambda path: path.stem)
def test_what_follows_is_what_the_script_says(path):
    assert played(path, play) == path.read_text()
