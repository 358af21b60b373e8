"""Plans on real processes: the same programs, judged alike, and none is left."""

import os
import signal
import sys
from pathlib import Path

import pytest
import trio
from patience import effects, patiently
from small_register import Client, Durable, Forgetful

from splitbrain.checkers.verdict import INVALID, VALID
from splitbrain.harness import Fault, InvalidPlan, Plan, run
from splitbrain.harness.nemesis.catalogue import KINDS
from splitbrain.harness.plan import When
from splitbrain.harness.processes import vdso
from splitbrain.harness.runs.running import check_plan
from splitbrain.harness.workloads import register
from splitbrain.systems.registry import experiment

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the ground needs Linux")

PLAN = Plan("", "", nodes=1, clients=3, time_limit=1.0, rate=60.0, ground="processes")
KILL = Fault("process.kill", 0.4, 0.2, "n1", id="f1")


@pytest.fixture(autouse=True)
def nothing_left(tmp_path, monkeypatch):
    """No directory of a run and no child of this process may be left."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    before = children()
    yield
    assert not list(tmp_path.glob("splitbrain-nodes-*"))
    assert children() == before


def children():
    me = Path(f"/proc/self/task/{os.getpid()}/children")
    return me.read_text() if me.exists() else ""


def of(server, *faults, **changes):
    return PLAN.with_(faults=faults, **changes).using(server, register(Client))


def deaths(result):
    return [event.value for event in result.history.events("died")]


@pytest.mark.nightly
def test_what_was_synced_survives_a_kill():
    result = run(of(Durable, KILL))
    assert result.validity is VALID, [v.reason for v in result.verdicts]
    assert not result.deterministic
    assert effects(result)["f1"] == {"killed": ["n1"]}
    assert [e[1] for e in result.trace.events if e[1] in ("boot", "kill")] == [
        "boot",
        "kill",
        "boot",
    ]


@pytest.mark.slow
def test_a_server_that_forgets_is_caught():
    result = run(of(Forgetful, KILL))
    assert result.validity is INVALID
    assert result.signature.startswith("linearizable")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("system", "workload", "nodes"),
    [
        ("raft", "register", 5),
        pytest.param("raft", "set", 5, marks=pytest.mark.nightly),
        pytest.param("raft", "kv", 5, marks=pytest.mark.nightly),
        pytest.param("leader-follower", "register", 3, marks=pytest.mark.nightly),
        pytest.param("two-phase-commit", "list-append", 3, marks=pytest.mark.nightly),
    ],
)
def test_reference_systems_pass_under_kill_pause_and_partition(system, workload, nodes):
    faults = (
        Fault("process.kill", 0.3, 0.6, "leader"),
        Fault("net.partition", 1.0, 0.6, "one"),
        Fault("process.pause", 1.7, 0.5, "one"),
    )
    plan = PLAN.with_(system=system, workload=workload, nodes=nodes, time_limit=2.5, rate=40.0)
    result = patiently(plan.with_(faults=faults), experiment)
    assert result.validity is VALID, [(v.checker, v.reason) for v in result.verdicts]
    seen = effects(result)
    assert seen["f1"]["killed"]
    assert seen["f3"]["paused"]
    assert "invariants" not in [verdict.checker for verdict in result.verdicts]


class Raises(Durable):
    async def run(self):
        await trio.sleep(0.2)
        raise RuntimeError("no more")


class Exits(Durable):
    async def run(self):
        await trio.sleep(0.2)
        os._exit(3)


class Crashes(Durable):
    async def run(self):
        await trio.sleep(0.2)
        os.kill(os.getpid(), signal.SIGKILL)  # as when memory runs out


class Sends(Durable):
    async def run(self):
        self.node.network.send("n7", ("hello",))


@pytest.mark.nightly
@pytest.mark.parametrize(
    ("server", "error"),
    [
        (Raises, "RuntimeError: no more"),
        (Exits, "the process ended with exit code 3"),
        (Crashes, "the process ended with signal SIGKILL"),
        (Sends, "ValueError: n1 sent a message to 'n7': there is no such host"),
    ],
)
def test_how_a_process_ended_is_told(server, error):
    result = run(of(server, time_limit=0.4, options={"operation_timeout": 0.2}))
    assert deaths(result)[0]["error"] == error
    assert result.validity is INVALID


class Parent(Durable):
    """Starts a process that leaves its group and would live on."""

    async def run(self):
        if not os.fork():
            os.setsid()
            signal.pause()
        await super().run()


@pytest.mark.nightly
def test_what_a_node_has_started_ends_with_the_run():
    assert run(of(Parent)).validity is VALID


@pytest.mark.nightly
def test_an_error_in_the_harness_comes_out_and_leaves_nothing():
    def broken(operation):
        raise OSError("the disk is full")

    with pytest.raises(OSError, match="the disk is full"):
        run(of(Durable), sink=broken)


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        (Fault("disk.lost_write", 0.1, 0.1), "disk.lost_write, which the ground processes"),
        (Fault("clock.drift", 0.1, 0.1), "clock.drift, which the ground processes cannot perform"),
        (Fault("clock.leap", 0.1, 0.1, options={"how": "smear"}), "can be set, not slowed"),
        (Fault("disk.eio", 0.1, 0.1), "disk.eio, which the ground processes cannot perform"),
        (
            Fault("process.kill", 0.1, 0.1, when=When("fsync-begin"), id="f1"),
            "fault f1 waits for fsync-begin, which the ground processes does not see",
        ),
    ],
)
def test_what_it_cannot_do_is_refused_with_the_reason(fault, says):
    with pytest.raises(InvalidPlan, match=says):
        check_plan(of(Durable, fault))


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"disk": {}}, "takes no option 'disk'"),
        ({"network": {"latency": [2, 1]}}, "network.latency is .2, 1.: give the least first"),
    ],
)
def test_options_that_it_does_not_take_are_refused(options, says):
    with pytest.raises(InvalidPlan, match=says):
        check_plan(of(Durable, options=options))


@pytest.mark.parametrize("kind", [kind.id for kind in KINDS if kind.real])
def test_what_only_real_processes_can_have_is_refused_in_simulation(kind):
    with pytest.raises(InvalidPlan, match=f"{kind}, which only real processes can have"):
        check_plan(of(Durable, Fault(kind, 0.1, 0.1), ground="simulation"))


@pytest.mark.nightly
def test_a_process_that_is_told_to_end_ends_and_starts_anew():
    plan = PLAN.with_(faults=(Fault("process.terminate", 0.4, 0.2, "n1", id="f1"),))
    result = patiently(plan, lambda plan: plan.using(Durable, register(Client)))
    assert result.validity is VALID, [v.reason for v in result.verdicts]
    assert effects(result)["f1"] == {"terminated": ["n1"]}


class Deaf(Durable):
    """Hears no SIGTERM."""

    async def run(self):
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        await super().run()


@pytest.mark.nightly
def test_a_process_that_does_not_end_when_told_to_is_killed():
    patience = {"patience": 0.2}
    fault = Fault("process.terminate", 0.4, 0.4, "n1", options=patience, id="f1")
    result = run(of(Deaf, fault))
    assert effects(result)["f1"] == {"terminated": ["n1"], "killed": ["n1"]}
    assert result.validity is VALID, [v.reason for v in result.verdicts]


@pytest.mark.nightly
@pytest.mark.parametrize("kind", ["disk.empty", "disk.older"])
def test_a_server_that_comes_back_with_another_disk_has_lost_what_it_acknowledged(kind):
    result = run(of(Durable, Fault(kind, 0.4, 0.4, "n1", id="f1")))
    assert effects(result)["f1"] == {"killed": ["n1"], "files_changed": 1}
    assert result.signature.startswith("linearizable")


class ByWallClock(Durable):
    """Takes a write for an old one that its wall clock has an earlier time for."""

    async def run(self):
        node, values = self.node, {}
        while True:
            source, (_, identity, f, key, *arguments) = await node.network.receive()
            latest, value = values.get(key, (0.0, None))
            answer = value if f == "read" else f == "write" or value == arguments[0]
            if f != "read" and answer and (now := node.clock.time()) > latest:
                values[key] = (now, arguments[-1])
            node.network.send(source, ("reply", identity, answer))


needs_clocks = pytest.mark.skipif(
    vdso.unavailable() is not None, reason=f"no clock can be set here: {vdso.unavailable()}"
)


@pytest.mark.nightly
@needs_clocks
def test_a_server_that_trusts_its_wall_clock_loses_writes_when_it_goes_back():
    back = Fault("clock.bump", 0.4, 0.5, "n1", options={"offset": -1000.0}, id="f1")
    result = run(of(ByWallClock, back))
    assert effects(result)["f1"]["clock_reads"]
    assert result.signature.startswith("linearizable")
    assert run(of(ByWallClock)).validity is VALID


@needs_clocks
def test_a_machine_that_lets_nobody_set_clocks_refuses_with_the_reason(monkeypatch):
    monkeypatch.setattr(vdso, "unavailable", lambda: "nobody may trace here")
    with pytest.raises(InvalidPlan, match="f1: no process's clock can be set here: nobody may"):
        check_plan(of(Durable, Fault("clock.bump", 0.1, 0.1, id="f1")))


@pytest.mark.nightly
def test_messages_wait_before_a_narrow_link():
    narrow = Fault("net.bandwidth", 0.3, 0.6, "n1", options={"rate": 300.0}, id="f1")
    result = run(of(Durable, narrow))
    assert effects(result)["f1"]["messages_delayed"]
    assert result.validity is VALID, [v.reason for v in result.verdicts]
