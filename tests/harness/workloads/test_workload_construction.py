"""Constructors: options, what a client must offer, final reads, and the registry."""

from functools import partial

import memory_clients as memory
import pytest
import trio
from memory_services import CLIENTS
from workload_runner import plan

from splitbrain.harness import workloads
from splitbrain.harness.client import Definite
from splitbrain.harness.plan import InvalidPlan
from splitbrain.harness.workloads import WORKLOADS, FinalRead, kv, register, set_, workload_for


def test_options_have_defaults():
    assert register(memory.RegisterClient).options == {
        "keys": 3,
        "skew": 0.0,
        "turnover": 0.0,
        "read": 0.5,
        "cas": 0.2,
        "values": None,
    }


@pytest.mark.parametrize("name", WORKLOADS)
def test_every_workload_that_is_listed_has_a_constructor(name):
    constructor = getattr(workloads, name.replace("-", "_"))
    client = memory.clients(CLIENTS[name])
    made = constructor(client) if callable(constructor) else constructor.KIND.workload(client)

    assert made.name == name


def test_a_workload_that_is_not_there_is_told_with_the_nearest():
    with pytest.raises(AttributeError, match="no workload 'event-stor': did you mean event-store"):
        _ = workloads.event_stor


def test_the_plans_options_go_before_the_constructors():
    workload = register(memory.ReadWriteClient, keys=2)
    keys_of = [
        [read.value[0] for read in workload.final(plan(options=options))]
        for options in ({}, {"keys": 4}, {"network": {}, "disk": {}, "operation_timeout": 5})
    ]

    assert keys_of == [["x", "y"], ["x", "y", "z", "k4"], ["x", "y"]]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"kyes": 2}, "workload register has no option 'kyes': did you mean keys?"),
        (
            {"keys": 0},
            "option 'keys' of workload register is 0: give a whole number from 1 to 10000",
        ),
        ({"keys": 2.5}, "option 'keys' .* is 2.5: give a whole number"),
        ({"keys": True}, "option 'keys' .* is True: give a whole number"),
        ({"keys": None}, "option 'keys' .* is None: give a whole number"),
        ({"cas": "much"}, "option 'cas' .* is 'much': give a number from 0 to 1"),
        ({"cas": float("nan")}, "option 'cas' .* is nan"),
        ({"values": 1}, "option 'values' .* is 1: give a whole number from 2 to 10000 or null"),
        ({"read": 0.7, "cas": 0.5}, "options read=0.7, cas=0.5 .* make 1.2 together"),
    ],
)
def test_wrong_options_are_refused_by_name(options, message):
    with pytest.raises(InvalidPlan, match=message):
        register(memory.RegisterClient, **options)
    with pytest.raises(InvalidPlan, match=message):
        register(memory.RegisterClient).generator(plan(options=options))


def test_a_client_without_cas_gets_none_and_the_report_says_so():
    workload = register(memory.ReadWriteClient)

    assert workload.options["cas"] == 0
    assert workload.notes == (
        "no compare-and-set, as ReadWriteClient has no cas(key, old, new)",
        "no comparison of the replicas, as ReadWriteClient has no replica_state(server)",
    )


def test_a_client_with_everything_leaves_nothing_to_note():
    assert register(memory.RegisterClient).notes == ()


def test_asking_a_client_without_cas_for_it_is_refused():
    message = r"option 'cas' .* is 0.1, but ReadWriteClient has no cas\(key, old, new\)"

    with pytest.raises(InvalidPlan, match=message):
        register(memory.ReadWriteClient, cas=0.1)
    with pytest.raises(InvalidPlan, match=message):
        register(memory.ReadWriteClient).generator(plan(options={"cas": 0.1}))


@pytest.mark.parametrize(
    ("construct", "client", "method"),
    [
        (register, memory.GetPutClient, r"read\(key\)"),
        (set_, memory.RegisterClient, r"add\(element\)"),
        (kv, memory.RegisterClient, r"get\(key\)"),
    ],
)
def test_a_client_without_a_needed_method_is_refused(construct, client, method):
    with pytest.raises(InvalidPlan, match=rf"needs {method} for .*, which {client.__name__} does"):
        construct(client)


def test_a_clients_class_is_found_behind_a_partial_and_an_annotation():
    def make(node, server) -> memory.RegisterClient:
        return memory.RegisterClient(node, server)

    assert register(partial(memory.RegisterClient)).notes == ()
    assert register(make).notes == ()


def test_a_function_that_hides_its_class_gets_what_is_asked_for():
    def make(node, server):
        return memory.RegisterClient(node, server)

    assert register(make).options["cas"] == 0
    assert "class is not known" in register(make).notes[0]
    assert register(make, cas=0.3).options["cas"] == 0.3
    assert "compare-and-set" not in "".join(register(make, cas=0.3).notes)


def test_final_reads_of_registers():
    assert register(memory.RegisterClient).final(plan(nodes=2)) == [
        FinalRead("read", ["x", None], "n1"),
        FinalRead("read", ["y", None], "n2"),
        FinalRead("read", ["z", None], "n1"),
        FinalRead("replica-state", "n1", "n1"),
        FinalRead("replica-state", "n2", "n2"),
    ]


