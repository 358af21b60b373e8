"""Workloads exercise what they claim: right clients pass, wrong ones don't."""

import os
import subprocess
import sys
from collections import Counter

import memory_clients as memory
import pytest
from memory_services import CLIENTS
from workload_runner import plan, run, verdicts

from splitbrain.checkers.verdict import INVALID, VALID
from splitbrain.harness.workloads import WORKLOADS, kv, register, set_, store

LINEARIZABLE = "linearizable(cas-register)"


@pytest.mark.parametrize(
    ("construct", "client"),
    [
        (register, memory.RegisterClient),
        (register, memory.ReadWriteClient),
        (register, memory.DoubtfulClient),
        (set_, memory.SetClient),
        (kv, memory.KvClient),
        (kv, memory.GetPutClient),
        (store, memory.StoreClient),
    ],
)
@pytest.mark.parametrize("seed", range(3))
def test_a_right_client_is_valid(construct, client, seed):
    judged = verdicts(construct(memory.clients(client)), plan(seed=seed))

    assert {name: verdict.validity for name, verdict in judged.items()} == dict.fromkeys(
        judged, VALID
    )
    assert judged


@pytest.mark.parametrize(
    ("construct", "client", "checker"),
    [
        (register, memory.ForgetfulClient, LINEARIZABLE),
        (register, memory.DivergedClient, "converged"),
        (set_, memory.ForgetfulSetClient, "set-full"),
        (kv, memory.RepeatingKvClient, "linearizable(kv)"),
    ],
)
@pytest.mark.parametrize("seed", range(3))
def test_a_wrong_client_is_invalid(construct, client, checker, seed):
    judged = verdicts(construct(memory.clients(client)), plan(seed=seed, time_limit=10.0))

    assert [name for name, verdict in judged.items() if verdict.validity is INVALID] == [checker]


def counted(workload, **changes):
    return Counter((call.f, call.outcome) for call in run(workload, plan(**changes)).calls())


def test_registers_are_read_written_and_compared():
    count = counted(register(memory.clients(memory.RegisterClient)), time_limit=60.0)

    assert count.total() > 1000
    assert 0.4 < count["read", "ok"] / count.total() < 0.6
    assert 0.2 < count["write", "ok"] / count.total() < 0.4
    # Some compare-and-sets match, and some don't.
    assert count["cas", "ok"] > 50
    assert count["cas", "fail"] > 50


def test_a_key_value_store_does_everything():
    count = counted(kv(memory.clients(memory.KvClient)), time_limit=60.0)

    assert all(count[f, "ok"] > 20 for f in ("get", "put", "append", "cas", "delete"))
    assert count["cas", "fail"] > 10


def test_the_load_keeps_to_the_rate_and_the_time_limit():
    history = run(register(memory.clients(memory.ReadWriteClient), keys=1), plan(rate=50.0))
    load = [call for call in history.calls() if call.process < 10**6]

    assert 850 < len(load) < 1150
    assert max(call.start for call in load) < 20e9


def test_written_values_are_different():
    history = run(register(memory.clients(memory.RegisterClient)), plan())
    written = [
        (call.argument[0], call.argument[1] if call.f == "write" else call.argument[1][1])
        for call in history.calls()
        if call.f in ("write", "cas")
    ]

    assert len(set(written)) == len(written) > 100


def test_the_number_of_values_may_be_limited():
    workload = register(memory.clients(memory.RegisterClient), values=5)
    history = run(workload, plan())
    values = {call.argument[1] for call in history.calls() if call.f == "write"}

    assert values == set(range(5))
    assert all(checker.check(history).validity is VALID for checker in workload.checkers)


def test_operations_are_spread_over_keys_and_clients():
    calls = run(register(memory.clients(memory.ReadWriteClient)), plan()).calls()
    keys = Counter(call.argument[0] for call in calls)
    clients = Counter(call.process for call in calls if call.process < 10**6)

    assert keys.keys() == {"x", "y", "z"}
    assert clients.keys() == set(range(5))
    assert min(keys.values()) > 80
    assert min(clients.values()) > 40


def test_elements_are_added_once_each():
    history = run(set_(memory.clients(memory.SetClient)), plan())
    added = [call.argument for call in history.calls() if call.f == "add"]

    assert added == list(range(len(added)))
    assert len(added) > 200


@pytest.mark.parametrize("kind", WORKLOADS.values(), ids=WORKLOADS)
def test_a_plan_gives_one_history(kind):
    client = CLIENTS[kind.name]

    def history(seed):
        return run(kind.workload(memory.clients(client)), plan(seed=seed)).digest()

    assert history(1) == history(1)
    assert history(1) != history(2)


def test_the_order_of_sets_and_hashes_changes_nothing():
    script = (
        "import memory_clients as memory\n"
        "from workload_runner import plan, run\n"
        "from splitbrain.harness.workloads import kv, register, set_\n"
        "for construct, client in ((register, memory.RegisterClient),\n"
        "                          (set_, memory.SetClient), (kv, memory.KvClient)):\n"
        "    print(run(construct(memory.clients(client)), plan(time_limit=5.0)).digest())\n"
    )
    digests = {
        subprocess.run(
            [sys.executable, "-c", script],
            env={
                **os.environ,
                "PYTHONHASHSEED": hash_seed,
                "PYTHONPATH": os.pathsep.join(sys.path),
            },
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for hash_seed in ("0", "1", "2")
    }

    assert len(digests) == 1
    assert len(digests.pop().split()) == 3


def test_with_turnover_keys_are_left_for_good_and_the_last_ones_come_in_the_end():
    workload = register(memory.clients(memory.RegisterClient), keys=9, turnover=1.0)
    load = [c for c in run(workload, plan()).calls() if c.process < 10**6]
    seconds = [(call.start / 1e9, call.argument[0]) for call in load]

    assert max(at for at, key in seconds if key == "x") < 1.0
    assert 2.0 < max(at for at, key in seconds if key == "z") < 3.0
    assert min(at for at, key in seconds if key == "k9") > 6.0
