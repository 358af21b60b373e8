"""A run goes through its phases, ends whatever the system does, and is judged."""

import io
import re

import pytest
import trio
from small_register import Client, Durable, Forgetful, Reluctant

from splitbrain.checkers.history import History, HistoryError
from splitbrain.checkers.verdict import INVALID, UNKNOWN, VALID, Verdict
from splitbrain.harness import Fault, InvalidPlan, Plan, PlannedOperation, run
from splitbrain.harness.client import request
from splitbrain.harness.runs.judging import judge
from splitbrain.harness.runs.running import check_plan
from splitbrain.harness.workloads import register

PLAN = Plan("", "", nodes=1, clients=2, time_limit=1.0)
KILL = Fault("process.kill", 0.4, 0.1, "n1")


def result_of(server=Durable, client=Client, plan=PLAN, **arguments):
    return run(plan.using(server, register(client)), **arguments)


def phases(result):
    return [event.value for event in result.history.events("phase")]


def test_a_run_loads_heals_settles_reads_and_ends():
    result = result_of()
    assert phases(result) == ["load", "heal", "settle", "final", "done"]
    assert result.validity is VALID
    assert result.signature == ""


def test_in_the_end_every_key_is_read():
    history = result_of().history
    final = next(e.index for e in history.events("phase") if e.value == "final")
    read = sorted(c.argument[0] for c in history.calls() if c.invoke_index > final)
    assert read == ["x", "y", "z"]


def test_a_lost_write_makes_the_run_invalid_and_gives_it_a_signature():
    result = result_of(Forgetful, plan=PLAN.with_(faults=(KILL,), seed=1))
    assert result.validity is INVALID
    assert result.signature.startswith("linearizable(cas-register)/")


def test_the_same_system_that_saves_first_survives_the_same_fault():
    assert result_of(plan=PLAN.with_(faults=(KILL,), seed=1)).validity is VALID


def test_a_run_that_wrote_nothing_but_read_is_judged_all_the_same():
    result = result_of(client=Reluctant)
    writes = [c for c in result.history.calls() if c.f == "write"]
    assert writes
    errors = {e.error for e in result.history if e.f == "write" and e.type == "fail"}
    assert all(call.outcome == "fail" for call in writes)
    assert errors == {"this client never writes"}


def test_listed_operations_are_the_only_ones_and_come_at_their_times():
    operations = (
        PlannedOperation(0.25, 1, "write", ["x", 5]),
        PlannedOperation(0.5, 0, "read", ["x", None]),
    )
    history = result_of(plan=PLAN.with_(operations=operations)).history
    calls = history.calls()[:2]
    assert [(c.process, c.f, c.start) for c in calls] == [
        (1, "write", 250_000_000),
        (0, "read", 500_000_000),
    ]
    assert calls[1].result == ["x", 5]


def test_load_ends_early_when_nothing_more_is_to_be_invoked_and_all_faults_are_over():
    operations = (PlannedOperation(0.1, 0, "write", ["x", 1]),)
    plan = PLAN.with_(time_limit=100.0, operations=operations, faults=(KILL,))
    heal = next(e for e in result_of(plan=plan).history.events("phase") if e.value == "heal")
    assert heal.time == 500_000_000


def test_every_event_reaches_the_sink_at_once_and_in_order():
    seen = []
    result = result_of(sink=seen.append)
    assert seen == list(result.history)


def test_progress_never_goes_back_and_ends_at_one():
    told = []
    result_of(progress=lambda fraction, phase: told.append(fraction))
    assert told == sorted(told)
    assert told[-1] == 1.0


# What user code may do wrong


class NeverMade(Client):
    def __init__(self, node, server):
        raise LookupError("no configuration for this client")


def test_a_client_that_cannot_be_made_is_told_as_an_error_of_its_operations():
    result = result_of(client=NeverMade)
    assert phases(result)[-1] == "done"
    assert result.validity is UNKNOWN
    assert all("no configuration" in text for text in result.client_bugs)


class Exiting(Client):
    async def write(self, key, value):
        raise SystemExit(3)


def test_a_client_that_exits_ends_neither_the_run_nor_this_process():
    result = result_of(client=Exiting)
    assert phases(result)[-1] == "done"
    assert any("sys.exit()" in text for text in result.client_bugs)


class Shielded(Client):
    async def write(self, key, value):
        with trio.CancelScope(shield=True):
            await trio.sleep_forever()


def test_a_client_that_refuses_to_be_cancelled_does_not_keep_the_run_from_ending():
    result = result_of(client=Shielded)
    assert phases(result)[-1] == "done"
    assert any("did not end an operation" in text for text in result.client_bugs)
    assert any(call.outcome == "info" for call in result.history.calls() if call.f == "write")


class Odd(Client):
    async def read(self, key):
        await request(self.node, "n1", "read", key)
        return {1, 2}


def test_a_result_that_json_cannot_hold_is_recorded_as_doubt():
    result = result_of(client=Odd)
    assert any("the client's result" in text for text in result.client_bugs)
    assert phases(result)[-1] == "done"


class Raising(Durable):
    async def run(self):
        await trio.sleep(0.1)
        raise ZeroDivisionError("counted wrong")