def test_final_reads_of_a_set_ask_every_server():
    assert set_(memory.SetClient).final(plan(nodes=2)) == [
        FinalRead("read", None, "n1"),
        FinalRead("read", None, "n2"),
    ]


def test_only_what_changes_nothing_is_idempotent():
    idempotent = {
        name: sorted(WORKLOADS[name].workload(client).idempotent)
        for name, client in CLIENTS.items()
    }

    assert idempotent == {
        "register": ["read", "replica-state"],
        "set": ["read", "replica-state"],
        "changing-set": ["read"],
        "kv": ["get", "replica-state"],
        "list-append": [],
        "rw-register": [],
        "bank": ["read"],
        "doctors": ["read"],
        "booking": ["read"],
        "queue": [],
        "lock": [],
        "fenced-lock": [],
        "semaphore": [],
        "scan": ["find", "scan"],
        "saga": ["audit", "ledgers"],
        "membership": ["members", "settled"],
        "broadcast": ["deliveries", "drain"],
        "names": ["read"],
        "watch": ["drain", "snapshot", "watch"],
        "counter": ["read"],
        "log": ["read"],
        "long-fork": [],
        "store": ["compact", "flush", "get", "scan", "verify"],
        "payments": ["ledger"],
        "http-retry": ["read"],
        "breaker": [],
        "batch": ["combine", "published"],
        "wordcount": ["published", "rerun"],
        "sessionise": ["published", "rerun"],
        "join": ["published", "rerun"],
        "rebalance": ["get"],
        "click-stream": ["results"],
        "stream-join": ["joins"],
        "cdc": ["view"],
        "transfers": ["accounts"],
        "kafka": ["assign", "drain", "poll", "subscribe"],
        "siblings": ["homes", "read"],
        "aged-reads": ["read", "replica-state"],
        "shopping-cart": ["look"],
        "messages": ["read", "replica-state"],
        "crdt": ["read"],
        "text": ["read"],
        "echo": [],
        "eventual-counter": ["read"],
        "unique-ids": [],
        "schemas": ["versions"],
        "codec": ["cut", "get"],
        "open-loop": [],
        "graph": ["connected_nodes", "find_path", "path", "scan"],
        "lb": ["done"],
        "cache": ["read"],
        "deliveries": ["processed"],
        "event-store": ["read", "rebuild"],
        "friends": ["notified"],
        "outbox": ["published"],
        "versions": ["read"],
    }


@pytest.mark.parametrize("name", WORKLOADS)
def test_a_plan_names_its_workload(name):
    workload = workload_for(plan(workload=name), CLIENTS[name])

    assert workload.name == name
    assert list(workload.options) == [option.name for option in WORKLOADS[name].options]


def test_a_plans_options_reach_the_constructor():
    named = plan(workload="register", options={"keys": 7, "network": {}})

    assert workload_for(named, memory.RegisterClient).options["keys"] == 7


def test_an_unknown_workload_is_refused_with_the_nearest():
    with pytest.raises(InvalidPlan, match=r"no workload 'regster': did you mean register?"):
        workload_for(plan(workload="regster"), memory.RegisterClient)


def perform(construct, client, f, value):
    made = memory.clients(client)
    return trio.run(construct(made).perform, made(None, "n1"), f, value)


def test_a_cas_that_does_not_match_certainly_did_not_happen():
    with pytest.raises(Definite, match="x was not 1"):
        perform(register, memory.RegisterClient, "cas", ["x", [1, 2]])
    with pytest.raises(Definite, match="x was not '1'"):
        perform(kv, memory.KvClient, "cas", ["x", ["1", "2"]])


def test_a_cas_that_forgets_to_answer_is_a_mistake_of_the_client():
    class Silent(memory.RegisterClient):
        async def cas(self, key, old, new):
            await super().cas(key, old, new)

    with pytest.raises(TypeError, match="cas returned None: return True or False"):
        perform(register, Silent, "cas", ["x", [None, 2]])


@pytest.mark.parametrize("answer", [None, "abc", 3])
def test_a_read_of_a_set_that_is_no_list_is_a_mistake_of_the_client(answer):
    class Odd(memory.SetClient):
        async def read_all(self):
            return answer

    with pytest.raises(TypeError, match="read_all returned"):
        perform(set_, Odd, "read", None)


def test_a_set_without_order_is_recorded_in_one():
    class Unordered(memory.SetClient):
        async def read_all(self):
            return {3, 1, 2}

    assert perform(set_, Unordered, "read", None) == [1, 2, 3]


@pytest.mark.parametrize("name", WORKLOADS)
def test_an_operation_of_another_workload_is_refused(name):
    with pytest.raises(ValueError, match=f"workload {name} has no operation 'no-such'"):
        perform(WORKLOADS[name].workload, CLIENTS[name], "no-such", ["x", 1])
