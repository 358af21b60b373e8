"""Left alone, a system answers again and comes to rest: each bug here breaks that, and is found.

A bug shows on its own; the same run without it is valid.
"""

import pytest
import trio
from small_register import Client, Durable

from splitbrain.checkers.convergence import converged
from splitbrain.checkers.verdict import INVALID, UNKNOWN, VALID
from splitbrain.harness import Definite, Plan, faults, run
from splitbrain.harness.client import request
from splitbrain.harness.nemesis.claims import Claims
from splitbrain.harness.plan import Fault
from splitbrain.harness.runs.judging import checkers_of
from splitbrain.harness.workloads import register

KILL = faults.kill(at=1.0, duration=0.3)


def result_of(server, source=None, *, nodes=1, client=Client, claims=None, seed=1):
    plan = Plan("", "", nodes=nodes, clients=2, time_limit=3.0, seed=seed)
    if source is not None:
        plan = plan.with_(faults=source.draw(seed, plan))
    return run(plan.using(server, register(client), claims=claims))


def verdict(result, checker):
    return next(v for v in result.verdicts if v.checker == checker)


class Beside(Durable):
    """Does something else, beside serving."""

    async def run(self):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self.beside)
            await super().run()

    async def beside(self):
        raise NotImplementedError


# It answers again


class BrokenByARestart(Durable):
    async def run(self):
        if self.node.disk.exists("started"):
            await trio.sleep_forever()
        self.node.disk.write("started", 0, b"1")
        await super().run()


def test_a_server_that_never_answers_after_a_restart_is_found():
    found = verdict(result_of(BrokenByARestart, KILL), "progress")
    assert found.validity is INVALID
    assert {anomaly.kind for anomaly in found.anomalies} == {"no-progress", "silent-server"}
    assert "n1 answered nothing after all faults had ended" in found.anomalies[-1].message
    assert verdict(result_of(Durable, KILL), "progress").validity is VALID


class NeverReads(Durable):
    """Writes, and has never heard of reading, or says so."""

    refuses = False

    async def run(self):
        network = self.node.network
        while True:
            source, (_, identity, f, *_) = await network.receive()
            if f != "read":
                network.send(source, ("reply", identity, True))
            elif self.refuses:
                network.send(source, ("reply", identity, None, "refused"))


class Refused(Client):
    async def read(self, key):
        answer = await request(self.node, "n1", "read", key)
        if len(answer) > 1:
            raise Definite("it knows no reads")
        return answer[0]


def test_what_never_worked_and_never_is_answered_hangs():
    found = verdict(result_of(NeverReads), "progress")
    assert found.validity is INVALID
    assert {anomaly.kind for anomaly in found.anomalies} == {"no-progress", "silent-server"}


def test_what_never_worked_but_is_refused_did_not_stop_working():
    server = type("Refusing", (NeverReads,), {"refuses": True})
    result = result_of(server, client=Refused)
    assert verdict(result, "progress").validity is UNKNOWN
    assert verdict(result, "exercised").validity is UNKNOWN


class SilentSecond(Durable):
    async def run(self):
        if self.node.name == "n2":
            await trio.sleep_forever()
        await super().run()


class Anybody(Client):
    """Asks the server it was made for; to refuse is an answer."""

    def __init__(self, node, server):
        self.node, self.server = node, server

    async def read(self, key):
        return (await request(self.node, self.server, "read", key))[0]


def test_a_server_that_is_silent_among_others_is_named():
    found = verdict(result_of(SilentSecond, nodes=2, client=Anybody), "progress")
    assert found.validity is INVALID
    assert found.anomalies[-1].details["servers"] == ["n2"]


class Backups(Durable):
    """n1 serves; the others refuse, and are right to."""

    async def run(self):
        if self.node.name == "n1":
            return await super().run()
        while True:
            source, (_, identity, *_) = await self.node.network.receive()
            self.node.network.send(source, ("reply", identity, REFUSED))


REFUSED = "I am no primary"