def test_a_server_whose_code_raises_makes_the_run_invalid():
    result = result_of(Raising)
    assert result.signature == "unhandled-exceptions/node-died"
    assert "ZeroDivisionError: counted wrong" in result.history.events("died")[0].value["error"]


class Token:
    """Hashable, so a message may hold it, but nothing that JSON knows."""


class Tracing(Durable):
    async def run(self):
        self.node.trace("token", Token(), "\ud800")
        self.node.trace("token", 2**70, Token())
        await super().run()


def test_a_trace_with_values_that_json_cannot_hold_is_still_written_and_the_same():
    one, other = result_of(Tracing).trace, result_of(Tracing).trace

    lines = list(one.lines())
    assert any(b'"<Token>"' in line for line in lines)
    assert lines == list(other.lines())


def test_a_trace_that_goes_to_a_file_is_the_same_and_takes_no_memory():
    kept, file = result_of(Tracing).trace, io.BytesIO()

    written = result_of(Tracing, trace_file=file).trace

    assert (written.digest(), written.events) == (kept.digest(), [])
    assert file.getvalue() == b"".join(kept.lines())


# Plans that cannot run


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"faults": (Fault("process.kill", 0.1, 0.1, "n9"),)}, "names no server"),
        ({"faults": (Fault("process.kil", 0.1),)}, "process.kill"),
        ({"faults": (KILL, KILL, KILL)}, None),
        ({"operations": (PlannedOperation(0.1, 7, "read", ["x", None]),)}, "client 7"),
        ({"operations": (PlannedOperation(0.1, 0, "", None),)}, "operations[0] has an empty f"),
        ({"operations": (PlannedOperation(0.1, 0, "write", ["x", {1}]),)}, "cannot be recorded"),
        ({"options": {"operation_timeout": "long"}}, "operation_timeout: Expected `float`"),
        ({"options": {"operation_timeout": 0}}, "operation_timeout: Expected `float` > 0"),
        ({"options": {"network": {"latency": [0.2, 0.1]}}}, "give the least first"),
        ({"options": {"network": {"speed": 1}}}, "unknown field `speed`"),
        ({"options": {"disk": {"fsync_latency": -1}}}, "disk.fsync_latency"),
        ({"options": {"kyes": 3}}, "did you mean keys"),
    ],
)
def test_a_plan_that_cannot_run_is_refused_before_anything_is_run(changes, says):
    experiment = PLAN.with_(**changes).using(Durable, register(Client))
    if says is None:  # ids are given by position, so equal faults are no clash
        check_plan(experiment)
        return
    with pytest.raises(InvalidPlan) as refused:
        check_plan(experiment)
    assert says in str(refused.value)
    with pytest.raises(InvalidPlan):
        run(experiment)


# The simulated ground


def test_the_network_is_as_slow_as_the_plan_says():
    slow = {"network": {"latency": [0.2, 0.2], "late": 0}, "operation_timeout": 5}
    calls = result_of(plan=PLAN.with_(options=slow)).history.calls()
    reads = [call for call in calls if call.f == "read" and call.outcome == "ok"]
    assert reads
    assert all(call.end - call.start >= 400_000_000 for call in reads)


def test_fsync_takes_as_long_as_the_plan_says():
    slow = {"disk": {"fsync_latency": 0.4}, "operation_timeout": 5}
    calls = result_of(plan=PLAN.with_(options=slow)).history.calls()
    writes = [call for call in calls if call.f == "write" and call.outcome == "ok"]
    assert writes
    assert all(call.end - call.start >= 200_000_000 for call in writes)


def test_an_operation_is_given_up_after_the_timeout_of_the_plan():
    quick = {"network": {"latency": [0.2, 0.2]}, "operation_timeout": 0.1}
    history = result_of(plan=PLAN.with_(options=quick)).history
    ends = [e for e in history if e.type in ("fail", "info") and isinstance(e.process, int)]
    load = [event.error for event in ends if event.time < 1e9]
    assert load
    assert set(load) == {"timed out after 0.1 s"}


# Judging


class Confused:
    name = "confused"

    def check(self, history):
        raise HistoryError("this is not for me")


class Content:
    name = "content"

    def check(self, history):
        return Verdict(self.name, VALID, "fine")


class Mistaken:
    name = "mistaken"

    def check(self, history):
        return {}["nothing"]


def test_a_checker_that_fails_gives_unknown_with_its_traceback_and_the_run_stands():
    experiment = PLAN.using(Durable, register(Client), checkers=[Mistaken(), Content()])
    verdicts = {v.checker: v for v in run(experiment).verdicts}
    failed = verdicts["mistaken"]
    assert failed.validity is UNKNOWN
    assert re.search(r"KeyError: 'nothing' \(test_run\.py:\d+ in check: return", failed.reason)
    assert failed.cost["traceback"][-1] in failed.reason
    assert verdicts["content"].validity is VALID
    assert Verdict.from_json(failed.to_json()) == failed


def test_a_checker_that_cannot_cope_makes_the_verdict_unknown_never_valid():
    verdicts = judge(History.from_operations([]), (Confused(), Content()))
    assert [v.validity for v in verdicts if v.checker == "confused"] == [UNKNOWN]
