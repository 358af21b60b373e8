"""The services beside Maelstrom's nodes: what each promises, and what it does not."""

from __future__ import annotations

from random import Random

import pytest

from splitbrain.checkers import INVALID, VALID, linearizable, models
from splitbrain.checkers.consistency import sequential
from splitbrain.checkers.history import History, Operation
from splitbrain.systems.maelstrom.services import SERVICES, answer

KV = ("lin-kv", "seq-kv", "lww-kv")


def service(name, seed=1):
    return SERVICES[name](Random(seed))


def asked(made, source="n1", **body):
    found = answer(made, source, {"msg_id": 7, **body})
    assert found.pop("in_reply_to") == 7
    return found


def code(found):
    return found["code"] if found["type"] == "error" else None


@pytest.mark.parametrize("name", KV)
def test_stores_answer_as_the_protocol_says(name):
    store = service(name)
    assert code(asked(store, type="read", key="x")) == 20
    assert code(asked(store, type="cas", key="x", **{"from": 1}, to=2)) == 20
    assert asked(service(name), type="write", key="x", value=1) == {"type": "write_ok"}
    created = asked(store, type="cas", key=[1], **{"from": 0}, to=5, create_if_not_exists=True)
    assert created == {"type": "cas_ok"}
    assert code(asked(store, type="write", key="x")) == 12
    assert code(asked(store, type="append", key="x")) == 10


def test_a_linearizable_store_shows_what_was_written_last():
    store = service("lin-kv")
    asked(store, type="write", key="x", value=1)
    assert asked(store, source="n2", type="cas", key="x", **{"from": 1}, to=2)["type"] == "cas_ok"
    assert asked(store, type="read", key="x") == {"type": "read_ok", "value": 2}
    assert code(asked(store, type="cas", key="x", **{"from": 1}, to=3)) == 22
    assert code(asked(store, type="cas", key="x", **{"from": True}, to=3)) == 22


def recorded(name, seed, keys=1):
    """Three nodes ask, one after another; what they were told, as a history of registers."""
    random, store, events = Random(seed), service(name, seed), []
    for number in range(14):
        process, key = random.randrange(3), random.randrange(keys)
        f = random.choice(["read", "read", "write", "cas"])
        value = {"read": None, "write": number, "cas": [random.randrange(number + 1), number]}[f]
        fields = {"read": {}, "write": {"value": number}}.get(f)
        if fields is None:
            fields = {"from": value[0], "to": number}
        found = asked(store, source=f"n{process}", type=f, key=key, **fields)
        told = found.get("value") if f == "read" else value
        kind = "ok" if f == "read" or found["type"] != "error" else "fail"
        events += [(process, "invoke", f, [key, value]), (process, kind, f, [key, told])]
    return History.from_operations(Operation(i, i, *event) for i, event in enumerate(events))


@pytest.mark.parametrize("keys", [1, 2])
def test_each_store_keeps_its_promise_and_no_more(keys):
    atomic = linearizable(models.cas_register(), keyed=True)
    in_order = sequential(models.cas_register(), keyed=True)
    found = {name: {"linearizable": set(), "sequential": set()} for name in KV}
    for seed in range(60):
        for name in KV:
            history = recorded(name, seed, keys)
            found[name]["linearizable"].add(atomic.check(history).validity)
            found[name]["sequential"].add(in_order.check(history).validity)
    assert found["lin-kv"] == {"linearizable": {VALID}, "sequential": {VALID}}
    assert found["seq-kv"] == {"linearizable": {VALID, INVALID}, "sequential": {VALID}}
    assert found["lww-kv"]["sequential"] == {VALID, INVALID}


def test_a_sequential_store_is_as_old_for_one_key_as_for_another():
    """All keys have one order: who has seen y = 1 sees the x = 1 that was written before it."""
    for seed in range(50):
        store = service("seq-kv", seed)
        asked(store, type="write", key="x", value=1)
        asked(store, type="write", key="y", value=1)
        if asked(store, source="n2", type="read", key="y").get("value") == 1:
            assert asked(store, source="n2", type="read", key="x").get("value") == 1


def test_who_writes_to_a_sequential_store_sees_all_that_was_written_before():
    for seed in range(50):
        store = service("seq-kv", seed)
        asked(store, type="write", key="x", value=1)
        asked(store, source="n2", type="write", key="mine", value=0)
        assert asked(store, source="n2", type="read", key="x").get("value") == 1


def test_copies_in_which_the_last_write_wins_agree_in_the_end():
    store = service("lww-kv")
    for number in range(20):
        asked(store, source=f"n{number % 3}", type="write", key="x", value=number)
    for _ in range(200):
        asked(store, type="read", key="x")
    assert len({asked(store, type="read", key="x")["value"] for _ in range(50)}) == 1


def test_timestamps_grow_by_one():
    store = service("lin-tso")
    assert [asked(store, type="ts") for _ in range(3)] == [
        {"type": "ts_ok", "ts": number} for number in range(3)
    ]
    assert code(asked(store, type="read", key="x")) == 10