class AskingOne(Anybody):
    """Knows one server, and takes a refusal for what it is."""

    async def ask(self, *words):
        (answer,) = await request(self.node, self.server, *words)
        if answer == REFUSED:
            raise Definite(answer)
        return answer

    async def read(self, key):
        return await self.ask("read", key)

    async def write(self, key, value):
        await self.ask("write", key, value)

    async def cas(self, key, old, new):
        return await self.ask("cas", key, old, new)


@pytest.mark.parametrize("source", [None, KILL, faults.swarm("partition,kill")])
def test_backups_that_refuse_are_right_to(source):
    result = result_of(Backups, source, nodes=3, client=AskingOne)
    assert verdict(result, "progress").validity is VALID
    (answers,) = [e.value for e in result.history if e.f == "answers"]
    assert answers == {"n1": "ok", "n2": "refused", "n3": "refused"}


@pytest.mark.parametrize(("dead", "nodes"), [("n1", 1), ("n1", 2), ("n1,n3", 3)])
def test_who_claimed_nothing_need_not_live_without_a_majority(dead, nodes):
    plan = Plan("", "", nodes=nodes, clients=2, time_limit=3.0)
    plan = plan.with_(faults=(Fault("member.dead", at=1.0, target=dead, id="d"),))
    result = run(plan.using(Durable, register(Client)))
    assert not any(v.checker == "progress" for v in result.verdicts)


@pytest.mark.parametrize(
    ("claimed", "dead", "asked"),
    [(("process",), True, False), (("process", "member"), True, True), (("process",), False, True)],
)
def test_what_only_the_dead_had_need_not_reach_all(claimed, dead, asked):
    fault = Fault("member.dead", at=1.0, target="n1", id="d")
    plan = Plan("", "", nodes=3, clients=2, time_limit=3.0)
    plan = plan.with_(faults=(fault,) if dead else ())
    experiment = plan.using(
        Durable, register(Client), claims=Claims(claimed), checkers=[converged()]
    )
    names = [checker.name for checker in checkers_of(experiment)]
    assert ("converged" in names) is asked


def test_who_never_answers_anything_fails():
    class Mute(Durable):
        async def run(self):
            await trio.sleep_forever()

    result = result_of(Mute)
    assert verdict(result, "progress").validity is INVALID
    assert result.validity is INVALID


def test_beyond_its_claims_a_system_may_be_silent():
    nothing = Claims(kinds=(), max_down=0)
    result = result_of(BrokenByARestart, KILL, claims=nothing)
    assert not any(v.checker in ("progress", "at-rest") for v in result.verdicts)
    assert result.validity is not INVALID


# With a minority dead for good


class Primary(Durable):
    """n1 serves; it asks the others to agree, and waits for `needed` of them."""

    needed = 1

    async def run(self):
        if self.node.name == "n1":
            return await super().run()
        while True:
            source, message = await self.node.network.receive()
            self.node.network.send(source, ("agreed", *message[1:]))


class Unanimous(Primary):
    needed = 2


class AskingTwo(Client):
    """Reads when enough of the other servers answer."""

    needed = 1

    async def read(self, key):
        for peer in ("n2", "n3"):
            self.node.network.send(peer, ("may I", key))
        for _ in range(self.needed):
            await self.node.network.receive()
        return await super().read(key)


class AskingAll(AskingTwo):
    needed = 2


DEAD = Fault("member.dead", at=1.0, target="n3", id="d")


@pytest.mark.parametrize(("client", "expected"), [(AskingTwo, VALID), (AskingAll, INVALID)])
def test_who_needs_the_dead_is_found(client, expected):
    plan = Plan("", "", nodes=3, clients=2, time_limit=3.0, faults=(DEAD,))
    result = run(plan.using(Primary, register(client)))
    found = verdict(result, "progress")
    assert found.validity is expected
    assert expected is VALID or "had settled, with n3 dead for good: timed out" in found.reason
    (answers,) = [e.value for e in result.history if e.f == "answers"]
    assert answers["n3"] == "gone"


@pytest.mark.parametrize(("claimed", "seconds"), [(("member",), 25.0), ((), 15.0)])
def test_who_does_not_claim_to_live_without_the_dead_is_not_asked_for_ever(claimed, seconds):
    plan = Plan("", "", nodes=3, clients=2, time_limit=3.0, faults=(DEAD,))
    result = run(plan.using(Primary, register(AskingAll), claims=Claims(("process", *claimed))))
    phases = {e.value: e.time / 1e9 for e in result.history if e.f == "phase"}
    assert phases["done"] - phases["final"] == pytest.approx(seconds, abs=0.1)
    assert any(v.checker == "progress" for v in result.verdicts) is bool(claimed)


