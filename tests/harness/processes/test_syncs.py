"""Processes wait for their disks for as long as a rule says, and go on when it is lifted."""

import os
import select
import signal
import socket
import sys
from math import inf

import pytest
from patience import effects, patiently
from small_register import Client, Durable

from splitbrain.checkers.verdict import INVALID
from splitbrain.harness import Definite, Fault, InvalidPlan, Plan
from splitbrain.harness.client import request
from splitbrain.harness.processes.files import questions
from splitbrain.harness.processes.files.syncs import Syncs
from splitbrain.harness.runs.running import check_plan
from splitbrain.harness.workloads import register

WHY = questions.unavailable() if sys.platform == "linux" else "the ground needs Linux"
needs_listeners = pytest.mark.skipif(WHY is not None, reason=str(WHY))

PATIENCE_S = 30.0
PLAN = Plan("", "", nodes=1, clients=3, time_limit=2.0, rate=60.0, ground="processes")


class Child:
    """A process that syncs a file each time that it is told to, and says so."""

    def __init__(self, file):
        ours, theirs = socket.socketpair()
        self.line = ours
        self.pid = os.fork()
        if not self.pid:
            try:
                ours.close()
                socket.send_fds(theirs, [b"x"], [questions.listener()])
                with file.open("wb") as opened:
                    while theirs.recv(1):
                        os.fsync(opened)
                        theirs.send(b"synced")
            finally:
                os._exit(0)
        theirs.close()
        _, (self.listener,), _, _ = socket.recv_fds(ours, 1, 1)

    def sync(self):
        self.line.send(b"x")

    def synced(self, patience=0.0):
        return bool(select.select([self.line], [], [], patience)[0] and self.line.recv(6))

    def asks(self):
        """Wait until it asks."""
        return bool(select.select([self.listener], [], [], PATIENCE_S)[0])

    def stop(self):
        os.kill(self.pid, signal.SIGSTOP)
        os.waitid(os.P_PID, self.pid, os.WSTOPPED)

    def end(self):
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)


@pytest.fixture
def child(tmp_path):
    made = Child(tmp_path / "file")
    yield made
    made.end()
    made.line.close()
    os.close(made.listener)


@needs_listeners
def test_without_a_rule_a_call_goes_on_at_once(child):
    calls = Syncs()
    child.sync()
    assert child.asks()
    assert calls.asked(child.listener)
    assert child.synced(PATIENCE_S)


@needs_listeners
def test_a_call_waits_until_the_rule_is_lifted(child):
    calls = Syncs()
    calls.add("f1", None, 0)
    child.sync()
    assert child.asks()
    assert calls.asked(child.listener)
    calls.go_on()
    assert calls.next == inf
    assert not child.synced()
    assert calls.remove("f1") == 1
    assert child.synced(PATIENCE_S)


@needs_listeners
def test_a_slow_disk_takes_longer_by_what_the_dice_say(child):
    calls = Syncs()
    calls.add("f1", 1000.0, 0)
    child.sync()
    assert child.asks()
    assert calls.asked(child.listener)
    assert 100.0 < calls.next < inf
    assert not child.synced()
    assert calls.remove("f1") == 1
    assert child.synced(PATIENCE_S)


@needs_listeners
def test_a_call_that_a_signal_has_interrupted_waits_for_what_is_left(child):
    calls = Syncs()
    calls.add("f1", 1000.0, 0)
    child.sync()
    assert child.asks()
    calls.asked(child.listener)
    before = calls.next
    child.stop()
    os.kill(child.pid, signal.SIGCONT)
    assert child.asks()
    calls.asked(child.listener)
    assert calls.next <= before
    assert calls.remove("f1") == 1
    assert child.synced(PATIENCE_S)


@needs_listeners
def test_when_all_have_ended_the_listener_says_so(child):
    calls = Syncs()
    calls.add("f1", 1000.0, 0)
    child.sync()
    assert child.asks()
    calls.asked(child.listener)
    os.kill(child.pid, signal.SIGKILL)
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert not calls.asked(child.listener)
    assert calls.next == inf
    assert calls.remove("f1") == 1


class Impatient(Durable):
    """Says of what its disk took long for that it did not happen."""

    async def run(self):
        node, fsync = self.node, self.node.disk.fsync
        slow = []

        async def timed(path):
            began = node.clock.monotonic()
            await fsync(path)
            slow.append(node.clock.monotonic() - began > 0.3)

        send = node.network.send

        def answered(to, message):
            kind, identity, answer = message
            send(to, (kind, identity, False if slow and slow.pop() else answer))

        node.disk.fsync, node.network.send = timed, answered
        await super().run()


class Told(Client):
    """Takes a write for failed that the server says has failed."""

    async def write(self, key, value):
        if (await request(self.node, "n1", "write", key, value))[0] is False:
            raise Definite("it says that it failed")


@pytest.mark.nightly
@needs_listeners
def test_who_takes_slow_for_failed_is_found_by_a_disk_that_stalls():
    stalls = [Fault("disk.stall", at, 0.5, "n1", id=f"at {at}") for at in (0.3, 1.1, 1.9)]
    plan = PLAN.with_(faults=tuple(stalls), time_limit=2.7, options={"keys": 1, "read": 0.6})
    result = patiently(plan, lambda plan: plan.using(Impatient, register(Told)), lambda _: False)
    assert result.signature.startswith("linearizable")
    struck = {id: effect["fsyncs_stalled"] for id, effect in effects(result).items()}
    assert any(struck.values())
    for fault in result.plan.faults:
        assert struck[fault.id] <= len(writes_during(fault, result.history))


def writes_during(fault, history):
    """What may write, was under way in a stall, and had to wait for its end if it did write and
    began in it."""
    start, stop = (e.time for e in history if e.f == fault.kind and e.value["id"] == fault.id)
    found = []
    for began in history:
        if began.f in ("write", "cas") and began.type == "invoke":
            ended = history[history.partner[began.index]]
            if began.time < stop and ended.time > start:
                found.append(began)
            if began.f == "write" and start < began.time < stop and ended.type != "info":
                assert ended.time >= (fault.at + fault.duration) * 1e9
    return found


@pytest.mark.nightly
@needs_listeners
@pytest.mark.parametrize(
    ("kind", "options", "effect"),
    [("disk.stall", {}, "fsyncs_stalled"), ("disk.slow", {"delay": 0.05}, "fsyncs_slowed")],
)
def test_who_waits_for_a_slow_disk_loses_nothing_through_a_kill(kind, options, effect):
    slow = Fault(kind, 0.3, 0.9, "n1", options=options, id="f1")
    kill = Fault("process.kill", 0.6, 0.2, "n1", id="f2")
    plan = PLAN.with_(faults=(slow, kill))
    result = patiently(plan, lambda plan: plan.using(Durable, register(Client)))
    assert effects(result)["f1"][effect]
    assert result.validity is not INVALID


def test_a_machine_that_lets_nobody_listen_refuses_with_the_reason(monkeypatch):
    monkeypatch.setattr(questions, "unavailable", lambda: "nobody may listen here")
    with pytest.raises(InvalidPlan, match="no process's disk can be slow here: nobody may listen"):
        check_plan(
            PLAN.with_(faults=(Fault("disk.stall", 0.1, 0.1),)).using(Durable, register(Client))
        )
