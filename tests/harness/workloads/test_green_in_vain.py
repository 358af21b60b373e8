"""No run is valid in which what could have failed was not done, or not seen: for every workload."""

from dataclasses import replace
from functools import cache

import memory_clients as memory
import pytest
import trio
from memory_services import CLIENTS

from splitbrain.checkers.history import FAIL, INVOKE, OK, History
from splitbrain.checkers.verdict import UNKNOWN, VALID
from splitbrain.harness import Inconclusive, simulate
from splitbrain.harness.client import Definite, request
from splitbrain.harness.plan import Plan
from splitbrain.harness.runs.running import run
from splitbrain.harness.testing import decorator as simulated
from splitbrain.harness.workloads import (
    WORKLOADS,
    bank,
    kv,
    list_append,
    register,
    set_,
    workload_for,
)
from splitbrain.harness.workloads.transactions.on_call import DOCTORS


class Idle:
    """A server that answers nothing: what these clients do, they do among themselves."""

    def __init__(self, node):
        self.node = node

    async def run(self):
        await trio.sleep_forever()


def prepared(name):
    """A plan, and the workload with a right client."""
    plan = Plan("", name, nodes=2, clients=4, time_limit=10.0, rate=20.0, seed=1)
    return plan, workload_for(plan, memory.clients(CLIENTS[name]))


def ran(name, perform=None):
    """A run of a workload with a right client, whose operations go through `perform`."""
    plan, workload = prepared(name)
    if perform is not None:
        right = workload.perform
        workload = replace(
            workload, perform=lambda client, f, value: perform(right, client, f, value)
        )
    return run(plan.using(Idle, workload))


@cache
def right_run(name):
    return ran(name)


def kinds_of(f, value):
    """The kinds of an operation: those of its micro-operations, if it has any."""
    return {micro[0] for micro in value} if f == "txn" else {f}


def is_write(f, value, name):
    kind = WORKLOADS[name]
    return f != "replica-state" and not kinds_of(f, value) <= {*kind.idempotent, "r"}


@cache
def kinds(name):
    """All kinds of operations that a run of the workload invokes."""
    calls = right_run(name).history.calls()
    return sorted(
        {k for call in calls for k in kinds_of(call.f, call.argument)} - {"replica-state"}
    )


@pytest.mark.parametrize("name", WORKLOADS)
def test_a_right_client_exercises_everything(name):
    result = right_run(name)

    assert result.validity is VALID, [v.reason for v in result.verdicts]


REFUSALS = {"lock", "semaphore"}
"""Workloads that judge refusals, which are failures; each refusal is one too many if nobody holds
anything."""


def failed(event, arguments):
    """The event as if the operation had failed."""
    if event.type == INVOKE:
        arguments[event.process] = event.value
    if event.type != OK:
        return event
    return replace(event, type=FAIL, value=arguments[event.process], error="no")


@pytest.mark.parametrize("name", [name for name in WORKLOADS if name not in REFUSALS])
def test_no_checker_calls_a_history_valid_in_which_everything_failed(name):
    arguments = {}
    clients = (event for event in right_run(name).history if isinstance(event.process, int))
    nothing = History.from_operations(
        replace(failed(event, arguments), index=i) for i, event in enumerate(clients)
    )

    said = {checker.name: checker.check(nothing) for checker in prepared(name)[1].checkers}

    assert {v.validity for v in said.values()} == {UNKNOWN}, said


@pytest.mark.parametrize("error", [OSError("cannot connect"), Definite("refused"), None])
@pytest.mark.parametrize("name", WORKLOADS)
def test_a_run_without_a_write_is_not_valid(name, error):
    async def failing(right, client, f, value):
        if not is_write(f, value, name):
            return await right(client, f, value)
        if error is None:
            await trio.sleep_forever()
        raise error

    result = ran(name, failing)

    assert result.validity is not VALID
    assert "exercised" in {v.checker for v in result.verdicts if v.validity is UNKNOWN}


