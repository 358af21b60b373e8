"""`always`, `eventually`, `leads_to`, `sometimes` over live objects; a breach ends the run."""

from __future__ import annotations

import pytest
import trio

from splitbrain.harness import Plan, faults, run
from splitbrain.harness.oracle import always, eventually, leads_to, oracles, sometimes
from splitbrain.harness.workloads import register


class Server:
    """Counts: `count` goes up each second from 0 on."""

    def __init__(self, node):
        self.node = node
        self.count = 0

    async def run(self):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self.tick)
            while True:
                client, (_, number, *_) = await self.node.network.receive()
                self.node.network.send(client, ("reply", number, None))

    async def tick(self):
        while True:
            await trio.sleep(1.0)
            self.count += 1


class Client:
    def __init__(self, node, server):
        pass

    async def read(self, key):
        return None

    async def write(self, key, value):
        await trio.sleep(0)


def made_of(*stated, kill=None):
    """A run with these statements."""
    plan = Plan("", "", nodes=2, clients=1, time_limit=8.0, options={"cas": 0.0})
    if kill is not None:
        plan = plan.with_(faults=kill.draw(0, plan))
    return run(plan.using(Server, register(Client), invariants=oracles(*stated)))


def outcome(*stated, kill=None):
    """The verdict on the statements, and when the run ended."""
    made = made_of(*stated, kill=kill)
    verdict = next(verdict for verdict in made.verdicts if verdict.checker == "invariants")
    return verdict, made.virtual_seconds


def count(name):
    return lambda up: up[name].count


@pytest.mark.parametrize(
    "stated",
    [
        always("small", lambda up: all(server.count < 100 for server in up.values())),
        eventually("three", lambda up: any(server.count == 3 for server in up.values()), 5.0),
        leads_to("four", lambda up: up["n1"].count == 1, lambda up: up["n1"].count == 4, 3.5),
    ],
    ids=lambda stated: stated.name,
)
def test_what_holds_is_valid(stated):
    verdict, ended = outcome(stated)
    assert verdict.validity.value == "valid"
    assert ended > 8


@pytest.mark.parametrize(
    ("stated", "said", "when"),
    [
        (
            always("small", lambda up: up["n1"].count < 3 or f"it is {up['n1'].count}"),
            "small: it is 3 (n1 at",
            3.0,
        ),
        (
            always("small", lambda up: "n2" not in up or up["n2"].count < 3),
            "small: it does not hold (n2 at",
            3.0,
        ),
        (
            eventually("late", lambda up: up["n1"].count == 7, within=4.5),
            "late: it did not come true within 4.5 s of the start",
            5.0,
        ),
        (
            leads_to("x", lambda up: up["n1"].count == 2, lambda up: up["n1"].count == 6, 2.5),
            "was not followed within 2.5 s",
            5.0,
        ),
    ],
)
def test_a_breach_ends_the_run_with_what_was_seen(stated, said, when):
    verdict, ended = outcome(stated)
    assert verdict.validity.value == "invalid"
    assert said in verdict.reason
    assert verdict.anomalies[0].kind == stated.name
    assert when <= ended < when + 0.1


def test_who_is_down_is_not_looked_at():
    seen = []

    def both_up(up):
        seen.append(sorted(up))
        return True

    outcome(always("seen", both_up), kill=faults.kill(target="n1", at=2.0, duration=2.0))
    assert ["n2"] in seen
    assert seen[-1] == ["n1", "n2"]


def test_a_condition_that_fails_itself_makes_the_verdict_unknown():
    verdict, _ = outcome(always("typo", lambda up: up["n1"].cuont < 3))
    assert verdict.validity.value == "unknown"
    assert "cuont" in verdict.reason


def test_a_breach_is_in_the_history_with_the_state_seen():
    (event,) = made_of(always("small", lambda up: up["n1"].count < 3)).history.events("invariant")
    assert event.value["state"] == {"n1": {"count": "3"}, "n2": {"count": "2"}}


def test_what_is_to_be_so_at_some_moment_is_noted_with_when_or_the_run_says_nothing():
    three = sometimes("three", lambda up: up["n1"].count == 3)
    thousand = sometimes("thousand", lambda up: up["n1"].count == 1000)

    verdict, _ = outcome(three)
    assert verdict.validity.value == "valid"

    made = made_of(three, thousand)
    (goals,) = made.history.events("goals")
    assert goals.value["missed"] == ["thousand"]
    assert 3.0 <= goals.value["reached"]["three"] < 3.1
    verdict = next(verdict for verdict in made.verdicts if verdict.checker == "invariants")
    assert verdict.validity.value == "unknown"
    assert "never did: thousand" in verdict.reason