def test_the_dead_do_not_rise_when_all_is_healed():
    plan = Plan("", "", nodes=3, clients=2, time_limit=3.0, faults=(DEAD,))
    result = run(plan.using(Primary, register(AskingTwo)))
    boots = [e for e in result.trace.events if e[1:3] == ("boot", "n3")]
    assert len(boots) == 1
    (stop,) = [
        e.value for e in result.history if e.f == "member.dead" and e.value["phase"] == "stop"
    ]
    assert stop["effect"]["gone"] == ["n3"]


def test_a_plan_in_which_all_are_dead_ends():
    everybody = Fault("member.dead", at=1.0, target="n1", id="d")
    plan = Plan("", "", nodes=1, clients=2, time_limit=3.0, faults=(everybody,))
    result = run(plan.using(Durable, register(Client)))
    assert [e.value for e in result.history if e.f == "phase"][-1] == "done"


def test_more_than_a_minority_dead_is_beyond_any_claim():
    from splitbrain.harness.nemesis.claims import regime

    claims = Claims(("member", "process"), max_down="all")
    dead = [Fault("member.dead", 1.0, target=name, id=name) for name in ("n1", "n2")]
    assert regime(dead[:1], 3, claims) == "survivable"
    assert regime(dead, 3, claims) == "beyond"
    assert regime([Fault("process.kill", 1.0, 0.5, "all")], 3, claims) == "survivable"


# It comes to rest


class Resting(Beside):
    async def beside(self):
        while True:  # a heartbeat is no storm
            await trio.sleep(0.05)
            for peer in self.node.peers:
                self.node.network.send(peer, ("beat",))

    async def run(self):
        if self.node.name == "n1":
            return await super().run()
        while True:
            await self.node.network.receive()


class Answering(Resting):
    """Answers answers: a message once sent goes to and fro for ever."""

    async def beside(self):
        while True:
            await trio.sleep(0.1)
            for peer in self.node.peers:
                self.node.network.send(peer, ("beat",))

    async def run(self):
        if self.node.name == "n1":
            await super().run()
        while True:
            await self.node.network.receive()
            self.node.network.send("n3" if self.node.name == "n2" else "n2", ("echo",))


class Forgotten(Resting):
    """Beats that nobody receives."""

    async def run(self):
        if self.node.name == "n1":
            await super().run()
        await trio.sleep_forever()


class Hoarding(Resting):
    async def beside(self):
        self.kept = []
        while True:
            await trio.sleep(0.001)
            self.kept.append(object())


class Logging(Resting):
    async def beside(self):
        while True:
            await trio.sleep(0.01)
            self.node.disk.append("debug", bytes(20_000))


class Electing(Resting):
    async def beside(self):
        term = 0
        while True:
            await trio.sleep(0.3)
            term += 1
            self.node.announce("leader", {"term": term})


@pytest.mark.parametrize(
    ("server", "kind"),
    [
        (Answering, "message-storm"),
        (Hoarding, "memory-growth"),
        (Logging, "disk-growth"),
        (Electing, "unstable-leadership"),
    ],
)
def test_what_does_not_rest_is_found(server, kind):
    found = verdict(result_of(server, nodes=3), "at-rest")
    assert found.validity is INVALID
    assert found.anomalies[0].kind == kind


def test_messages_that_nobody_receives_are_found():
    class Busy(Forgotten):
        async def beside(self):
            while True:
                await trio.sleep(0.002)
                self.node.network.send("n2", ("beat",))

    found = verdict(result_of(Busy, nodes=3), "at-rest")
    assert found.anomalies[0].kind == "inbox-growth"
    assert "n2" in found.anomalies[0].message


def test_a_heartbeat_is_rest():
    found = verdict(result_of(Resting, nodes=3), "at-rest")
    assert found.validity is VALID
    assert "messages a second and nothing grew" in found.reason