@pytest.mark.parametrize("error", [OSError, Definite])
@pytest.mark.parametrize("name", WORKLOADS)
def test_a_run_in_which_all_operations_of_a_kind_fail_is_not_valid(name, error):
    for kind in kinds(name):

        async def failing(right, client, f, value, kind=kind):
            if kind in kinds_of(f, value):
                raise error("no")
            return await right(client, f, value)

        assert ran(name, failing).validity is not VALID, kind


def nothing(name, f, value):
    """What a read gives that shows nothing."""
    if f == "txn":
        return [
            ["r", m[1], None if name == "rw-register" else []] if m[0] == "r" else m for m in value
        ]
    if name in ("counter", "eventual-counter"):
        return 0
    if name == "lb":
        return [value, "n2", []]
    empty = {"doctors": [None, list(DOCTORS)], "booking": [None, []]}.get(name, [None, None])
    return [value[0], empty[1]] if isinstance(value, list) else value or []


WITHOUT_READS = (
    "queue",
    "lock",
    "fenced-lock",
    "semaphore",
    "echo",
    "unique-ids",
    "breaker",
    "open-loop",
)


@pytest.mark.parametrize("name", [name for name in WORKLOADS if name not in WITHOUT_READS])
def test_a_run_whose_reads_show_nothing_is_not_valid(name):
    async def blind(right, client, f, value):
        done = await right(client, f, value)
        if f in WORKLOADS[name].idempotent or f == "txn":
            return nothing(name, f, value)
        return done

    result = ran(name, blind)

    assert result.validity is not VALID, [v.reason for v in result.verdicts]


@pytest.mark.parametrize("name", WORKLOADS)
def test_a_client_that_is_broken_now_and_then_is_told_with_its_line(name):
    count = 0

    async def careless(right, client, f, value):
        nonlocal count
        count += 1
        if count == 15:
            len(count)
        return await right(client, f, value)

    result = ran(name, careless)

    assert result.validity is not VALID
    assert "TypeError: object of type 'int' has no len()" in result.broken
    assert "test_green_in_vain.py:" in result.broken
    assert any(result.broken in verdict.reason for verdict in result.verdicts)


# What users' first clients look like.


class Client:
    def __init__(self, node, server):
        self.node = node


class BankClient(Client):
    async def transfer(self, source, target, amount):  # lacks `opening`
        return True

    async def balances(self, accounts, opening):
        return dict.fromkeys(accounts, opening)


class MisspeltClient(Client):
    async def read(self, key):
        return None

    async def write(self, key, value):
        await request(self.nod, "n1", "write", key, value)


class UndefinedClient(Client):
    async def get(self, key):
        return None

    async def put(self, key, value):
        undefined_name  # noqa: B018, F821

    add = put

    async def read_all(self):
        return []


@pytest.mark.parametrize(
    ("construct", "client", "message"),
    [
        (bank, BankClient, "transfer: TypeError.*takes 4 positional arguments but 5 were given"),
        (register, MisspeltClient, r"write: AttributeError.*'nod'.*\(.*green_in_vain.py:\d+"),
        (kv, UndefinedClient, "put: NameError: name 'undefined_name' is not defined"),
        (set_, UndefinedClient, "add: TypeError"),
    ],
)
def test_a_broken_client_fails_its_test_at_once(construct, client, message, monkeypatch):
    finished = []
    monkeypatch.setattr(simulated, "settings", simulated.Settings(finished=finished.append))

    @simulate(nodes=1, runs=30)
    def broken(plan):
        return plan.using(Idle, construct(client))

    with pytest.raises(Inconclusive, match=message) as failure:
        broken()
    assert str(failure.value).startswith("the client's own code is broken: ")
    assert [found.tried for found in finished] == [1]


def test_a_test_whose_transactions_never_write_is_inconclusive(monkeypatch):
    monkeypatch.setattr(simulated, "settings", simulated.Settings())

    class ReadOnly(Client):
        async def transaction(self, micros):
            if any(f == "append" for f, _, _ in micros):
                raise Definite("always refused")
            return [[f, key, []] for f, key, _ in micros]

    @simulate(nodes=1, runs=3)
    def refused(plan):
        return plan.using(Idle, list_append(ReadOnly))

    with pytest.raises(Inconclusive, match="none of 3 runs could be judged"):
        refused()
